import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { createGateway } from '../../src/gateway/server.ts';
import { createLogger } from '../../src/log.ts';
import { publicKeyOf } from '../../src/orders/sign.ts';
import { hashOf, newToken } from '../../src/orders/tokens.ts';
import type { Activities } from '../../src/recovery/activities.ts';
import { needs } from '../needs.ts';
import { alert, freshQueue, type RecoveryHandle, startByAlert, until, worker } from '../workflows/environment.ts';
import { inApproveMode, type Script, script } from '../workflows/scripted-activities.ts';
import { devServer, serverOfFile } from '../workflows/servers.ts';
import { storedRunbook } from './runbooks.ts';

needs('temporal');

/** The API before a Temporal that is there. */

const LIMIT = 60_000;
const SEED = 'a1'.repeat(32);
const server = serverOfFile(devServer);
const queue = freshQueue();
const tokens = { alice: newToken(), bob: newToken() };
let app: FastifyInstance;
let handle: RecoveryHandle;

beforeAll(async () => {
  const { client, namespace = 'default' } = server.environment;
  const person = (name: keyof typeof tokens) => ({
    name,
    person: `${name}@example.org`,
    role: 'admin' as const,
    sha256: hashOf(tokens[name]),
  });
  app = createGateway({
    configuration: {
      cluster: queue.replace(/^kintsugi-/, ''),
      gatewayToken: 'a-token-of-good-length',
      temporal: { address: server.address, namespace, connection: {} },
      tokens: [person('alice'), person('bob')],
      orderKey: SEED,
    },
    temporal: client,
    runbooks: async () => [storedRunbook()],
    log: createLogger({ level: 'silent', component: 'gateway' }),
    clock: () => new Date(),
  });
  await app.ready();
  const startsAt = new Date().toISOString();
  handle = await startByAlert(server.environment, queue, [alert(startsAt)]);
}, LIMIT);
afterAll(() => app.close());

/** Remedies ask, and the worker knows the gateway's key. */
function asking(): Script {
  const loadRunbook: Activities['loadRunbook'] = async (input) => ({
    ...(await (inApproveMode.loadRunbook ?? script().activities.loadRunbook)(input)),
    orderKeys: [publicKeyOf(SEED)],
  });
  return script({ loadRunbook });
}

function call(method: 'GET' | 'POST', url: string, body?: object, who: keyof typeof tokens = 'alice', key?: string) {
  const headers = { authorization: `Bearer ${tokens[who]}`, ...(key === undefined ? {} : { 'idempotency-key': key }) };
  return app.inject({ method, url, headers, ...(body === undefined ? {} : { payload: body }) });
}

const START = { runbook: 'agent-bruno-pod-crash-loop' };
const TARGET = encodeURIComponent('bruno/deployment/agent-bruno');

function give(body: object, who: keyof typeof tokens = 'alice', key?: string) {
  return call('POST', `/api/v1/recoveries/${TARGET}/orders`, body, who, key);
}

describe('without a worker', () => {
  test(
    'an order is kept, and the sender is told so',
    async () => {
      const answer = await give({ order: 'undo', reason: 'it was well before' }, 'alice', 'undo-1');
      expect(answer.statusCode).toBe(202);
      expect(answer.json()).toMatchObject({ state: 'kept', verified: false, id: expect.stringMatching(/^undo-1\./) });
    },
    LIMIT,
  );

  test.each([
    [{ order: 'extend', by: '3h' }, /at most 15m/],
    [{ order: 'retry' }, /"remedy"/],
    [{ order: 'note' }, /"text"/],
  ])(
    'an order that no worker would take (%j) is told its fault, and none is kept',
    async (body, fault) => {
      const answer = await give(body);
      expect([answer.statusCode, answer.json().error.code]).toEqual([400, 'invalid']);
      expect(answer.json().error.message).toMatch(fault);
    },
    LIMIT,
  );

  test(
    'an approval that names no plan is not kept: whatever waits later may be another one than was seen',
    async () => {
      const answer = await give({ order: 'approve', reason: 'it was seen' });
      expect([answer.statusCode, answer.json().error.code]).toEqual([503, 'unavailable']);
      expect(answer.json().error.message).toMatch(/names no plan is not kept/);
    },
    LIMIT,
  );

  test(
    'a recovery is shown as Temporal knows it',
    async () => {
      const answer = await call('GET', `/api/v1/recoveries/${encodeURIComponent(handle.workflowId)}`);
      expect(answer.statusCode).toBe(200);
      expect(answer.json()).toMatchObject({
        stored: { status: 'RUNNING' },
        record: null,
        error: { code: 'unavailable' },
      });
    },
    LIMIT,
  );
});

