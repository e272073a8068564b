import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createAuthority, issueCertificate } from '../../dev/cluster/certificates.ts';
import { createLogger } from '../../src/log.ts';
import email from '../../src/notify/email.ts';
import type { Notifier } from '../../src/notify/notifier.ts';
import { plainText } from '../../src/notify/page.ts';
import { keepsTheContract, messageContext } from './contract.ts';
import { answer, approval, page } from './pages.ts';
import { type SeenLetter, type SmtpContract, type SmtpProvider, smtpProvider } from './smtp-provider.ts';

const PASSWORD = 'a-password-of-the-mail-server';
const dir = mkdtempSync(join(tmpdir(), 'email-'));
const passwordFile = join(dir, 'password');
writeFileSync(passwordFile, `${PASSWORD}\n`);
let caFile: string;
let pair: SmtpContract['pair'];
beforeAll(async () => {
  const authority = await createAuthority(dir, 'authority');
  caFile = authority.certificate;
  pair = await issueCertificate(authority, 'mail', { commonName: 'mail', addresses: ['127.0.0.1'] });
});
afterAll(() => rmSync(dir, { recursive: true }));

function notifier(settings: object): Notifier {
  const log = createLogger({ level: 'silent', component: 'test' });
  const whole = {
    host: '127.0.0.1',
    from: 'kintsugi@shop.example',
    to: ['ana@shop.example', 'ben@shop.example'],
    ...settings,
  };
  return email.create(email.settings.parse(whole), { name: 'mail', log, place: (setting) => setting });
}

/** What RFC 5321 and 5322 want of a letter, and what this one promises. */
function violation({ raw, headers, from, to, text }: SeenLetter): string | null {
  if (raw.replaceAll('\r\n', '').match(/[\r\n]/)) return 'a bare CR or LF';
  if (raw.split('\r\n').some((line) => Buffer.byteLength(line) > 998)) return 'a line of more than 998 bytes';
  const needed = ['from', 'to', 'date', 'message-id', 'subject', 'mime-version'];
  const missing = needed.filter((name) => !headers[name]);
  if (missing.length > 0) return `no ${missing.join(', ')}`;
  if (!/^<[0-9a-f]+@shop\.example>$/.test(headers['message-id'] ?? '')) return `id ${headers['message-id']}`;
  if (!/^text\/plain; charset=utf-8/i.test(headers['content-type'] ?? '')) return `type ${headers['content-type']}`;
  if (headers['auto-submitted'] !== 'auto-generated') return 'not marked as sent by a program';
  if (from !== 'kintsugi@shop.example' || to.join() !== 'ana@shop.example,ben@shop.example')
    return `from ${from} to ${to}`;
  return text.trim() === '' ? 'no text' : null;
}

const login = { user: 'kintsugi', password: PASSWORD };

/** A mail server that takes letters only over TLS and from who logs in. */
const strict = (): Promise<SmtpProvider> =>
  smtpProvider({
    make: (port) => notifier({ port, caFile, user: login.user, passwordFile }),
    violation: (letter) => (letter.secure && letter.user === login.user ? violation(letter) : 'in clear, or by nobody'),
    tls: 'starttls',
    pair,
    login,
  });

keepsTheContract({
  kind: 'type: email',
  deduplicates: true,
  saysHowLong: false,
  start: strict,
  unreachable: () => ({ notifier: notifier({ port: 1, user: 'kintsugi', passwordFile }), setting: 'host' }),
  secrets: [PASSWORD],
});

const closing: SmtpProvider[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((provider) => provider.close()));
});
async function server(contract: Partial<SmtpContract> = {}, settings: object = {}): Promise<SmtpProvider> {
  const tls = contract.tls ?? 'starttls';
  const make = (port: number) => notifier({ port, tls, ...(tls === 'none' ? {} : { caFile }), ...settings });
  const provider = await smtpProvider({ make, violation, tls, pair, ...contract });
  closing.push(provider);
  return provider;
}

