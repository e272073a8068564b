import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { createLogger } from '../../../src/log.ts';
import type { Notifier } from '../../../src/notify/notifier.ts';
import { buttonValue } from '../../../src/notify/slack/buttons.ts';
import slack from '../../../src/notify/slack.ts';
import type { Page } from '../../../src/recovery/activities.ts';
import { keepsTheContract, type Meeting, messageContext, type Provider } from '../contract.ts';
import { approval, page } from '../pages.ts';
import { buttonNamed, buttonsOf, readBlocks } from './blocks.ts';
import { CHANNEL, type Met, type SlackStandIn, startSlack, TOKEN } from './stand-in.ts';

const folder = mkdtempSync(join(tmpdir(), 'kintsugi-slack-'));
const tokenFile = join(folder, 'token');
const otherTokenFile = join(folder, 'other-token');
writeFileSync(tokenFile, `${TOKEN}\n`);
writeFileSync(otherTokenFile, 'xoxb-2-revoked');
afterAll(() => rmSync(folder, { recursive: true }));

function notifierAt(apiUrl: string, settings: object = {}): Notifier {
  const log = createLogger({ level: 'silent', component: 'test' });
  const parsed = slack.settings.parse({ tokenFile, channel: CHANNEL.name, apiUrl, ...settings });
  return slack.create(parsed, { name: 'chat', log, place: (setting) => `kintsugi.yaml: ${setting}` });
}

const MET: Record<Meeting, Met> = {
  take: 'take',
  overload: { status: 429, retryAfter: '1' },
  'overload-long': { status: 429, retryAfter: '600' },
  fault: { status: 500 },
  refuse: { error: 'channel_not_found' },
  hang: 'hang',
  reset: 'reset',
  lost: 'lost',
};

keepsTheContract({
  kind: 'slack',
  deduplicates: false,
  async start(): Promise<Provider> {
    const standIn = await startSlack();
    return {
      notifier: notifierAt(standIn.apiUrl, { signingSecretFile: tokenFile }),
      meet: (...meetings) => standIn.meet(...meetings.map((meeting) => MET[meeting])),
      seen: () => standIn.requests.map(({ body }) => body),
      violations: () => standIn.refused,
      close: () => standIn.close(),
    };
  },
  unreachable: () => ({ notifier: notifierAt('http://127.0.0.1:1/api/'), setting: 'tokenFile' }),
  secrets: [TOKEN],
});

const standIns: SlackStandIn[] = [];
afterEach(async () => {
  await Promise.all(standIns.splice(0).map((standIn) => standIn.close()));
});

async function chat(settings: object = {}): Promise<{ standIn: SlackStandIn; notifier: Notifier }> {
  const standIn = await startSlack();
  standIns.push(standIn);
  return { standIn, notifier: notifierAt(standIn.apiUrl, settings) };
}

const withButtons = { signingSecretFile: tokenFile };
const context = (event: string, providerId?: string) =>
  messageContext(`${page.key}/0/${event}`, providerId === undefined ? {} : { providerId });

