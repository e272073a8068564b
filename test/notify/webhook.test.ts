import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { createLogger } from '../../src/log.ts';
import type { Notifier } from '../../src/notify/notifier.ts';
import webhook, { environmentWebhook } from '../../src/notify/webhook.ts';
import { keepsTheContract, messageContext } from './contract.ts';
import { type HttpContract, httpProvider } from './http-provider.ts';
import { answer, approval, page } from './pages.ts';

const log = createLogger({ level: 'silent', component: 'test' });
const dir = mkdtempSync(join(tmpdir(), 'webhook-'));
afterAll(() => rmSync(dir, { recursive: true }));

const SECRET = 'a-key-that-signs-pages';
const secretFile = join(dir, 'secret');
writeFileSync(secretFile, `${SECRET}\n`);

function named(settings: object): Notifier {
  return webhook.create(webhook.settings.parse(settings), { name: 'chat', log, place: (setting) => setting });
}

const signature = (body: string) => `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`;

/** What docs/operating.md promises a receiver. */
const contract = (make: HttpContract['make']): HttpContract => ({
  make,
  violation: ({ method, path, headers, body }) => {
    if (method !== 'POST' || path !== '/hook') return `${method} ${path}`;
    if (headers['content-type'] !== 'application/json') return `content type ${headers['content-type']}`;
    if (!headers['idempotency-key']) return 'no Idempotency-Key';
    if (headers['x-kintsugi-signature'] !== signature(body)) return 'not signed';
    const { v, key, messageKey, text } = JSON.parse(body);
    if (v !== 1 || key !== page.key || !text || messageKey !== headers['idempotency-key']) return `body ${body}`;
    return null;
  },
  identity: ({ headers }) => String(headers['idempotency-key']),
  take: (_request, response) => response.writeHead(202).end(),
});

const makers: [string, string, HttpContract['make']][] = [
  ['the webhook of the environment', 'KINTSUGI_WEBHOOK_URL', (url) => environmentWebhook(`${url}/hook`, SECRET)],
  ['type: webhook', 'url', (url) => named({ url: `${url}/hook`, secretFile })],
];

for (const [kind, setting, make] of makers) {
  keepsTheContract({
    kind,
    deduplicates: true,
    start: () => httpProvider(contract(make)),
    unreachable: () => ({ notifier: make('http://127.0.0.1:1/token-in-path'), setting }),
    secrets: ['token-in-path', SECRET],
  });
}

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((provider) => provider.close()));
});

/** A receiver that answers what it takes with this body. */
async function receiver(make: HttpContract['make'], body = '') {
  const made = await httpProvider({
    make,
    violation: () => null,
    identity: () => '',
    take: (_request, response) => response.writeHead(200).end(body),
  });
  closing.push(made);
  return made;
}

describe('a page that a webhook takes', () => {
  const plain = (url: string) => environmentWebhook(url);

  test('is one POST with the contract as its body and the message key as Idempotency-Key', async () => {
    const { notifier, requests } = await receiver(plain);
    const messageKey = `${page.key}/0/trigger/7`;
    expect(await notifier.trigger(page, messageContext(messageKey))).toEqual({ providerId: page.key });
    expect(requests).toMatchObject([{ method: 'POST', headers: { 'idempotency-key': messageKey } }]);
    expect(JSON.parse(requests[0]?.body ?? '')).toMatchObject({ v: 1, event: 'trigger', key: page.key });
  });

  test("has the receiver's own id, where its answer names one", async () => {
    const { notifier } = await receiver(plain, '{"id": "incident-9"}');
    expect(await notifier.trigger(page, messageContext('k'))).toEqual({ providerId: 'incident-9' });
  });

  test('is followed by every other message under the same page key', async () => {
    const { notifier, requests } = await receiver(plain);
    await notifier.update(page, messageContext('k/1'));
    await notifier.acknowledge?.(page, 'ana', messageContext('k/2'));
    await notifier.resolve(page, 'verified healthy', messageContext('k/3'));
    await notifier.ask(page, approval, messageContext('k/4'));
    await notifier.answered(page, approval, answer, messageContext('k/5'));
    await notifier.note?.(page, 'in time', messageContext('k/6'));
    const bodies = requests.map(({ body }) => JSON.parse(body));
    expect(bodies).toMatchObject([
      { event: 'update' },
      { event: 'acknowledge', acknowledgedBy: 'ana' },
      { event: 'resolve', reason: 'verified healthy' },
      { event: 'approval', approval: { digest: 'd1ge57' } },
      {
        event: 'answered',
        approval: { digest: 'd1ge57' },
        answer: { outcome: 'approved', by: ['ana'], why: 'by ana' },
        text: 'APPROVED by ana: roll-back of bruno/Deployment/agent-bruno',
      },
      { event: 'note', text: expect.stringContaining('in time') },
    ]);
    expect(new Set(bodies.map(({ key }) => key))).toEqual(new Set([page.key]));
  });
});

