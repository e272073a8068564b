import { describe, expect, test } from '@jest/globals';
import type { Activities, PlanInput } from '../../src/recovery/activities.ts';
import { needs } from '../needs.ts';
import { copyPlan, raisePlan, waitPlan } from '../recovery/samples.ts';
import { alert, close, freshQueue, order, recordOf, startByAlert, until, worker } from './environment.ts';
import { gate } from './hold.ts';
import { recoveringOn } from './recovering.ts';
import { asking } from './runbooks.ts';
import { brokenLook, healthyDiagnosis, healthyLook, passed, script } from './scripted-activities.ts';
import { devServer, serverOfFile } from './servers.ts';

needs('temporal');

const LIMIT = 60_000;

const server = serverOfFile(devServer);

const recovering = recoveringOn(server);

const stages = ({ record }: Awaited<ReturnType<typeof recordOf>>) =>
  record.attempts.map(({ remedy, stage }) => `${remedy} ${stage}`);

describe('an approval', () => {
  test(
    'that is rejected leads to the next remedy, and to people when there is none',
    () =>
      recovering(
        {},
        async (handle, played) => {
          for (const n of [1, 2]) {
            await until(handle, ({ record }) => record.attempts[n - 1]?.approval?.sentBy != null);
            await order(handle, 'reject', { n });
          }
          const answer = await until(handle, ({ record }) => record.pages[0]?.rungs[0]?.tries[0]?.taken === true);
          expect(stages(answer)).toEqual(['raise-memory rejected', 'roll-back rejected']);
          expect(answer.record.pages[0]?.rungs[0]?.why).toBe('nothing is left to try for oom-killed');
          expect(played.calls).not.toContain('applyAction');
          await close(handle);
        },
        asking('10m'),
      ),
    LIMIT,
  );

  test(
    'that nobody answers in time pages people',
    () =>
      recovering(
        { look: async () => brokenLook },
        async (handle) => {
          const { record } = await until(handle, (now) => now.record.pages[0]?.rungs[0]?.tries[0]?.taken === true);
          expect(record.pages[0]?.rungs[0]?.why).toBe('nobody answered the approval of raise-memory in time');
          expect(record.attempts[0]?.stage).toBe('expired');
          await close(handle);
        },
        asking('2s'),
      ),
    LIMIT,
  );

  test(
    'that nobody answers in time goes on to the next remedy where the runbook says so',
    () =>
      recovering(
        { look: async () => brokenLook },
        async (handle) => {
          const { record } = await until(handle, (now) => now.record.attempts.length === 2);
          expect(record.attempts[0]?.stage).toBe('expired');
          expect(record.pages).toEqual([]);
          await close(handle);
        },
        asking('2s', 'next'),
      ),
    LIMIT,
  );
});

describe('the order undo', () => {
  test(
    'takes a verified remedy back while the recovery settles',
    () =>
      recovering({}, async (handle, played) => {
        await until(handle, ({ record }) => record.recovered !== null);
        await order(handle, 'undo');
        const answer = await until(handle, ({ record }) => record.attempts[0]?.stage === 'undone');
        expect(played.calls.filter((name) => name === 'compensate')).toHaveLength(1);
        expect(answer.record.attempts[0]?.why).toBe('ordered by ana');
        await close(handle);
      }),
    LIMIT,
  );

  test(
    'holds against another remedy that would make the same changes again: people are paged',
    () => {
      let back = false;
      const look: Activities['look'] = async () => (back ? brokenLook : healthyLook);
      return recovering({ look }, async (handle, played) => {
        await until(handle, ({ record }) => record.recovered !== null);
        back = true;
        await order(handle, 'undo');
        const { record } = await until(handle, (now) => now.record.pages.length > 0);
        expect(record.attempts.map(({ remedy, stage }) => `${remedy} ${stage}`)).toEqual([
          'raise-memory undone',
          'roll-back refused',
        ]);
        expect(record.attempts[1]?.why).toBe(
          'it would make the changes of attempt 1 (raise-memory) again, which ana had undone',
        );
        expect(played.calls.filter((name) => name === 'applyAction')).toHaveLength(2);
        await close(handle);
      });
    },
    LIMIT,
  );

  test(
    'stops a verification that hears no cancellation, and undoes',
    () => {
      const verifying = gate();
      const verify: Activities['verify'] = async () => {
        await verifying.wait();
        return passed;
      };
      return recovering({ verify, look: async () => brokenLook }, async (handle) => {
        await verifying.reached;
        await order(handle, 'undo');
        const answer = await until(handle, ({ record }) => record.attempts[0]?.stage === 'undone');
        expect(answer.events.map(({ kind }) => kind)).not.toContain('verified');
        await close(handle);
        verifying.open();
      });
    },
    LIMIT,
  );
});