describe('a page in Slack', () => {
  test('is one message with the written steps in its thread, known by the id of its channel', async () => {
    const { standIn, notifier } = await chat();
    const { providerId } = await notifier.trigger(page, context('trigger'));
    const [message, steps] = standIn.messages;
    expect(providerId).toBe(`${CHANNEL.id}/${message?.ts}`);
    expect(standIn.messages).toHaveLength(2);
    expect(steps).toMatchObject({ threadTs: message?.ts });
    for (const [index, { text, found }] of page.steps.entries())
      expect(readBlocks(steps ?? { blocks: [] })).toContain(`${index + 1}. ${text}: ${found}`);
  });

  test('says in its first lines, and in the notification, what is broken since when, the impact, what was changed', async () => {
    const { standIn, notifier } = await chat();
    await notifier.trigger(page, context('trigger'));
    const [message] = standIn.messages;
    const [first] = readBlocks(message ?? { blocks: [] }).split('\n\n');
    expect(first).toBe(
      [
        ':red_circle: *CRITICAL bruno/Deployment/agent-bruno broken since 2025-10-15 12:03 UTC: Agent Bruno pod is repeatedly crashing and restarting.*',
        'Impact: users SEVERE, Service completely unavailable; data none.',
        'Tried and undone: raise-memory. STANDS CHANGED: limits.memory of agent-bruno is 2Gi, was 1Gi.',
      ].join('\n'),
    );
    expect(message?.text).toMatch(
      /^CRITICAL bruno\/Deployment\/agent-bruno broken since .* STANDS CHANGED: .* was 1Gi\.$/,
    );
  });

  test('is edited in place by news, with a short answer in the thread', async () => {
    const { standIn, notifier } = await chat();
    const { providerId } = await notifier.trigger(page, context('trigger'));
    const attempts = [
      ...page.attempts,
      { ...page.attempts[0], remedy: 'roll-back', outcome: 'applied', undone: false },
    ];
    await notifier.update({ ...page, attempts } as Page, context('update', providerId));
    const [message, , news] = standIn.messages;
    expect(message).toMatchObject({ edits: 1 });
    expect(readBlocks(message ?? { blocks: [] })).toContain('roll-back for oom-killed: applied');
    expect(news).toMatchObject({ threadTs: message?.ts });
    expect(standIn.messages).toHaveLength(3);
  });

  test('is resolved in place and in its thread, and nothing is left to press', async () => {
    const { standIn, notifier } = await chat(withButtons);
    const { providerId } = await notifier.trigger(page, context('trigger'));
    await notifier.resolve(page, 'a remedy verified: the target is healthy', context('resolve', providerId));
    const [message, , answer] = standIn.messages;
    expect(readBlocks(message ?? { blocks: [] })).toMatch(
      /^:white_check_mark: \*RESOLVED bruno\/Deployment\/agent-bruno: a remedy verified/,
    );
    expect(buttonsOf(message ?? { blocks: [] })).toEqual([]);
    expect(answer).toMatchObject({ threadTs: message?.ts, text: expect.stringContaining('RESOLVED') });
  });

  test('says who has it, once somebody has acknowledged it', async () => {
    const { standIn, notifier } = await chat(withButtons);
    const { providerId } = await notifier.trigger(page, context('trigger'));
    const acknowledged = { by: 'ana', at: '2025-10-15T12:20:00Z', verified: true };
    await notifier.acknowledge?.({ ...page, acknowledged }, 'ana', context('acknowledge', providerId));
    const [message] = standIn.messages;
    expect(readBlocks(message ?? { blocks: [] })).toMatch(/^:large_yellow_circle:[\s\S]*\*In the hands of ana since/);
    expect(buttonsOf(message ?? { blocks: [] }).map(({ text }) => text.text)).toEqual(['Take over']);
  });

  test('says who has taken the recovery over, and nothing is left to press then', async () => {
    const { standIn, notifier } = await chat(withButtons);
    const { providerId } = await notifier.trigger(page, context('trigger'));
    const at = '2025-10-15T12:20:00Z';
    const takenOver = { by: 'ana', at, reason: 'I know this one', putBack: ['raise-memory: put back'] };
    const acknowledged = { by: 'ana', at, verified: true };
    await notifier.update({ ...page, takenOver, acknowledged }, context('update', providerId));
    const [message] = standIn.messages;
    expect(readBlocks(message ?? { blocks: [] })).toMatch(/\*[^*]*ana[^*]*I know this one/);
    expect(buttonsOf(message ?? { blocks: [] })).toEqual([]);
  });

  test('that came before the diagnosis has its steps in the thread as soon as they are known, once', async () => {
    const { standIn, notifier } = await chat();
    const early = { ...page, steps: [], checklist: [], prevention: [] };
    const { providerId } = await notifier.trigger(early, context('trigger'));
    expect(standIn.messages).toHaveLength(1);
    await notifier.update(page, context('update', providerId));
    await notifier.update(page, context('update', providerId));
    const steps = standIn.messages.filter((message) => readBlocks(message).startsWith('*Written steps*'));
    expect(steps).toMatchObject([{ threadTs: standIn.messages[0]?.ts }]);
    expect(standIn.refused).toEqual([]);
  });

  test('whose message somebody has deleted is posted anew', async () => {
    const { standIn, notifier } = await chat();
    await notifier.update(page, context('update', `${CHANNEL.id}/1699999999.000100`));
    expect(standIn.messages[0]).toMatchObject({ text: expect.stringContaining('CRITICAL') });
    expect(standIn.messages[0]).not.toHaveProperty('threadTs');
  });

  test('whose first answer was lost is resolved by a message of its own', async () => {
    const { standIn, notifier } = await chat();
    await notifier.resolve(page, 'healthy', context('resolve'));
    expect(standIn.messages[0]).toMatchObject({ text: expect.stringContaining('RESOLVED') });
  });

  test('is taken even where the answer in its thread is not', async () => {
    const { standIn, notifier } = await chat();
    standIn.meet('take', { error: 'restricted_action_thread_locked' });
    await expect(notifier.trigger(page, context('trigger'))).resolves.toEqual({ providerId: expect.any(String) });
  });

  test('is edited again after a lost answer: an edit comes to the same twice', async () => {
    const { standIn, notifier } = await chat();
    const { providerId } = await notifier.trigger(page, context('trigger'));
    standIn.meet('lost', { status: 502 }, 'take');
    await notifier.update(page, context('update', providerId));
    expect(standIn.messages[0]).toMatchObject({ edits: 2 });
  });
});