describe('a webhook that does not take a page', () => {
  test.each<[number, object]>([
    [401, { code: 'forbidden', retryable: false }],
    [404, { code: 'not-found', retryable: false }],
    [302, { code: 'refused', retryable: false }],
  ])('with %i is not asked again, and a redirect is not followed', async (refusal, error) => {
    const make = (url: string) => environmentWebhook(`${url}/hook`, SECRET);
    const made = await httpProvider({
      ...contract(make),
      refuse: (_request, response) => response.writeHead(refusal, { location: '/elsewhere' }).end(),
    });
    closing.push(made);
    made.meet('refuse');
    await expect(made.notifier.trigger(page, messageContext('k'))).rejects.toMatchObject(error);
    expect(made.requests).toHaveLength(1);
  });
});

describe('the address and the key of a named webhook', () => {
  test('may stand in files, which are read at each message: a Secret may change', async () => {
    const { url, requests } = await receiver((address) => named({ url: address }));
    const urlFile = join(dir, 'address');
    writeFileSync(urlFile, 'http://127.0.0.1:1/nobody');
    const notifier = named({ urlFile });
    writeFileSync(urlFile, `${url}/hook\n`);
    await notifier.trigger(page, messageContext('k'));
    expect(requests).toMatchObject([{ path: '/hook' }]);
  });

  test('that is none is a fault that does not show it', () => {
    const urlFile = join(dir, 'no-address');
    writeFileSync(urlFile, 'token-in-path');
    expect(() => named({ urlFile })).toThrow(/holds no address/);
    expect(() => named({ urlFile })).not.toThrow(/token-in-path/);
  });
});

describe('the headers and the body of a named webhook', () => {
  test('are what the settings say, with the values of the page, and signed as they are sent', async () => {
    const headersFile = join(dir, 'headers');
    writeFileSync(headersFile, 'Authorization: Bearer of-the-receiver\n');
    const body = {
      message: '$headline',
      cost: '$$5',
      nested: [{ who: 'team $team: $severity' }, 7, null],
      whole: '$page',
    };
    const { notifier, requests } = await receiver((url) =>
      named({ url, secretFile, headers: { 'X-Team': 'shop' }, headersFile, body }),
    );
    await notifier.update(page, messageContext('k/1'));
    const [request] = requests;
    expect(request?.headers).toMatchObject({
      authorization: 'Bearer of-the-receiver',
      'x-team': 'shop',
      'content-type': 'application/json',
      'idempotency-key': 'k/1',
      'x-kintsugi-signature': signature(request?.body ?? ''),
    });
    expect(JSON.parse(request?.body ?? '')).toEqual({
      message: expect.stringMatching(/^UPDATE \(CRITICAL\) bruno/),
      cost: '$5',
      nested: [{ who: 'team agent-bruno: critical' }, 7, null],
      whole: expect.objectContaining({ v: 1, event: 'update', key: page.key }),
    });
  });

  test('hold a page that looks like a template, or like JSON, as it is', async () => {
    const { notifier, requests } = await receiver((url) => named({ url, body: { text: 'x $symptom y' } }));
    await notifier.trigger({ ...page, symptom: '$team $$ $& "quoted"\n' }, messageContext('k'));
    expect(JSON.parse(requests[0]?.body ?? '')).toEqual({ text: 'x $team $$ $& "quoted"\n y' });
  });

  test.each<[string, object, RegExp]>([
    ['a name that nothing has', { body: { a: ['$titel'] } }, /did you mean \\"title\\"\?/],
    ['the whole page within a text', { body: { a: 'see $page' } }, /by itself/],
    ["a header that is Kintsugi's own", { headers: { 'Idempotency-Key': 'x' } }, /Kintsugi writes this one itself/],
    ['a header of two lines', { headers: { 'X-A': 'a\r\nX-B: b' } }, /plain characters/],
  ])('with %s are no settings', (_sentence, settings, message) => {
    expect(webhook.settings.safeParse({ url: 'http://x.example', ...settings }).error?.message).toMatch(message);
  });

  test('with a file that holds no headers are a fault that does not show it', () => {
    const headersFile = join(dir, 'no-headers');
    writeFileSync(headersFile, 'a-token-alone\n');
    expect(() => named({ url: 'http://x.example', headersFile })).toThrow(/line 1 is no header/);
    expect(() => named({ url: 'http://x.example', headersFile })).not.toThrow(/a-token-alone/);
  });
});
