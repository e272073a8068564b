import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { createSilenceRequests } from '../../src/activities/silence-requests.ts';
import { createGateway } from '../../src/gateway/server.ts';
import { createLogger } from '../../src/log.ts';
import { publicKeyOf } from '../../src/orders/sign.ts';
import { hashOf, newToken } from '../../src/orders/tokens.ts';
import { storedRunbook } from '../gateway/runbooks.ts';
import { needs } from '../needs.ts';
import { silencesInMemory } from '../silences/memory.ts';
import { freshQueue, worker } from '../workflows/environment.ts';
import { script } from '../workflows/scripted-activities.ts';
import { devServer, serverOfFile } from '../workflows/servers.ts';
import { kintsugi, kintsugiJson } from './command.ts';

needs('temporal');

/** Silences by the command line through a gateway, which asks the worker: neither has a way to the cluster. */

const LIMIT = 120_000;
const SEED = 'a1'.repeat(32);
const TARGET = 'bruno/deployment/agent-bruno';
const server = serverOfFile(devServer);
const queue = freshQueue();
const tokens = { operator: newToken(), viewer: newToken() };
let app: FastifyInstance;
let environment: Record<string, string>;

beforeAll(async () => {
  const { client, namespace = 'default' } = server.environment;
  const token = (role: keyof typeof tokens) => ({
    ...{ name: role, person: `${role}@example.org`, role, sha256: hashOf(tokens[role]) },
  });
  app = createGateway({
    configuration: {
      cluster: queue.replace(/^kintsugi-/, ''),
      gatewayToken: 'a-token-of-good-length',
      temporal: { address: server.address, namespace, connection: {} },
      tokens: [token('operator'), token('viewer')],
      orderKey: SEED,
    },
    temporal: client,
    runbooks: async () => [storedRunbook()],
    log: createLogger({ level: 'silent', component: 'gateway' }),
    clock: () => new Date(),
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  // Nothing is at these places: whatever went there would fail.
  environment = {
    ...{ KINTSUGI_URL: url, KINTSUGI_TOKEN: tokens.operator },
    ...{ TEMPORAL_ADDRESS: '127.0.0.1:1', KUBECONFIG: '/nowhere' },
  };
}, LIMIT);
afterAll(() => app.close());

const set = ['silence', TARGET, '--for', '2h', '--reason', 'node upgrade'];

test(
  'silences are set, listed and ended by the token, whose person is verified',
  async () => {
    const requests = createSilenceRequests({ ...silencesInMemory(), orderPublicKeys: [publicKeyOf(SEED)] });
    const running = await worker(server.environment, { ...script().activities, ...requests }, queue);
    await running.runUntil(async () => {
      const added = await kintsugiJson(set, environment);
      expect(added).toMatchObject({
        exitCode: 0,
        answer: { target: TARGET, actor: 'operator@example.org', verified: true, reason: 'node upgrade' },
      });
      const { id } = added.answer as { id: string };

      const listed = await kintsugi(['silence', 'list'], { ...environment, KINTSUGI_TOKEN: tokens.viewer });
      expect(listed.stdout).toMatch(new RegExp(`${id} +${TARGET} +operator@example.org +20`));
      const refused = await kintsugiJson(set, { ...environment, KINTSUGI_TOKEN: tokens.viewer });
      expect(refused).toMatchObject({ answer: { error: { code: 'forbidden' } } });
      const other = await kintsugiJson([...set, '--actor', 'mallory'], environment);
      expect(other).toMatchObject({ exitCode: 2, answer: { error: { where: 'actor' } } });

      expect(await kintsugiJson(['silence', 'end', id, '--reason', 'done'], environment)).toMatchObject({
        exitCode: 0,
        answer: { id, ended: { by: 'operator@example.org', reason: 'done' } },
      });
      expect((await kintsugi(['silence', 'list'], environment)).stdout).toContain('no silences');
      expect((await kintsugi(['silence', 'list', '--all'], environment)).stdout).toContain('ended by');
      expect(await kintsugiJson(['silence', 'end', 'none'], environment)).toMatchObject({
        answer: { error: { code: 'not-found', message: 'no silence none holds' } },
      });

      // What was asked of the worker is no recovery.
      expect(await kintsugiJson(['list', '--all'], environment)).toMatchObject({ answer: { recoveries: [] } });
    });
  },
  LIMIT,
);

test(
  'without a worker it is said that nobody answered',
  async () => {
    const { exitCode, answer } = await kintsugiJson(['silence', 'list'], environment);
    expect([exitCode, answer]).toMatchObject([3, { error: { code: 'unavailable', message: 'no worker answered' } }]);
  },
  LIMIT,
);