test(
  'orders are given, repeated, refused and shown, each with who gave it',
  async () => {
    const running = await worker(server.environment, asking().activities, queue);
    await running.runUntil(async () => {
      await until(handle, ({ record }) => record.attempts.some(({ stage }) => stage === 'asked'));

      const missing = await call('POST', `/api/v1/recoveries/${encodeURIComponent('bruno/deployment/other')}/orders`, {
        order: 'undo',
      });
      expect([missing.statusCode, missing.json().error.code]).toEqual([404, 'not-found']);

      const refused = await give({ order: 'approve', n: 7 });
      expect(refused.statusCode).toBe(422);
      expect(refused.json()).toMatchObject({
        error: { code: 'refused', message: expect.stringContaining('attempt 7 does not wait for approval') },
        possible: expect.arrayContaining(['approve', 'reject', 'close']),
      });

      // The same again under its id is done once; another person's under that id is another order.
      const first = await give({ order: 'reject', n: 1 }, 'alice', 'k');
      const again = await give({ order: 'reject', n: 1 }, 'alice', 'k');
      expect([first.statusCode, again.statusCode]).toEqual([200, 200]);
      expect(first.json()).toMatchObject({ state: 'accepted', verified: true });
      expect(again.json().id).toBe(first.json().id);
      expect((await give({ order: 'reject', n: 1 }, 'bob', 'k')).json()).not.toMatchObject({ id: first.json().id });

      const shown = (await call('GET', `/api/v1/recoveries/${TARGET}`)).json();
      const orders = shown.events.filter(({ kind }: { kind: string }) => kind === 'order');
      expect(orders).toMatchObject([
        { name: 'undo', actor: 'alice@example.org', accepted: false },
        { name: 'approve', actor: 'alice@example.org', verified: true, accepted: false },
        { name: 'reject', actor: 'alice@example.org', verified: true, accepted: true },
        { name: 'reject', actor: 'bob@example.org', verified: true, accepted: false },
      ]);
      expect(shown).toMatchObject({ stored: { id: shown.record.recoveryId } });

      const start = await call('POST', '/api/v1/recoveries', START);
      expect([start.statusCode, start.json()]).toMatchObject([
        200,
        { joined: true, recoveryId: shown.record.recoveryId },
      ]);

      const closed = await give({ order: 'close', rootCause: 'a leak' }, 'bob');
      expect(closed.json()).toMatchObject({ verified: true });
      await handle.result();

      const anew = await call('POST', '/api/v1/recoveries', { ...START, reason: 'a drill', mode: 'approve' });
      expect([anew.statusCode, anew.json()]).toMatchObject([201, { joined: false }]);
      const { record: begun } = await until(handle, ({ record }) => record.judgedStart !== undefined);
      expect(begun).toMatchObject({ actor: 'alice@example.org', judgedStart: { verified: true } });
      await give({ order: 'close', rootCause: 'a drill' });
      await handle.result();
    });
  },
  LIMIT,
);

test(
  'recoveries are listed by target, runbook and whether they are open',
  async () => {
    const listed = async (query: string) => (await call('GET', `/api/v1/recoveries?${query}`)).json().recoveries.length;
    const seen = async (query: string, expected: number) => {
      // Temporal's lists follow a moment later.
      while ((await listed(query)) !== expected) await new Promise((resolve) => setTimeout(resolve, 200));
    };
    await seen('open=false', 2);
    await seen('open=true', 0);
    await seen(`target=${TARGET}`, 2);
    await seen('target=bruno/deployment/other', 0);
    await seen('runbook=agent-bruno-pod-crash-loop&open=false', 2);
    await seen('runbook=another-runbook', 0);
  },
  LIMIT,
);
