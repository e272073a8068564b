import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { createGateway } from '../../src/gateway/server.ts';
import { createLogger } from '../../src/log.ts';
import { publicKeyOf } from '../../src/orders/sign.ts';
import { hashOf, newToken } from '../../src/orders/tokens.ts';
import type { Activities } from '../../src/recovery/activities.ts';
import { storedRunbook } from '../gateway/runbooks.ts';
import { needs } from '../needs.ts';
import { alert, freshQueue, type RecoveryHandle, startByAlert, until, worker } from '../workflows/environment.ts';
import { brokenLook, inApproveMode, script } from '../workflows/scripted-activities.ts';
import { devServer, serverOfFile } from '../workflows/servers.ts';
import { kintsugi, kintsugiJson } from './command.ts';

needs('temporal');

/** The command line through a gateway: it has a token, and no way to Temporal. */

const LIMIT = 120_000;
const SEED = 'a1'.repeat(32);
const server = serverOfFile(devServer);
const queue = freshQueue();
const cluster = queue.replace(/^kintsugi-/, '');
const TARGET = 'bruno/deployment/agent-bruno';
const token = newToken();
let app: FastifyInstance;
let environment: Record<string, string>;
let handle: RecoveryHandle;

beforeAll(async () => {
  const { client, namespace = 'default' } = server.environment;
  app = createGateway({
    configuration: {
      cluster,
      gatewayToken: 'a-token-of-good-length',
      temporal: { address: server.address, namespace, connection: {} },
      tokens: [{ name: 'alice', person: 'alice@example.org', role: 'approver', sha256: hashOf(token) }],
      orderKey: SEED,
    },
    temporal: client,
    runbooks: async () => [storedRunbook()],
    log: createLogger({ level: 'silent', component: 'gateway' }),
    clock: () => new Date(),
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  // No Temporal is at this address: whatever went there would fail.
  environment = { KINTSUGI_URL: `${url}/`, KINTSUGI_TOKEN: token, TEMPORAL_ADDRESS: '127.0.0.1:1' };
  handle = await startByAlert(server.environment, queue, [alert(new Date().toISOString())]);
}, LIMIT);
afterAll(() => app.close());

const loadRunbook: Activities['loadRunbook'] = async (input) => ({
  ...(await (inApproveMode.loadRunbook ?? script().activities.loadRunbook)(input)),
  orderKeys: [publicKeyOf(SEED)],
});

test(
  'orders, lists, shows, follows and drafts the post-mortem by the token, whose person is the actor',
  async () => {
    const running = await worker(
      server.environment,
      script({ loadRunbook, look: async () => brokenLook }).activities,
      queue,
    );
    await running.runUntil(async () => {
      await until(handle, ({ record }) => record.attempts.some(({ stage }) => stage === 'asked'));

      const listed = await kintsugiJson(['list'], environment);
      expect(listed).toMatchObject({
        exitCode: 0,
        answer: { recoveries: [{ target: TARGET, phase: 'awaiting-approval' }] },
      });

      const other = await kintsugiJson(['reject', TARGET, '--actor', 'mallory'], environment);
      expect(other).toMatchObject({
        exitCode: 2,
        answer: { error: { message: "the token alice is alice@example.org's, not mallory's" } },
      });

      const refused = await kintsugiJson(['approve', TARGET, '--attempt', '7'], environment);
      expect(refused.answer).toMatchObject({ error: { message: expect.stringContaining('attempt 7 does not wait') } });
      expect(refused).toMatchObject({ exitCode: 4, answer: { error: { code: 'refused' } } });

      const rejected = await kintsugiJson(['reject', TARGET, '--reason', 'not now'], environment);
      expect(rejected).toMatchObject({
        exitCode: 0,
        answer: { order: 'reject', state: 'accepted', verified: true },
        stderr: expect.stringMatching(/^attempt 1, raise-memory \(digest p+\):\n {2}raise the memory/),
      });

      const run = kintsugiJson(['run', 'agent-bruno-pod-crash-loop'], environment);
      await until(handle, ({ record }) => record.attempts[1]?.stage === 'asked');
      await kintsugiJson(['reject', TARGET], environment);
      expect(await run).toMatchObject({ exitCode: 1, answer: { joined: true, ended: 'paged' } });

      const shown = await kintsugiJson(['show', TARGET], environment);
      const { events } = shown.answer as { events: { kind: string }[] };
      expect(events.filter(({ kind }) => kind === 'order')).toMatchObject([
        { name: 'approve', actor: 'alice@example.org', verified: true, accepted: false },
        { name: 'reject', actor: 'alice@example.org', verified: true },
        { name: 'reject', actor: 'alice@example.org', verified: true },
      ]);

      const draft = await kintsugiJson(['post-mortem', TARGET], environment);
      expect(draft).toMatchObject({
        exitCode: 0,
        answer: { markdown: expect.stringMatching(/alice@example.org/), recoveryId: expect.stringMatching(/@/) },
      });

      const straight = { TEMPORAL_ADDRESS: server.address, KINTSUGI_CLUSTER: cluster };
      const closed = await kintsugiJson(['close', TARGET, '--actor', 'ana', '--root-cause', 'a leak'], straight);
      expect(closed).toMatchObject({
        exitCode: 0,
        answer: { verified: false },
        stderr: expect.stringContaining('unverified'),
      });
      await handle.result();
    });
  },
  LIMIT,
);

test(
  'a token that is not known, one that is missing and a gateway that is away are told apart',
  async () => {
    const unknown = await kintsugiJson(['list'], { ...environment, KINTSUGI_TOKEN: newToken() });
    expect(unknown).toMatchObject({ exitCode: 2, answer: { error: { code: 'forbidden', where: 'Authorization' } } });
    const missing = await kintsugiJson(['list'], { KINTSUGI_URL: 'http://127.0.0.1:1' });
    expect(missing).toMatchObject({ exitCode: 2, answer: { error: { where: 'KINTSUGI_TOKEN' } } });
    const away = await kintsugi(['close', TARGET], { ...environment, KINTSUGI_URL: 'http://127.0.0.1:1' });
    expect(away.exitCode).toBe(3);
    expect(away.stderr).toContain('the gateway does not answer');
    // Nobody works on the queue any more: there is no record to draft from.
    const unanswered = await kintsugiJson(['post-mortem', TARGET], environment);
    expect(unanswered).toMatchObject({ exitCode: 3, answer: { error: { code: 'unavailable' } } });
  },
  LIMIT,
);
