import { createHmac } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createLogger } from '../../src/log.ts';
import type { Notifier } from '../../src/notify/notifier.ts';
import webhook from '../../src/notify/webhook.ts';
import { type SeenRequest, startServer, type TestServer } from '../http/server.ts';
import { approval, page } from './pages.ts';

const log = createLogger({ level: 'silent', component: 'test' });
const context = (signal = new AbortController().signal) => ({ messageKey: `${page.key}/0/trigger/7`, signal });

const servers: TestServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

type Answer = (request: SeenRequest, response: ServerResponse) => void;

/** A receiver that gives the answers in turn, the last one for ever, and the notifier that posts to it. */
async function receiver(
  answers: Answer[],
  webhookSecret?: string,
): Promise<{ server: TestServer; notifier: Notifier }> {
  let next = 0;
  const server = await startServer((request, response) => {
    const answer = answers[Math.min(next, answers.length - 1)];
    next += 1;
    answer?.(request, response);
  });
  servers.push(server);
  const settings = { log, webhookUrl: `${server.url}/hook`, ...(webhookSecret === undefined ? {} : { webhookSecret }) };
  const notifier = webhook.create(settings);
  if (notifier === null) throw new Error('the webhook has its settings and was not made');
  return { server, notifier };
}

const status =
  (code: number, body = ''): Answer =>
  (_request, response) =>
    response.writeHead(code).end(body);
const reset: Answer = (_request, response) => response.socket?.destroy();
const hang: Answer = () => undefined;

describe('a page that the receiver takes', () => {
  test('is one POST with the contract as its body and the message key as Idempotency-Key', async () => {
    const { server, notifier } = await receiver([status(202)]);
    expect(await notifier.trigger(page, context())).toEqual({ providerId: page.key });
    expect(server.seen).toHaveLength(1);
    expect(server.seen[0]).toMatchObject({
      method: 'POST',
      path: '/hook',
      headers: { 'content-type': 'application/json', 'idempotency-key': `${page.key}/0/trigger/7` },
    });
    expect(JSON.parse(server.seen[0]?.body ?? '')).toMatchObject({ v: 1, event: 'trigger', key: page.key });
  });

  test("has the receiver's own id, where its answer names one", async () => {
    const { notifier } = await receiver([status(200, '{"id": "incident-9"}')]);
    expect(await notifier.trigger(page, context())).toEqual({ providerId: 'incident-9' });
  });

  test('is signed with the secret, over the very bytes of the body', async () => {
    const { server, notifier } = await receiver([status(200)], 'k3y');
    await notifier.trigger(page, context());
    const expected = createHmac('sha256', 'k3y')
      .update(server.seen[0]?.body ?? '')
      .digest('hex');
    expect(server.seen[0]?.headers['x-kintsugi-signature']).toBe(`sha256=${expected}`);
  });

  test('is followed by update, resolution and approval under the same page key', async () => {
    const { server, notifier } = await receiver([status(200)]);
    await notifier.update(page, context());
    await notifier.resolve(page, 'verified healthy', context());
    await notifier.ask(page, approval, context());
    const bodies = server.seen.map(({ body }) => JSON.parse(body));
    expect(bodies.map(({ event }) => event)).toEqual(['update', 'resolve', 'approval']);
    expect(new Set(bodies.map(({ key }) => key))).toEqual(new Set([page.key]));
  });
});

describe('a page that the receiver takes late', () => {
  test.each<[string, Answer]>([
    ['429', status(429)],
    ['503', status(503)],
    ['a reset connection', reset],
    ['its answer lost after it was accepted', reset],
  ])('is repeated after %s, under the same Idempotency-Key', async (_sentence, fault) => {
    const { server, notifier } = await receiver([fault, status(200)]);
    await notifier.trigger(page, context());
    expect(server.seen).toHaveLength(2);
    expect(new Set(server.seen.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
    expect(server.seen[0]?.body).toBe(server.seen[1]?.body);
  });

  test('is repeated after a hang', async () => {
    const { server, notifier } = await receiver([hang, status(200)]);
    await notifier.trigger(page, context());
    expect(server.seen).toHaveLength(2);
  }, 15_000);
});

describe('a page that the receiver does not take', () => {
  test.each<[string, Answer, number, object]>([
    ['400 is final', status(400), 1, { code: 'refused', retryable: false }],
    ['401 is final', status(401), 1, { code: 'forbidden', retryable: false }],
    ['404 is final', status(404), 1, { code: 'not-found', retryable: false }],
    ['a redirect is not followed', status(302), 1, { code: 'refused', retryable: false }],
    ['500 for ever ends after three tries', status(500), 3, { code: 'unavailable', retryable: true }],
    ['resets for ever end after three tries', reset, 3, { code: 'unavailable', retryable: true }],
  ])('%s', async (_sentence, answer, tries, error) => {
    const { server, notifier } = await receiver([answer]);
    await expect(notifier.trigger(page, context())).rejects.toMatchObject({ name: 'KintsugiError', ...error });
    expect(server.seen).toHaveLength(tries);
  });

  test('has an error without the address, which may hold a token', async () => {
    const notifier = webhook.create({ log, webhookUrl: 'http://127.0.0.1:1/token-in-path' });
    const failure = await notifier?.trigger(page, context()).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ code: 'unavailable', where: 'KINTSUGI_WEBHOOK_URL' });
    expect(String(failure)).not.toContain('token-in-path');
  });

  test('is given up promptly when the activity is cancelled', async () => {
    const cancellation = new AbortController();
    const { server, notifier } = await receiver([() => cancellation.abort()]);
    await expect(notifier.trigger(page, context(cancellation.signal))).rejects.toThrow();
    expect(server.seen).toHaveLength(1);
  });
});

test('without an address there is no webhook', () => {
  expect(webhook.create({ log })).toBeNull();
});
