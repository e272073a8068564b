import { describe, expect, test } from '@jest/globals';
import { giveOrder, type OrderFields } from '../../src/orders/give-order.ts';
import type { PersonsOrder } from '../../src/orders/roles.ts';
import { createSigner, publicKeyOf } from '../../src/orders/sign.ts';
import type { Activities } from '../../src/recovery/activities.ts';
import type { Plan } from '../../src/recovery/values.ts';
import type { Session } from '../../src/temporal/recoveries.ts';
import { needs } from '../needs.ts';
import { raisePlan } from '../recovery/samples.ts';
import { close, type RecoveryHandle, until } from './environment.ts';
import { besideProcedure, restoring } from './procedure-world.ts';
import { devServer, serverOfFile } from './servers.ts';

needs('temporal');

const LIMIT = 60_000;
const server = serverOfFile(devServer);
const SEED = 'a1'.repeat(32);
const sign = createSigner(SEED, () => new Date());

const clear: Plan = { ...raisePlan, summary: 'clear the state', risk: 'high', dataLoss: 'the conversations are lost' };

/** Not a development cluster: there only who is verified approves what is of high risk. */
const planRemedy: Activities['planRemedy'] = async () => ({ plans: [clear], digest: 'p', developmentCluster: false });

/** A procedure of high risk that two people must approve, by a worker that knows the front door's key. */
function clearing(changes: Partial<Activities> = {}) {
  const played = restoring({ planRemedy, ...changes }, 2);
  const loadRunbook: Activities['loadRunbook'] = async (input) => ({
    ...(await played.activities.loadRunbook(input)),
    orderKeys: [publicKeyOf(SEED)],
  });
  return { ...played, activities: { ...played.activities, loadRunbook } };
}

const asked = (handle: RecoveryHandle) =>
  until(handle, ({ record }) => record.attempts.some(({ stage }) => stage === 'asked'));

/** Alice's approval of the one plan in that recovery, as the front door signs it. */
const approvalOf = (recoveryId: string, id: string) =>
  sign({ id, recoveryId, order: 'approve', actor: alice.actor, args: { digest: 'p' } });

/** Gives an order as a front door does; `verified` is how: with its signature or without. */
function give(handle: RecoveryHandle, order: PersonsOrder, fields: OrderFields, verified: boolean) {
  const { client, namespace = 'default' } = server.environment;
  const temporal = { address: server.address, namespace, connection: {} };
  const session: Session = { client, configuration: { cluster: 'test', temporal } };
  return giveOrder(session, handle.workflowId, order, fields, verified ? { sign } : {});
}

const alice = { actor: 'alice@example.org', digest: 'p' };
const bob = { actor: 'bob@example.org', digest: 'p' };

describe('a procedure of high risk outside a development cluster', () => {
  test(
    'is approved by two people whom the front door has verified; one under two names, and who is not verified, do not count',
    async () => {
      const played = clearing();
      await besideProcedure(server.environment, played, async (handle) => {
        await asked(handle);
        await expect(give(handle, 'approve', alice, false)).rejects.toMatchObject({
          code: 'refused',
          message: expect.stringContaining('a person whom the front door has verified'),
        });
        expect(await give(handle, 'approve', alice, true)).toMatchObject({ state: 'accepted', verified: true });
        await expect(give(handle, 'approve', { ...alice, actor: ' Alice@Example.org' }, true)).rejects.toMatchObject({
          code: 'refused',
          message: expect.stringContaining('has approved restore already: it takes 1 more'),
        });
        await expect(give(handle, 'approve', bob, false)).rejects.toMatchObject({ code: 'refused' });
        expect(played.calls).not.toContain('applyAction');
        expect(await give(handle, 'approve', bob, true)).toMatchObject({ verified: true });
        const { events } = await until(handle, ({ record }) => record.recovered !== null);
        const approvals = events.flatMap((event) =>
          event.kind === 'order' && event.accepted ? [[event.actor, event.verified]] : [],
        );
        expect(approvals).toEqual([
          ['alice@example.org', true],
          ['bob@example.org', true],
        ]);
        await close(handle);
      });
    },
    LIMIT,
  );

  test(
    'is not approved by an order that was signed for another recovery, nor by one whose actor was changed',
    async () => {
      await besideProcedure(server.environment, clearing(), async (handle) => {
        const { record } = await asked(handle);
        const signed = approvalOf(record.recoveryId, 'x');
        const elsewhere = approvalOf(`${handle.workflowId}@00000000`, 'x');
        const base = { id: 'x', recoveryId: record.recoveryId };
        for (const message of [
          { ...base, ...bob, signed },
          { ...base, ...alice, signed: elsewhere },
        ]) {
          const given = handle.executeUpdate('approve', { args: [message] });
          await expect(given).rejects.toMatchObject({
            cause: { type: 'refused', message: expect.stringContaining('the signature is not of this order') },
          });
          await handle.signal('order', { name: 'approve', ...message });
        }
        const refused = await until(handle, ({ events }) => events.filter(isRefused).length === 2);
        expect(refused.record.attempts[0]?.approval?.by).toEqual([]);
        await handle.signal('order', { name: 'approve', ...base, ...alice, signed });
        const { record: approved } = await until(handle, (now) => now.record.attempts[0]?.approval?.by.length === 1);
        expect(approved.orders.x).toMatchObject({ actor: 'alice@example.org', accepted: true });
        await close(handle);
      });
    },
    LIMIT,
  );
});

const isRefused = ({ kind }: { kind: string }) => kind === 'message-refused';

test(
  'an order before the runbook is loaded is taken unverified, and the sender is told so',
  async () => {
    const loaded = Promise.withResolvers<void>();
    const played = clearing();
    const loadRunbook: Activities['loadRunbook'] = async (input) => {
      await loaded.promise;
      return played.activities.loadRunbook(input);
    };
    await besideProcedure(
      server.environment,
      { ...played, activities: { ...played.activities, loadRunbook } },
      async (handle) => {
        await until(handle, ({ record }) => record.seq > 0);
        const given = await give(handle, 'close', { ...alice, rootCause: 'a wrong start' }, true);
        expect(given).toMatchObject({
          state: 'accepted',
          verified: false,
          doubt: expect.stringContaining('has not loaded its runbook yet'),
        });
        loaded.resolve();
        await handle.result();
      },
    );
  },
  LIMIT,
);

test(
  'the same id is the same order: a repeat is answered as the first was, another order under it is refused',
  async () => {
    await besideProcedure(server.environment, clearing(), async (handle) => {
      const { record } = await asked(handle);
      const signed = approvalOf(record.recoveryId, 'once');
      const message = { id: 'once', recoveryId: record.recoveryId, ...alice };
      for (const _ of ['first', 'again']) {
        const answer = await handle.executeUpdate('approve', { args: [{ ...message, signed }] });
        expect(answer).toMatchObject({ accepted: true, verified: true });
      }
      const { record: once } = await until(handle, () => true);
      expect(once.attempts[0]?.approval?.by).toEqual(['alice@example.org']);
      const other = handle.executeUpdate('close', { args: [{ ...message, rootCause: 'none' }] });
      await expect(other).rejects.toMatchObject({
        cause: { message: expect.stringContaining('that of another order') },
      });
      await close(handle);
    });
  },
  LIMIT,
);
