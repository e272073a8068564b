import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type FastifyInstance, fastify } from 'fastify';
import { KintsugiError } from '../../../src/errors.ts';
import { webhookSignatureOf, webhookSignerOf } from '../../../src/gateway/pagerduty/signature.ts';
import {
  PAGERDUTY_WEBHOOK,
  type PagerDutyParts,
  servePagerDutyWebhook,
} from '../../../src/gateway/pagerduty/webhook.ts';
import { createLogger } from '../../../src/log.ts';
import { type SeenRequest, startServer, type TestServer } from '../../http/server.ts';
import { bodyOf, type Delivery, integration, noteBody, signedBy, tenex, WEBHOOK_SECRET } from './deliveries.ts';

const API_KEY = 'y_NbAkKc66ryYTWUXYEu';
const folder = mkdtempSync(join(tmpdir(), 'kintsugi-pagerduty-'));
const webhookSecretFile = join(folder, 'webhook-secret');
const tokenFile = join(folder, 'api-token');
writeFileSync(webhookSecretFile, `${WEBHOOK_SECRET}\n`);
writeFileSync(tokenFile, `${API_KEY}\n`);
afterAll(() => rmSync(folder, { recursive: true }));

const recoveryId = 'recovery/dev/bruno/deployment/agent-bruno@1a2b3c4d';
const page = `${recoveryId}/1`;
const question = `${recoveryId}/approval/2`;

type Given = { order: string; recoveryId: string; fields: object; door: { id: string; verified: boolean } };

let api: TestServer;
/** What the REST API answers: the keys of the incident's alerts, or a status. */
let alerts: (string | null)[] | number;
let given: Given[];
let give: PagerDutyParts['give'];
let app: FastifyInstance;

/** "List alerts for an incident", as the REST API documents it. */
function violation({ method, path, headers }: SeenRequest): string | null {
  if (method !== 'GET' || path !== '/incidents/PGR0VU2/alerts?limit=100') return `${method} ${path}`;
  return headers.authorization === `Token token=${API_KEY}` ? null : 'no token';
}

beforeAll(async () => {
  api = await startServer((request, response) => {
    const wrong = violation(request);
    const status = wrong !== null ? 400 : typeof alerts === 'number' ? alerts : 200;
    const list = Array.isArray(alerts) ? alerts.map((alert_key) => ({ id: 'PALERT', type: 'alert', alert_key })) : [];
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ alerts: list }));
  });
});
afterAll(() => api.close());

function serve(withApi: boolean): FastifyInstance {
  const made = fastify();
  // As the gateway answers errors.
  made.setErrorHandler((thrown, _, reply) => {
    const code = thrown instanceof KintsugiError ? thrown.code : 'none';
    return reply.code(code === 'forbidden' ? 401 : 500).send({ error: String(thrown) });
  });
  const lookup = withApi ? { api: { url: api.url, tokenFile, where: 'apiTokenFile' } } : {};
  servePagerDutyWebhook(made, {
    subscriptions: [{ notifier: 'oncall', webhookSecretFile, where: 'webhookSecretFile', ...lookup }],
    people: [
      { name: 'ana', pagerduty: 'PANA001', role: 'operator' },
      { name: 'ben', pagerduty: 'PBEN001', role: 'viewer' },
    ],
    give: (...all) => give(...all),
    log: createLogger({ level: 'silent', component: 'test' }),
  });
  return made;
}

beforeEach(() => {
  alerts = [page];
  given = [];
  give = async (order, id, fields, door) => {
    given.push({ order, recoveryId: id, fields, door });
    return { order, id: door.id, recoveryId: id, state: 'accepted', verified: door.verified };
  };
  app = serve(true);
});
afterEach(() => app.close());

async function deliver(delivery: Delivery | string, headers?: Record<string, string>) {
  const payload = typeof delivery === 'string' ? delivery : bodyOf(delivery);
  const answer = await app.inject({
    method: 'POST',
    url: PAGERDUTY_WEBHOOK,
    payload,
    headers: headers ?? signedBy(WEBHOOK_SECRET, payload),
  });
  return { status: answer.statusCode, body: answer.json() };
}

const noted = (words: RegExp) => [{ order: 'note', fields: { text: expect.stringMatching(words), through: 'oncall' } }];