describe('a letter', () => {
  test("has the page's first line as its subject and the whole page as plain text", async () => {
    const { notifier: mail, letters } = await server();
    await mail.trigger({ ...page, symptom: 'Störung: 🔥' }, messageContext('k'));
    expect(letters[0]?.text.trim()).toBe(plainText({ event: 'trigger', page: { ...page, symptom: 'Störung: 🔥' } }));
    expect(letters).toMatchObject([
      { headers: { from: 'Kintsugi <kintsugi@shop.example>', subject: expect.stringMatching(/./) } },
    ]);
  });

  test('is the same letter at each try, and another one for another message', async () => {
    const { notifier: mail, letters, meet } = await server();
    meet('lost', 'take');
    await mail.trigger(page, messageContext('k/1'));
    await mail.update(page, messageContext('k/2'));
    const ids = letters.map(({ headers }) => headers['message-id']);
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  test('about the same page is in the same thread, also where another notifier had the first', async () => {
    const { notifier: mail, letters } = await server();
    const { providerId } = await mail.trigger(page, messageContext('k/1'));
    await mail.update(page, messageContext('k/2', { providerId }));
    await mail.resolve(page, 'verified healthy', messageContext('k/3', { providerId: 'of-pagerduty' }));
    await mail.trigger({ ...page, key: 'another' }, messageContext('k/4'));
    const [first, second, third, other] = letters.map(({ headers }) => headers);
    expect(second?.['in-reply-to']).toBe(first?.['message-id']);
    const thread = first?.references;
    expect(second?.references?.split(' ')).toEqual([thread, first?.['message-id']]);
    expect(third?.references).toBe(thread);
    expect(other?.references).not.toBe(thread);
  });

  test('is marked as urgent where somebody has to act, and not where something is only told', async () => {
    const { notifier: mail, letters } = await server();
    await mail.trigger(page, messageContext('k/1'));
    await mail.ask(page, approval, messageContext('k/2'));
    await mail.update(page, messageContext('k/3'));
    await mail.acknowledge?.(page, 'ana', messageContext('k/4'));
    await mail.resolve(page, 'verified healthy', messageContext('k/5'));
    await mail.note?.(page, 'recovered in time', messageContext('k/6'));
    await mail.answered(page, approval, answer, messageContext('k/8'));
    await mail.trigger({ ...page, severity: 'info' }, messageContext('k/7'));
    const urgent = letters.map(({ headers }) => headers['x-priority'] !== undefined);
    expect(urgent).toEqual([true, true, false, false, false, false, false, false]);
  });

  test('of an answer is in the thread of its question', async () => {
    const { notifier: mail, letters } = await server();
    const question = { ...page, key: `${page.recoveryId}/approval/2` };
    const { providerId } = await mail.ask(question, approval, messageContext('k/1'));
    await mail.answered(question, approval, answer, messageContext('k/2', { providerId }));
    const [first, second] = letters.map(({ headers }) => headers);
    expect(second?.['in-reply-to']).toBe(first?.['message-id']);
    expect(second?.subject).toBe('APPROVED by ana: roll-back of bruno/Deployment/agent-bruno');
  });

  test('has no header that a page wrote', async () => {
    const { notifier: mail, letters, violations } = await server();
    const evil = 'x\r\nBcc: eve@evil.example\r\n\r\nanother text\u0000\u2028';
    await mail.trigger({ ...page, symptom: evil, target: { ...page.target, name: evil } }, messageContext(evil));
    expect(violations()).toEqual([]);
    expect(letters.map(({ headers, to }) => [headers.bcc, to.length])).toEqual([[undefined, 2]]);
  });

  test('with lines of any length keeps to the standards', async () => {
    const { notifier: mail, violations } = await server();
    await mail.trigger({ ...page, symptom: '🔥'.repeat(5000), holds: ['x'.repeat(100_000)] }, messageContext('k'));
    expect(violations()).toEqual([]);
  });
});

describe('a mail server', () => {
  test.each(['implicit', 'none'] as const)('with tls: %s is spoken to as it wants', async (tls) => {
    const { notifier: mail, letters } = await server({ tls });
    await mail.trigger(page, messageContext('k'));
    expect(letters.map(({ secure }) => secure)).toEqual([tls !== 'none']);
  });

  test('that offers no STARTTLS gets neither letter nor password', async () => {
    const { letters, notifier: mail } = await server({ tls: 'none' }, { tls: 'starttls', caFile });
    await expect(mail.trigger(page, messageContext('k'))).rejects.toMatchObject({
      code: 'refused',
      where: 'tls',
      retryable: false,
    });
    expect(letters).toEqual([]);
  });

  test('whose certificate nobody vouches for gets neither letter nor password', async () => {
    const { letters, notifier: mail } = await server({}, { caFile: undefined });
    await expect(mail.trigger(page, messageContext('k'))).rejects.toMatchObject({ code: 'refused', where: 'tls' });
    expect(letters).toEqual([]);
  });

  test('that refuses the password says so, with the setting and without the password', async () => {
    const { notifier: mail } = await server(
      { login: { user: 'kintsugi', password: 'another' } },
      { user: 'kintsugi', passwordFile },
    );
    const sent = mail.trigger(page, messageContext('k'));
    await expect(sent).rejects.toMatchObject({ code: 'forbidden', where: 'passwordFile', retryable: false });
    await expect(sent).rejects.not.toThrow(PASSWORD);
  });

  test('that refuses some of the recipients has taken the page; one that refuses all has not', async () => {
    const some = await server({ unknown: ['ana@shop.example'], violation: () => null });
    await some.notifier.trigger(page, messageContext('k'));
    expect(some.letters.map(({ to }) => to)).toEqual([['ben@shop.example']]);
    const all = await server({ unknown: ['ana@shop.example', 'ben@shop.example'] });
    await expect(all.notifier.trigger(page, messageContext('k'))).rejects.toMatchObject({
      code: 'refused',
      where: 'to',
    });
  });
});

test.each<[string, object, RegExp]>([
  ['a user without a password', { user: 'kintsugi' }, /user and passwordFile together/],
  ['a password that would go in clear', { user: 'k', passwordFile: '/x', tls: 'none' }, /never goes in clear/],
  ['a recipient that would be a header', { to: ['a@b.example\r\nBcc: eve@evil.example'] }, /an address like/],
])('%s is no setting', (_sentence, settings, message) => {
  const whole = { host: 'mail', from: 'a@b.example', to: ['c@d.example'], ...settings };
  expect(email.settings.safeParse(whole).error?.message).toMatch(message);
});
