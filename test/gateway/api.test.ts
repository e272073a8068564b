import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Client } from '@temporalio/client';
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import { listAnswer } from '../../src/gateway/api/schemas.ts';
import { createGateway } from '../../src/gateway/server.ts';
import type { Logger } from '../../src/log.ts';
import { mayAsk, type Request, roles } from '../../src/orders/roles.ts';
import { hashOf, newToken } from '../../src/orders/tokens.ts';
import { type PersonsOrder, personsOrders } from '../../src/recovery/orders.ts';
import type { Listed } from '../../src/temporal/listed.ts';
import { storedRunbook } from './runbooks.ts';

/** The API with no Temporal behind it: who may what, what is said, and how it is refused. */

const ALERTS = 'a-token-of-good-length';
const tokens = Object.fromEntries(roles.map((role) => [role, newToken()]));
const logged: { fields: object; text: string }[] = [];
let app: FastifyInstance;

/** A Temporal that is away, and says so at once. */
function awayTemporal(): Client {
  const away = async () => {
    throw Object.assign(new Error('connection refused'), { code: 14, details: 'connection refused', metadata: {} });
  };
  return {
    connection: { withDeadline: away, workflowService: {}, operatorService: {} },
    options: { namespace: 'default' },
  } as unknown as Client;
}

beforeAll(async () => {
  const note = (fields: object, text: string) => logged.push({ fields, text });
  const silent = () => undefined;
  const log = { info: note, warn: note, error: silent, debug: silent } as unknown as Logger;
  app = createGateway({
    configuration: {
      cluster: 'homelab',
      gatewayToken: ALERTS,
      tokens: [
        ...roles.map((role) => ({
          name: role,
          person: `${role}@example.org`,
          role,
          sha256: hashOf(tokens[role] ?? ''),
        })),
        { name: 'old', person: 'old', role: 'admin', sha256: hashOf('kt_old'), expires: '2026-01-01T00:00:00Z' },
      ],
    },
    temporal: awayTemporal(),
    runbooks: async () => [storedRunbook()],
    log,
    clock: () => new Date(),
  });
  await app.ready();
}, 60_000);
afterAll(() => app.close());

const ID = encodeURIComponent('bruno/deployment/agent-bruno');

function call(
  token: string | undefined,
  method: 'GET' | 'POST',
  url: string,
  body?: object | string,
  more: object = {},
) {
  const headers = { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...more };
  return app.inject({ method, url, headers, ...(body === undefined ? {} : { payload: body }) });
}

function order(token: string | undefined, body: object | string, more: object = {}): Promise<LightMyRequestResponse> {
  return call(token, 'POST', `/api/v1/recoveries/${ID}/orders`, body, { 'content-type': 'application/json', ...more });
}

describe('who may come in', () => {
  test.each([
    ['nobody', undefined, /carries no/],
    ['nobody with a token that is not known', 'kt_x', /none that this gateway knows/],
    ['nobody with a token that has expired', 'kt_old', /the token old has expired/],
    ['not the token for alerts', ALERTS, /none that this gateway knows/],
  ])('%s', async (_, token, message) => {
    for (const answer of [
      await call(token, 'GET', '/api/v1/recoveries'),
      await order(token, { order: 'close' }),
      await call(token, 'POST', '/api/v1/recoveries', { runbook: 'agent-bruno-pod-crash-loop' }),
    ]) {
      expect(answer.statusCode).toBe(401);
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
      expect(answer.json()).toMatchObject({ error: { code: 'forbidden', message: expect.stringMatching(message) } });
    }
  });

  test('a token of the API brings no alerts', async () => {
    const answer = await call(tokens.admin, 'POST', '/api/v1/alerts', { alerts: [] });
    expect(answer.statusCode).toBe(401);
  });
});

const SILENCE = { target: 'bruno/deployment/agent-bruno', for: '2h', reason: 'node upgrade' };

/** What the orders take that do not go without. */
const ARGUMENTS: Partial<Record<PersonsOrder, object>> = {
  retry: { remedy: 'raise-memory' },
  extend: { by: '10m', reason: 'on it' },
  note: { text: 'Redis was moved today' },
  run: { action: 'debug-session' },
};

/** Each call of the API, as somebody would make it. */
const requests: [Request, () => { method: 'GET' | 'POST'; url: string; body?: object }][] = [
  ['read', () => ({ method: 'GET', url: '/api/v1/recoveries' })],
  ['read', () => ({ method: 'GET', url: `/api/v1/recoveries/${ID}` })],
  ['start', () => ({ method: 'POST', url: '/api/v1/recoveries', body: { runbook: 'agent-bruno-pod-crash-loop' } })],
  [
    'procedure',
    () => ({
      method: 'POST',
      url: `/api/v1/recoveries/${ID}/orders`,
      body: { order: 'run', runbook: 'kosmos-agent-reset', procedure: 'reset' },
    }),
  ],
  ['read', () => ({ method: 'GET', url: '/api/v1/silences' })],
  ['silence', () => ({ method: 'POST', url: '/api/v1/silences', body: SILENCE })],
  ['silence', () => ({ method: 'POST', url: '/api/v1/silences/s1/end', body: {} })],
  ...personsOrders.map((name): (typeof requests)[number] => [
    name,
    () => ({ method: 'POST', url: `/api/v1/recoveries/${ID}/orders`, body: { order: name, ...ARGUMENTS[name] } }),
  ]),
];

