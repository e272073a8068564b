import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type FastifyInstance, fastify } from 'fastify';
import { KintsugiError } from '../../../src/errors.ts';
import { SLACK_ACTIONS, type SlackParts, serveSlackActions } from '../../../src/gateway/slack/actions.ts';
import { createLogger } from '../../../src/log.ts';
import type { ButtonValue } from '../../../src/notify/slack/buttons.ts';
import type { PersonSettings } from '../../../src/orders/people-settings.ts';
import { startServer, type TestServer } from '../../http/server.ts';
import { formOf, type Press, SIGNING_SECRET, signedBy } from './presses.ts';

const folder = mkdtempSync(join(tmpdir(), 'kintsugi-slack-'));
const signingSecretFile = join(folder, 'signing-secret');
writeFileSync(signingSecretFile, `${SIGNING_SECRET}\n`);
afterAll(() => rmSync(folder, { recursive: true }));

const recoveryId = 'recovery/dev/bruno/deployment/agent-bruno@1a2b3c4d';
const approve: ButtonValue = { v: 1, order: 'approve', recoveryId, n: 2, digest: 'd1ge57' };
const people: PersonSettings[] = [
  { name: 'ana', slack: 'U0ANA', role: 'approver' },
  { name: 'ben', slack: 'U0BEN', role: 'viewer' },
];

type Give = SlackParts['give'];
type Given = { order: string; recoveryId: string; fields: object; door: { id: string; verified: boolean } };

let slack: TestServer;
let responses: { [key: string]: unknown }[];
let given: Given[];
let give: Give;
let app: FastifyInstance;

beforeAll(async () => {
  slack = await startServer((request, response) => {
    responses.push(JSON.parse(request.body));
    response.end('ok');
  });
});
afterAll(() => slack.close());
beforeEach(() => {
  responses = [];
  given = [];
  give = async (order, id, fields, door) => {
    given.push({ order, recoveryId: id, fields, door });
    return { order, id: door.id, recoveryId: id, state: 'accepted', verified: door.verified };
  };
  app = fastify();
  // As the gateway answers errors.
  app.setErrorHandler((thrown, _, reply) => {
    const code = thrown instanceof KintsugiError ? thrown.code : 'none';
    return reply.code(code === 'forbidden' ? 401 : code === 'invalid' ? 400 : 500).send({ error: String(thrown) });
  });
  serveSlackActions(app, {
    apps: [{ notifier: 'chat', signingSecretFile, where: 'signingSecretFile', apiUrl: slack.url }],
    people,
    give: (...all) => give(...all),
    log: createLogger({ level: 'silent', component: 'test' }),
    clock: () => new Date(),
  });
});
afterEach(() => app.close());

const responseUrl = () => `${slack.url}/actions/T0TEAM/1/abc`;

async function press(given: Press, headers?: Record<string, string>): Promise<{ statusCode: number; body: string }> {
  const payload = formOf({ responseUrl: responseUrl(), ...given });
  return app.inject({
    method: 'POST',
    url: SLACK_ACTIONS,
    payload,
    headers: headers ?? signedBy(SIGNING_SECRET, payload, new Date()),
  });
}

/** What the member alone is told. */
const told = (): string[] =>
  responses.filter((one) => one.response_type === 'ephemeral').map(({ text }) => String(text));