describe('an incident that somebody acknowledges in PagerDuty', () => {
  test('is acknowledged here, in the name of who did, without being verified', async () => {
    expect(await deliver({ key: page })).toEqual({
      status: 200,
      body: { results: [{ recoveryId, order: 'acknowledge', state: 'accepted' }] },
    });
    expect(given).toEqual([
      {
        order: 'acknowledge',
        recoveryId,
        fields: { actor: 'Tenex Engineer (PagerDuty)', reason: 'acknowledged in PagerDuty', through: 'oncall' },
        door: { id: 'pagerduty-01FFE2FY4SONSAOFXFNLQ73WQW', verified: false },
      },
    ]);
    expect(api.seen).toEqual([]);
  });

  test('is that of a person whom the configuration knows: by that name, and verified', async () => {
    await deliver({ key: page, agent: { ...tenex, id: 'PANA001', summary: 'Ana A.' } });
    expect(given).toMatchObject([{ fields: { actor: 'ana' }, door: { verified: true } }]);
  });

  test('by a person whose role is too low orders nothing, and is not sent again', async () => {
    const { status, body } = await deliver({ key: page, agent: { ...tenex, id: 'PBEN001' } });
    expect([status, body.results[0].reason]).toEqual([200, 'ben has the role viewer, and acknowledge takes operator']);
    expect(given).toEqual([]);
  });

  test('without a key, as services with alerts have them, is looked up by its alerts: each recovery among them', async () => {
    const other = 'recovery/dev/shop/deployment/cart@99887766';
    alerts = [page, 'of-another-tool', null, `${other}/3`];
    await deliver({ key: null });
    expect(given.map(({ order, recoveryId: id }) => [order, id])).toEqual([
      ['acknowledge', recoveryId],
      ['acknowledge', other],
    ]);
  });

  test('without a key and without a key of the API is passed over: sending it again would help nobody', async () => {
    await app.close();
    app = serve(false);
    expect(await deliver({ key: null })).toEqual({ status: 200, body: { results: [] } });
    expect(given).toEqual([]);
  });

  test.each([429, 500, 503])('is asked for again while its alerts cannot be looked up (%i)', async (status) => {
    alerts = status;
    expect(await deliver({ key: null })).toMatchObject({ status: 503 });
  });

  test.each([401, 403, 404])('is passed over where its alerts may not be looked up (%i)', async (status) => {
    alerts = status;
    expect(await deliver({ key: null })).toMatchObject({ status: 200 });
  });

  test('comes again under the same id: the recovery drops the repeat', async () => {
    await deliver({ key: page });
    await deliver({ key: page });
    await deliver({ key: page, id: '01ANOTHER' });
    expect(new Set(given.map(({ door }) => door.id)).size).toBe(2);
  });

  test('that Kintsugi itself acknowledged comes back as the doing of its integration, and ends there', async () => {
    for (const type of ['incident.triggered', 'incident.acknowledged', 'incident.resolved'])
      expect(await deliver({ key: page, type, agent: integration })).toMatchObject({ status: 200 });
    await deliver({ key: page, agent: null });
    expect(given).toEqual([]);
  });

  test('whose alert asks for approval is no answer: it is noted that somebody has seen it', async () => {
    await deliver({ key: question });
    await deliver({ key: `${question}/1`, id: '01B' });
    expect(given).toMatchObject([...noted(/attempt 2.*still waits/), ...noted(/attempt 2.*still waits/)]);
  });
});