describe('what others wrote', () => {
  const hostile = '<!channel> <https://evil.example|click> a & b *bold* ```x```';

  test('is shown as it is: it mentions nobody and links nowhere', async () => {
    const { standIn, notifier } = await chat(withButtons);
    const bad: Page = {
      ...page,
      symptom: hostile,
      title: hostile,
      why: hostile,
      holds: [hostile],
      patch: hostile,
      person: hostile,
      contact: hostile,
      findings: page.findings.map((finding) => ({
        ...finding,
        summary: hostile,
        quotes: [{ source: hostile, text: hostile }],
      })),
      links: [{ title: hostile, url: 'https://example.org/a%2Fb?b=<c>&d=|e f' }],
      steps: [{ id: 'x', text: hostile, found: hostile }],
    };
    await notifier.trigger(bad, context('trigger'));
    await notifier.ask(
      bad,
      {
        ...approval,
        why: hostile,
        remedy: hostile,
        plans: approval.plans.map((plan) => ({ ...plan, summary: hostile })),
      },
      context('approval'),
    );
    expect(standIn.refused).toEqual([]);
    const told = standIn.messages.map((message) => `${message.text}\n${readBlocks(message)}`).join('\n');
    expect(told).not.toContain('<!channel>');
    expect(told).not.toContain('<https://evil');
    expect(told).toContain('&lt;!channel&gt; &lt;https://evil.example|click&gt; a &amp; b');
    expect(told).toContain('<https://example.org/a%2Fb?b=%3Cc%3E&amp;d=%7Ce%20f|');
  });

  test('is cut to what Slack takes, the first things kept, with where the rest is', async () => {
    const { standIn, notifier } = await chat(withButtons);
    const long = 'x & y < z. '.repeat(400);
    const many = <T>(item: T): T[] => Array.from({ length: 60 }, () => item);
    const large: Page = {
      ...page,
      symptom: long,
      why: long,
      holds: many(long),
      patch: long,
      attempts: many({ remedy: long, cause: long, outcome: 'undone', undone: true, saw: long, found: many(long) }),
      steps: many({ id: 'x', text: long, found: long }),
      links: many({ title: long, url: 'https://example.org/' }),
      dataLoss: many(long),
      checklist: many({ id: 'x', text: long, state: 'found' as const, saw: long }),
    };
    const { providerId } = await notifier.trigger(large, context('trigger'));
    await notifier.update(large, context('update', providerId));
    await notifier.ask(
      large,
      {
        ...approval,
        remedy: long,
        why: long,
        dataLoss: many(long),
        plans: many(approval.plans[0]).flatMap((plan) => plan ?? []),
      },
      context('ask'),
    );
    await notifier.resolve(large, long, context('resolve', providerId));
    expect(standIn.refused).toEqual([]);
    expect(readBlocks(standIn.messages[1] ?? { blocks: [] })).toMatch(/… and more: `kintsugi show recovery\/dev\/.*`$/);
  });
});