describe.each(roles)('a %s', (role) => {
  test.each(requests)(
    'asks for %s by its role',
    async (request, make) => {
      const { method, url, body } = make();
      logged.length = 0;
      const answer = await call(tokens[role], method, url, body);
      // Without Temporal whoever may is told that it is away.
      expect(answer.statusCode).toBe(mayAsk(role, request) ? 503 : 403);
      expect(logged).toContainEqual({
        fields: expect.objectContaining({ actor: `${role}@example.org` }),
        text: 'refused',
      });
      if (answer.statusCode === 403) {
        expect(answer.json()).toMatchObject({
          error: { code: 'forbidden', message: expect.stringContaining(`the role ${role}`) },
        });
      } else {
        expect(answer.headers['retry-after']).toBe('5');
        expect(answer.json()).toMatchObject({ error: { code: 'unavailable', retryable: true } });
      }
    },
    30_000,
  );
});

describe('what is said', () => {
  test('every fault of an order is told at once', async () => {
    const answer = await order(tokens.admin, { order: 'aprove', revison: 1, n: 0 });
    expect(answer.statusCode).toBe(400);
    const { message } = answer.json().error;
    for (const part of ['order', 'approve', 'revison', 'revision', 'n']) expect(message).toContain(part);
  });

  test('the actor is the token’s person, and no other can be said', async () => {
    const answer = await order(tokens.admin, { order: 'close', actor: 'mallory' });
    expect(answer.statusCode).toBe(400);
    expect(answer.json().error).toMatchObject({
      where: 'actor',
      message: "the token admin is admin@example.org's, not mallory's",
    });
    expect((await order(tokens.admin, { order: 'close', actor: 'Admin@example.org ' })).statusCode).toBe(503);
  });

  test.each([
    [{ for: 'long' }, /a span like 2h/],
    [{ runbook: 'agent-bruno-pod-crash-loop' }, /of one target or of one runbook/],
    [{ target: undefined }, /of one target or of one runbook/],
    [{ actor: 'mallory' }, /not mallory's/],
    [{ reason: '' }, /reason/],
  ])('%j makes no silence', async (change, message) => {
    const answer = await call(tokens.admin, 'POST', '/api/v1/silences', { ...SILENCE, ...change });
    expect([answer.statusCode, answer.json().error.message]).toEqual([400, expect.stringMatching(message)]);
  });

  test('a silence of a runbook that is not there is refused', async () => {
    const answer = await call(tokens.admin, 'POST', '/api/v1/silences', {
      ...{ runbook: 'other', for: '2h', reason: 'node upgrade' },
    });
    expect(answer.statusCode).toBe(404);
  });

  test('a body of more than 64 KiB is refused, and one that is no JSON', async () => {
    const large = await order(tokens.admin, { order: 'close', reason: 'x'.repeat(70_000) });
    expect(large.statusCode).toBe(413);
    const broken = await order(tokens.admin, '{"order":');
    expect(broken.statusCode).toBe(400);
    expect(broken.json()).toMatchObject({ error: { code: 'invalid', where: 'body' } });
  });

  test('an id that is no text of a line is refused', async () => {
    const answer = await order(tokens.admin, { order: 'close' }, { 'idempotency-key': 'two words' });
    expect(answer.statusCode).toBe(400);
    expect(answer.json().error.where).toBe('Idempotency-Key');
  });

  test('a runbook that there is not, and a target that is none', async () => {
    const missing = await call(tokens.admin, 'POST', '/api/v1/recoveries', { runbook: 'no-such-runbook' });
    expect([missing.statusCode, missing.json().error.code]).toEqual([404, 'not-found']);
    const odd = await call(tokens.viewer, 'GET', '/api/v1/recoveries?target=bruno');
    expect(odd.statusCode).toBe(400);
  });
});

test('the document of the API is there for everybody, and names every call and order', async () => {
  const answer = await call(undefined, 'GET', '/api/v1/openapi.json');
  expect(answer.statusCode).toBe(200);
  const { paths } = answer.json();
  expect(Object.keys(paths)).toEqual([
    '/api/v1/recoveries',
    '/api/v1/recoveries/{id}',
    '/api/v1/recoveries/{id}/orders',
    '/api/v1/silences',
    '/api/v1/silences/{id}/end',
  ]);
  const body = paths['/api/v1/recoveries/{id}/orders'].post.requestBody.content['application/json'].schema;
  expect(body.properties.order.enum).toEqual([...personsOrders]);
});

test('who asks without end is told to wait, also without a token that is known', async () => {
  const statuses = new Set<number>();
  for (let n = 0; n < 620; n += 1) statuses.add((await call('kt_busy', 'GET', '/api/v1/recoveries')).statusCode);
  expect([...statuses].sort()).toEqual([401, 429]);
}, 60_000);

test('whoever reads the list by its schema learns by whom a recovery is silenced', () => {
  const listed: Listed = {
    id: 'recovery/homelab/bruno/deployment/agent-bruno@12345678',
    target: 'bruno/deployment/agent-bruno',
    runbook: 'agent-bruno-pod-crash-loop',
    phase: 'diagnosing',
    cause: null,
    outcome: null,
    openedAt: '2026-01-31T03:00:00.000Z',
    deadline: '2026-01-31T03:15:00.000Z',
    silenced: 'by ana until 2026-01-31T05:00:00.000Z',
  };
  expect(listAnswer.parse({ recoveries: [listed] })).toEqual({ recoveries: [listed] });
});
