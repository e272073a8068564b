import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { createGateway } from '../../src/gateway/server.ts';
import { createLogger } from '../../src/log.ts';
import { lazyTemporal } from '../../src/temporal/connect.ts';
import { storedRunbook } from './runbooks.ts';

const token = 'a-token-of-good-length';
let app: FastifyInstance;
let url: string;

/** An address on which nothing listens: what a Temporal that is down looks like. */
async function closedAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

beforeAll(async () => {
  const address = await closedAddress();
  const temporal = lazyTemporal({ address, namespace: 'default', connection: { address } });
  app = createGateway({
    configuration: { cluster: 'homelab', gatewayToken: token },
    temporal,
    runbooks: async () => [storedRunbook()],
    log: createLogger({ level: 'silent', component: 'gateway' }),
    clock: () => new Date(),
  });
  url = await app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => app.close());

function post(body: string | Buffer, headers: Record<string, string> = {}) {
  const all = { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers };
  return fetch(`${url}/api/v1/alerts`, { method: 'POST', headers: all, body });
}

const trigger = {
  status: 'firing',
  fingerprint: 'f1',
  labels: { alertname: 'AgentBrunoPodCrashLooping', namespace: 'bruno' },
  startsAt: '2026-01-31T03:00:00Z',
};

describe('who may post', () => {
  const cases = [
    { name: 'nobody without a header', header: undefined, message: /no Authorization header/ },
    { name: 'nobody with another scheme', header: `Basic ${token}`, message: /not "Bearer <token>"/ },
    { name: 'nobody with another token', header: 'Bearer another-token-of-good-length', message: /not the one/ },
    { name: 'nobody with the beginning of the token', header: `Bearer ${token.slice(0, -1)}`, message: /not the one/ },
  ];
  for (const { name, header, message } of cases) {
    test(name, async () => {
      const headers = header === undefined ? {} : { authorization: header };
      const answer = await fetch(`${url}/api/v1/alerts`, { method: 'POST', headers, body: '{"alerts":[]}' });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
      expect(await answer.json()).toEqual({
        error: {
          code: 'forbidden',
          message: expect.stringMatching(message),
          where: 'Authorization',
          fix: expect.stringContaining('KINTSUGI_GATEWAY_TOKEN'),
          retryable: false,
        },
      });
    });
  }

  test('the scheme is known in any case', async () => {
    expect((await post('{"alerts":[]}', { authorization: `bearer ${token}` })).status).toBe(200);
  });
});

describe('what is posted', () => {
  test('a body that is no JSON is answered with 400', async () => {
    const answer = await post('{"alerts":');
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      error: { code: 'invalid', message: expect.stringContaining('not JSON') },
    });
  });

  test('a body without alerts is answered with 400', async () => {
    for (const body of ['{}', '[]', 'null', '{"alerts": {}}', '']) {
      expect((await post(body)).status).toBe(400);
    }
  });

  test('a body over 10 MiB is answered with 413', async () => {
    const answer = await post(JSON.stringify({ alerts: ['x'.repeat(10 * 1024 * 1024)] }));
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ error: { code: 'invalid', fix: expect.stringContaining('10 MiB') } });
  });

  test('what can never be stored is refused inside a 200, whatever the body’s type is called', async () => {
    const body = JSON.stringify({
      version: '4',
      alerts: [
        'fire',
        { ...trigger, labels: { alertname: 'Other' } },
        { ...trigger, labels: { ...trigger.labels, namespace: 'x' } },
      ],
    });
    const answer = await post(body, { 'content-type': 'text/plain' });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      results: [
        { status: 'refused' },
        { status: 'unmatched' },
        { status: 'refused', reason: expect.stringContaining('namespace x') },
      ],
    });
  });

  test('while Temporal is down an alert is asked for again: 503 with Retry-After', async () => {
    const answer = await post(JSON.stringify({ alerts: ['fire', trigger] }));
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toMatch(/^[0-9]+$/);
    expect(await answer.json()).toMatchObject({
      error: { code: 'unavailable', retryable: true, where: 'recovery/homelab/bruno/deployment/agent-bruno' },
    });
  }, 20_000);
});

test('it is alive without Temporal, but not ready', async () => {
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  const ready = await fetch(`${url}/readyz`);
  expect(ready.status).toBe(503);
  expect(await ready.json()).toMatchObject({ ready: false, reason: expect.stringContaining('Temporal') });
}, 20_000);

test('its metrics count posts and alerts, and claim no cover while Temporal cannot be read', async () => {
  await post(JSON.stringify({ alerts: [{ ...trigger, labels: { alertname: 'Other' } }], truncatedAlerts: 3 }));
  const text = await (await fetch(`${url}/metrics`)).text();
  expect(text).toMatch(/kintsugi_alerts_total\{status="unmatched"\} [1-9]/);
  expect(text).toMatch(/kintsugi_alert_posts_total\{status="200"\} [1-9]/);
  expect(text).toMatch(/kintsugi_alerts_truncated_total 3/);
  expect(text).toMatch(/kintsugi_coverage_known 0/);
  expect(text).not.toMatch(/^kintsugi_covered\{/m);
});

test('an unknown path says which there are', async () => {
  const answer = await fetch(`${url}/api/v2/alerts`);
  expect(answer.status).toBe(404);
  expect(await answer.json()).toMatchObject({ error: { fix: expect.stringContaining('/api/v1/alerts') } });
});

test('there is no gateway without a token', () => {
  const parts = {
    configuration: { cluster: 'homelab' },
    temporal: lazyTemporal({ address: 'localhost:1', namespace: 'default', connection: {} }),
    runbooks: async () => [],
    log: createLogger({ level: 'silent', component: 'gateway' }),
    clock: () => new Date(),
  };
  expect(() => createGateway(parts)).toThrow(/no token/);
});