describe('the press of a button', () => {
  test('gives the order for exactly the plan that was shown, in the name of the person behind the member', async () => {
    expect(await press({ value: approve })).toMatchObject({ statusCode: 200, body: '' });
    expect(given).toEqual([
      {
        order: 'approve',
        recoveryId,
        fields: { actor: 'ana', n: 2, digest: 'd1ge57', reason: 'a button in Slack' },
        door: { id: expect.stringMatching(/^slack-[0-9a-f]{64}$/), verified: true },
      },
    ]);
    expect(told()).toEqual([`Approved: ${recoveryId} has taken it.`]);
  });

  test('of a member whom the configuration does not know is not verified', async () => {
    await press({ value: approve, user: 'U0EVE' });
    expect(given).toMatchObject([{ fields: { actor: 'slack:U0EVE' }, door: { verified: false } }]);
    expect(told()).toEqual([expect.stringMatching(/has taken it\. It counts as unverified\.$/)]);
  });

  test('of a person whose role is too low gives no order, and says what it takes', async () => {
    await press({ value: approve, user: 'U0BEN' });
    expect(given).toEqual([]);
    expect(told()).toEqual([
      expect.stringMatching(/Not approved: ben has the role viewer, and approve takes approver/),
    ]);
  });

  test('of a guest from another workspace gives no order', async () => {
    await press({ value: approve, user: 'U0ANA', userTeam: 'T0OTHER' });
    expect(given).toEqual([]);
    expect(told()).toEqual([expect.stringMatching(/guest/)]);
  });

  test('that comes twice is one order: the recovery drops the second by its id', async () => {
    await press({ value: approve, actionTs: '1700000100.1' });
    await press({ value: approve, actionTs: '1700000100.9' });
    await press({ value: approve, actionTs: '1700009999.9' });
    expect(new Set(given.map(({ door }) => door.id)).size).toBe(1);
  });

  test('of another member, button or message is another order', async () => {
    await press({ value: approve });
    await press({ value: approve, user: 'U0EVE' });
    await press({ value: { ...approve, order: 'reject' } });
    await press({ value: { ...approve, digest: 'an0ther' } });
    await press({ value: approve, messageTs: '1700000777.000100' });
    expect(new Set(given.map(({ door }) => door.id)).size).toBe(5);
  });

  test('of a member who is listed since is a new order: what was refused to somebody unknown may be given now', async () => {
    await press({ value: approve, user: 'U0NEW' });
    people.push({ name: 'nia', slack: 'U0NEW', role: 'approver' });
    await press({ value: approve, user: 'U0NEW' });
    await press({ value: approve, user: 'U0NEW' });
    people.pop();
    expect(given.map(({ door }) => door.verified)).toEqual([false, true, true]);
    const [unknown, listed, again] = given.map(({ door }) => door.id);
    expect(listed).not.toBe(unknown);
    expect(again).toBe(listed);
    expect(listed).toMatch(/^slack-[0-9a-f]{64}$/);
  });

  test('takes a recovery over again after it was handed back', async () => {
    const takeOver: ButtonValue = { v: 1, order: 'takeOver', recoveryId };
    await press({ value: takeOver, actionTs: '1700000100.1' });
    await press({ value: takeOver, actionTs: '1700000100.9' });
    await press({ value: takeOver, actionTs: '1700000900.1' });
    expect(new Set(given.map(({ door }) => door.id)).size).toBe(2);
  });

  test('whose order is refused tells the reason', async () => {
    give = async () => {
      throw new KintsugiError('refused', 'the plan has changed since: look at it again', {
        where: 'x',
        fix: 'see show',
      });
    };
    expect(await press({ value: approve })).toMatchObject({ statusCode: 200 });
    expect(told()).toEqual(['Not approved: the plan has changed since: look at it again; see show']);
  });

  test('whose order is kept for a worker says so', async () => {
    give = async (order, id, _, door) => ({ order, id: door.id, recoveryId: id, state: 'kept', verified: false });
    await press({ value: approve });
    expect(told()).toEqual([expect.stringMatching(/order is kept/)]);
  });

  test('is acknowledged in time even where the recovery answers late, and told later', async () => {
    let answer: (() => void) | undefined;
    give = (order, id, _, door) =>
      new Promise((resolve) => {
        answer = () => resolve({ order, id: door.id, recoveryId: id, state: 'accepted', verified: true });
      });
    const started = performance.now();
    expect(await press({ value: approve })).toMatchObject({ statusCode: 200 });
    expect(performance.now() - started).toBeLessThan(2900);
    expect(responses).toEqual([]);
    answer?.();
    await app.close();
    expect(told()).toHaveLength(1);
  });

  test('is answered nowhere but at Slack', async () => {
    await press({ value: approve, responseUrl: 'http://127.0.0.1:9/steal' });
    await press({ value: approve, responseUrl: 'https://hooks.slack.com.evil.example/x' });
    expect(given).toHaveLength(2);
    expect(responses).toEqual([]);
  });
});

describe('what is no press of a button of ours', () => {
  const headers = (body: string, secret = SIGNING_SECRET, at = new Date()) => signedBy(secret, body, at);
  const body = () => formOf({ value: approve, responseUrl: responseUrl() });

  test.each<[string, (text: string) => Record<string, string>]>([
    ['by another secret', (text) => headers(text, 'another')],
    ['of six minutes ago, played back', (text) => headers(text, SIGNING_SECRET, new Date(Date.now() - 360_000))],
    ['of another body', () => headers('payload={}')],
    ['that is missing', () => ({ 'content-type': 'application/x-www-form-urlencoded' })],
  ])('a signature %s gives no order, and tells nobody why', async (_sentence, make) => {
    const payload = body();
    const answer = await app.inject({ method: 'POST', url: SLACK_ACTIONS, payload, headers: make(payload) });
    expect(answer.statusCode).toBe(401);
    expect(answer.body).not.toContain(SIGNING_SECRET);
    expect([given, responses]).toEqual([[], []]);
  });

  test('a link approves nothing', async () => {
    for (const method of ['GET', 'HEAD', 'PUT'] as const) {
      const answer = await app.inject({ method, url: `${SLACK_ACTIONS}?payload=${encodeURIComponent(body())}` });
      expect(answer.statusCode).toBe(404);
    }
    expect(given).toEqual([]);
  });

  test('a button of another app is passed over', async () => {
    expect(await press({ value: 'x', actionId: 'other' })).toMatchObject({ statusCode: 200 });
    expect(given).toEqual([]);
  });

  test('another interaction is passed over', async () => {
    const payload = new URLSearchParams({ payload: JSON.stringify({ type: 'view_closed' }) }).toString();
    const answer = await app.inject({ method: 'POST', url: SLACK_ACTIONS, payload, headers: headers(payload) });
    expect(answer.statusCode).toBe(200);
  });

  test.each<[string, string]>([
    ['no form', 'hello'],
    ['no JSON', 'payload=%7B'],
    ['a payload without a type', 'payload=%7B%7D'],
  ])('%s is invalid', async (_sentence, payload) => {
    const answer = await app.inject({ method: 'POST', url: SLACK_ACTIONS, payload, headers: headers(payload) });
    expect(answer.statusCode).toBe(400);
  });

  test('a button with an order that there is not is invalid', async () => {
    expect(await press({ value: JSON.stringify({ v: 1, order: 'close', recoveryId }) })).toMatchObject({
      statusCode: 400,
    });
    expect(given).toEqual([]);
  });
});