describe('the order close', () => {
  test(
    'waits for the write that is under way, undoes it, and then ends with nothing left',
    () => {
      const writing = gate();
      const applyAction: Activities['applyAction'] = async () => {
        await writing.wait();
        return { outcome: 'applied' };
      };
      return recovering({ applyAction }, async (handle, played) => {
        await writing.reached;
        await order(handle, 'close', { rootCause: 'a leak' });
        writing.open();
        expect(await handle.result()).toMatchObject({ outcome: 'closed' });
        const { record } = await recordOf(handle);
        expect(record.closed).toMatchObject({ standing: [], rootCause: 'a leak' });
        expect(record.attempts[0]).toMatchObject({ stage: 'undone', why: 'closed by ana' });
        expect(played.calls.filter((name) => name === 'compensate' || name === 'release')).toEqual([
          'compensate',
          'release',
        ]);
      });
    },
    LIMIT,
  );
});

describe('an order that acts on the target', () => {
  test(
    'rolls back under the page, and a person has recovered it',
    () => {
      const asked: PlanInput[] = [];
      const planRemedy: Activities['planRemedy'] = async (input) => {
        asked.push(input);
        return { plans: [raisePlan, waitPlan], digest: 'p' };
      };
      return recovering(
        { planRemedy, look: async () => brokenLook },
        async (handle) => {
          await until(handle, ({ record }) => record.pages[0]?.rungs[0]?.tries[0]?.taken === true);
          await order(handle, 'rollback', { revision: 2 });
          const { record } = await until(handle, (now) => now.record.recovered !== null);
          expect(record.recovered?.by).toBe('person');
          expect(record.attempts.at(-1)).toMatchObject({ remedy: 'rollback to revision 2', stage: 'verified' });
          expect(asked.at(-1)?.ordered?.[0]).toEqual({ action: 'rollout-undo', params: { to: 2 } });
          await close(handle);
        },
        asking('2s'),
      );
    },
    LIMIT,
  );

  test(
    'starts a debug session, tells what it found, and takes it back when its time is over',
    () => {
      const session = { ...copyPlan, standsSeconds: 2 };
      const planRemedy: Activities['planRemedy'] = async () => ({ plans: [session], digest: 'p' });
      const applyAction: Activities['applyAction'] = async () => ({ outcome: 'applied', saw: ['redis: TCP is open'] });
      return recovering({ planRemedy, applyAction, diagnose: async () => healthyDiagnosis }, async (handle, played) => {
        await until(handle, ({ record }) => record.recovered !== null);
        await order(handle, 'run', { action: 'debug-session', params: { duration: '2s' } });
        const standing = await until(handle, ({ record }) => record.attempts[0]?.stage === 'standing');
        expect(standing.record.attempts[0]?.actions[0]?.saw).toEqual(['redis: TCP is open']);
        const { record } = await until(handle, (now) => now.record.attempts[0]?.stage === 'undone');
        expect(record.attempts[0]?.why).toBe('its time is over');
        expect(played.calls).not.toContain('verify');
        await close(handle);
      });
    },
    LIMIT,
  );

  test(
    'is refused with the reason while another one is under way',
    () => {
      const writing = gate();
      const applyAction: Activities['applyAction'] = async () => {
        await writing.wait();
        return { outcome: 'applied' };
      };
      return recovering({ applyAction, diagnose: async () => healthyDiagnosis }, async (handle) => {
        await until(handle, ({ record }) => record.recovered !== null);
        await order(handle, 'rollback');
        await writing.reached;
        const refused = await order(handle, 'run', { action: 'debug-session' }).catch((thrown: unknown) => thrown);
        expect(refused).toMatchObject({
          cause: {
            type: 'refused',
            message: expect.stringMatching(/^rollback, which ana ordered, is still under way/),
          },
        });
        writing.open();
        await close(handle);
      });
    },
    LIMIT,
  );
});

test(
  'an order that was sent while no worker was there is done when one returns',
  async () => {
    const queue = freshQueue();
    const played = script({}, asking('10m'));
    const first = await worker(server.environment, played.activities, queue);
    const { handle, recoveryId } = await first.runUntil(async () => {
      const started = await startByAlert(server.environment, queue, [alert(new Date().toISOString())]);
      const { record } = await until(started, (now) => now.record.attempts[0]?.approval?.sentBy != null);
      return { handle: started, recoveryId: record.recoveryId };
    });
    // Whatever waits when it is read may be another plan than the one that was seen.
    await handle.signal('order', { name: 'approve', id: 'bare', recoveryId, actor: 'ana' });
    await handle.signal('order', { name: 'approve', id: 'o1', recoveryId, actor: 'ana', digest: 'p'.repeat(64) });
    expect(played.calls).not.toContain('applyAction');
    const second = await worker(server.environment, played.activities, queue);
    await second.runUntil(async () => {
      const { record } = await until(handle, (now) => now.record.orders.o1 !== undefined);
      expect(record.orders.bare).toMatchObject({ accepted: false, reason: expect.stringMatching(/says which plan/) });
      expect(record.orders.o1).toMatchObject({ name: 'approve', actor: 'ana', accepted: true });
      await until(handle, (now) => now.record.recovered?.by === 'remedy');
      await close(handle);
    });
  },
  LIMIT,
);