describe('a question for approval in Slack', () => {
  test('is a message of its own, loudly in the channel, with plans, until when, and the line to type', async () => {
    const { standIn, notifier } = await chat(withButtons);
    await notifier.ask(page, approval, context('approval'));
    const [message] = standIn.messages;
    const text = readBlocks(message ?? { blocks: [] });
    expect(message?.text).toMatch(/^APPROVAL NEEDED for roll-back \(CRITICAL\)/);
    expect(text).toContain('1. agent-bruno goes back from revision 4 to revision 3 (risk medium)');
    expect(text).toContain('It takes one person. Until 2025-10-15 12:13:04 UTC, here or by');
    expect(text).toContain(`kintsugi approve ${page.recoveryId} --attempt 2 --digest d1ge57`);
    expect(text).toContain('[Approve] [Reject]');
  });

  test('stands in the channel also while a page is open: an answer in a thread wakes nobody', async () => {
    const { standIn, notifier } = await chat(withButtons);
    const { providerId } = await notifier.trigger(page, context('trigger'));
    await notifier.ask(page, approval, context('approval', providerId));
    expect(standIn.messages[2]).not.toHaveProperty('threadTs');
  });

  test('is answered by a button for exactly these plans, after they were shown once more', async () => {
    const { standIn, notifier } = await chat(withButtons);
    await notifier.ask(page, { ...approval, quorum: 2, by: [] }, context('approval'));
    const approve = buttonNamed(standIn.messages[0] ?? { blocks: [] }, 'Approve');
    expect(buttonValue.parse(JSON.parse(approve.value))).toEqual({
      v: 1,
      order: 'approve',
      recoveryId: page.recoveryId,
      n: 2,
      digest: 'd1ge57',
      left: 2,
    });
    expect(approve.confirm).toMatchObject({
      title: { text: 'Approve roll-back?' },
      text: { text: 'agent-bruno goes back from revision 4 to revision 3 (risk medium)' },
      style: 'primary',
    });
  });

  test('says in its confirmation first what data is lost', async () => {
    const { standIn, notifier } = await chat(withButtons);
    await notifier.ask(page, { ...approval, dataLoss: ['what was written since 03:00 is lost'] }, context('approval'));
    const approve = buttonNamed(standIn.messages[0] ?? { blocks: [] }, 'Approve');
    expect(approve.confirm).toMatchObject({
      text: { text: expect.stringMatching(/^DATA LOSS: what was written since 03:00 is lost\./) },
      style: 'danger',
    });
    expect(standIn.messages[0]?.text).toMatch(/^DATA LOSS:/);
  });

  test('has no buttons where no signing secret is set: they would lead nowhere', async () => {
    const { standIn, notifier } = await chat();
    await notifier.trigger(page, context('trigger'));
    await notifier.ask(page, approval, context('approval'));
    expect(standIn.messages.flatMap(buttonsOf)).toEqual([]);
    expect(readBlocks(standIn.messages[2] ?? { blocks: [] })).toContain('UTC, by\n```kintsugi approve');
  });
});

describe("Slack's refusals", () => {
  test.each<[string, Met, object]>([
    [
      'a channel that there is not',
      { error: 'channel_not_found' },
      { code: 'not-found', fix: expect.stringContaining('channel') },
    ],
    [
      'a channel that the app is not in',
      { error: 'not_in_channel' },
      { code: 'not-found', fix: expect.stringMatching(/invite/i) },
    ],
    [
      'a scope that is missing',
      { error: 'missing_scope' },
      { code: 'forbidden', fix: expect.stringContaining('chat:write') },
    ],
    ['blocks that are not valid', { error: 'invalid_blocks' }, { code: 'invalid', retryable: false }],
    ['an error that is not known', { error: 'something_new' }, { code: 'refused', retryable: false }],
    ['a proxy that forbids it', { status: 403 }, { code: 'forbidden', retryable: false }],
    [
      'an error after which the message may be there',
      { error: 'fatal_error' },
      { code: 'unavailable', retryable: false },
    ],
    ['an answer that is no JSON', { status: 200, body: '<html>' }, { code: 'unavailable', retryable: false }],
  ])('%s', async (_sentence, met, error) => {
    const { standIn, notifier } = await chat();
    standIn.meet(met);
    await expect(notifier.trigger(page, context('trigger'))).rejects.toMatchObject(error);
    expect(standIn.requests).toHaveLength(1);
  });

  test.each<[string, Met]>([
    ['a rate limit told by 200', { error: 'ratelimited' }],
    ['a service that is away', { error: 'service_unavailable' }],
    ['a 503', { status: 503 }],
  ])('%s is tried again: nothing was taken', async (_sentence, met) => {
    const { standIn, notifier } = await chat();
    standIn.meet(met, 'take');
    await notifier.trigger(page, context('trigger'));
    expect(standIn.messages.filter(({ threadTs }) => threadTs === undefined)).toHaveLength(1);
  });

  test('a token that was revoked is forbidden, and its file named', async () => {
    const { notifier } = await chat({ tokenFile: otherTokenFile });
    await expect(notifier.trigger(page, context('trigger'))).rejects.toMatchObject({
      code: 'forbidden',
      where: expect.stringContaining('tokenFile'),
      message: expect.not.stringContaining('xoxb'),
    });
  });
});