describe('what else somebody does with an incident', () => {
  test('to resolve it proves nothing: it is noted, and the page goes on until the target is healthy', async () => {
    await deliver({ key: page, type: 'incident.resolved' });
    expect(given).toMatchObject(noted(/^Resolved the incident in PagerDuty\. .* verified healthy/));
    expect(given).toMatchObject([{ fields: { over: true } }]);
  });

  test('to resolve the alert of a question is no answer', async () => {
    await deliver({ key: question, type: 'incident.resolved' });
    expect(given).toMatchObject(noted(/which is no answer/));
  });

  test('to merge it is noted as that', async () => {
    const data = { resolve_reason: { type: 'merge_resolve_reason', incident: { id: 'POTHER' } } };
    await deliver({ key: page, type: 'incident.resolved', data });
    expect(given).toMatchObject(noted(/^Merged/));
  });

  test('an acknowledgement that runs out is noted, though nobody did it', async () => {
    await deliver({ key: page, type: 'incident.unacknowledged', agent: null });
    expect(given).toMatchObject([{ order: 'note', fields: { actor: 'PagerDuty' } }]);
  });

  test('a note is a note, at most as long as one may be', async () => {
    await deliver(noteBody('it is the new image'));
    await deliver(noteBody('🔥'.repeat(3000)));
    expect(given).toMatchObject([
      { order: 'note', recoveryId, fields: { actor: 'Tenex Engineer (PagerDuty)', text: 'it is the new image' } },
      { order: 'note' },
    ]);
    expect(JSON.stringify(given[1]?.fields).length).toBeLessThan(2100);
  });

  test.each(['incident.priority_updated', 'service.updated', 'incident.reassigned'])(
    '%s is passed over',
    async (type) => {
      expect(await deliver({ key: page, type })).toEqual({ status: 200, body: { results: [] } });
      expect(given).toEqual([]);
    },
  );

  test('the test of a webhook, pagey.ping, is answered', async () => {
    const data = { message: 'Hello from your friend Pagey!', type: 'ping' };
    const event = { id: '01P', event_type: 'pagey.ping', resource_type: 'pagey', agent: tenex, client: null, data };
    expect(await deliver(JSON.stringify({ event }))).toEqual({ status: 200, body: { results: [] } });
  });
});

describe('what PagerDuty is answered', () => {
  test('an incident of no recovery, and what an order is refused for, are not asked for again', async () => {
    expect(await deliver({ key: 'of-another-tool' })).toEqual({ status: 200, body: { results: [] } });
    for (const code of ['not-found', 'refused', 'invalid'] as const) {
      give = async () => {
        throw new KintsugiError(code, 'the page is over', { where: 'x', fix: 'y' });
      };
      expect(await deliver({ key: page })).toMatchObject({
        status: 200,
        body: { results: [{ state: 'not-taken', reason: 'the page is over' }] },
      });
    }
  });

  test.each(['unavailable', 'timeout'] as const)('while Temporal is away (%s), to say it again', async (code) => {
    give = async () => {
      throw new KintsugiError(code, 'Temporal does not answer', { where: 'x', fix: 'y' });
    };
    expect(await deliver({ key: page })).toMatchObject({ status: 503 });
  });

  test('signed, and not to be read, is not asked for again: three refusals turn a webhook off', async () => {
    for (const body of ['', 'hello', '{}', '{"event": 1}', '[]'])
      expect(await deliver(body)).toMatchObject({ status: 200, body: { results: [] } });
  });
});

describe("PagerDuty's signature", () => {
  const body = bodyOf({ key: page });
  const right = webhookSignatureOf(body, WEBHOOK_SECRET);

  test('is v1 with the HMAC of the body, known by the notifier whose secret it is', () => {
    // `printf '{"event":{}}' | openssl dgst -sha256 -hmac secret`
    expect(webhookSignatureOf('{"event":{}}', 'secret')).toBe(
      'v1=2c984a26b96792f49173390b114619a17f5699a0bb42f13aff472b980b3080b5',
    );
    const secrets = new Map([
      ['other', 'x'],
      ['oncall', WEBHOOK_SECRET],
    ]);
    expect(webhookSignerOf(right, body, secrets)).toBe('oncall');
  });

  test('is one of several while a secret is replaced', async () => {
    const both = `${webhookSignatureOf(body, 'the-old-one')}, ${right}`;
    expect(await deliver(body, { 'x-pagerduty-signature': both })).toMatchObject({ status: 200 });
    expect(given).toHaveLength(1);
  });

  test.each<[string, Record<string, string>]>([
    ['by another secret', { 'x-pagerduty-signature': webhookSignatureOf(body, 'another') }],
    ['of another body', { 'x-pagerduty-signature': webhookSignatureOf('{}', WEBHOOK_SECRET) }],
    ['of another version', { 'x-pagerduty-signature': right.replace('v1', 'v2') }],
    ['that is cut', { 'x-pagerduty-signature': right.slice(0, -1) }],
    ['that is empty', { 'x-pagerduty-signature': '' }],
    ['that is missing', {}],
  ])('%s orders nothing, and the secret is told to nobody', async (_sentence, headers) => {
    const answer = await deliver(body, headers);
    expect(answer.status).toBe(401);
    expect(JSON.stringify(answer.body)).not.toContain(WEBHOOK_SECRET);
    expect(given).toEqual([]);
  });
});
