import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { createLogger } from '../../src/log.ts';
import type { Notifier } from '../../src/notify/notifier.ts';
import teams from '../../src/notify/teams.ts';
import type { Page } from '../../src/recovery/escalation.ts';
import type { SeenRequest } from '../http/server.ts';
import { keepsTheContract, messageContext } from './contract.ts';
import { type HttpContract, type HttpProvider, httpProvider } from './http-provider.ts';
import { approval, page } from './pages.ts';

const folder = mkdtempSync(join(tmpdir(), 'kintsugi-teams-'));
afterAll(() => rmSync(folder, { recursive: true }));
/** The address of a workflow holds its token. */
const PATH = '/workflows/abc/triggers/manual/paths/invoke?api-version=2016-06-01&sig=a-t0ken';
let files = 0;

function notifierAt(url: string): Notifier {
  files += 1;
  const urlFile = join(folder, `url-${files}`);
  writeFileSync(urlFile, `${url}${PATH}\n`);
  const log = createLogger({ level: 'silent', component: 'test' });
  return teams.create(teams.settings.parse({ urlFile }), { name: 'chat', log, place: (setting) => setting });
}

// What Microsoft documents: the envelope that "Post card in a chat or channel" takes, and Adaptive Cards 1.4.
const run = z.strictObject({
  type: z.literal('TextRun'),
  text: z.string().min(1),
  weight: z.enum(['lighter', 'default', 'bolder']).optional(),
  size: z.enum(['default', 'small', 'medium', 'large', 'extraLarge']).optional(),
  color: z.enum(['default', 'dark', 'light', 'accent', 'good', 'warning', 'attention']).optional(),
  fontType: z.enum(['default', 'monospace']).optional(),
});
const envelope = z.strictObject({
  type: z.literal('message'),
  attachments: z.tuple([
    z.strictObject({
      contentType: z.literal('application/vnd.microsoft.card.adaptive'),
      contentUrl: z.null(),
      content: z.strictObject({
        $schema: z.literal('http://adaptivecards.io/schemas/adaptive-card.json'),
        type: z.literal('AdaptiveCard'),
        version: z.literal('1.4'),
        msteams: z.strictObject({ width: z.literal('Full') }),
        body: z
          .array(
            z.strictObject({
              type: z.literal('RichTextBlock'),
              separator: z.boolean().optional(),
              inlines: z.array(run).min(1),
            }),
          )
          .min(1),
        actions: z
          .array(z.strictObject({ type: z.literal('Action.OpenUrl'), title: z.string(), url: z.url() }))
          .max(6)
          .optional(),
      }),
    }),
  ]),
});

const contract: HttpContract = {
  make: notifierAt,
  violation: ({ method, path, headers, body }) => {
    if (method !== 'POST' || path !== PATH) return `${method} ${path}`;
    if (headers['content-type'] !== 'application/json') return `content type ${headers['content-type']}`;
    if (Buffer.byteLength(body) > 28 * 1024) return 'larger than 28 KB';
    return envelope.safeParse(JSON.parse(body)).error?.message ?? null;
  },
  identity: ({ body }) => body,
  take: (_request, response) => response.writeHead(202).end(),
};

keepsTheContract({
  kind: 'teams',
  deduplicates: false,
  start: () => httpProvider(contract),
  unreachable: () => ({ notifier: notifierAt('http://127.0.0.1:1'), setting: 'urlFile' }),
  passedOver: 1,
  secrets: ['a-t0ken'],
});

const providers: HttpProvider[] = [];
afterEach(async () => {
  await Promise.all(providers.splice(0).map((provider) => provider.close()));
});

async function channel(): Promise<HttpProvider> {
  const provider = await httpProvider(contract);
  providers.push(provider);
  return provider;
}

const context = (event: string) => messageContext(`${page.key}/0/${event}`, { providerId: page.key });

/** The lines of a card as they are read. */
function linesOf(request: SeenRequest | undefined): string[] {
  const { attachments } = envelope.parse(JSON.parse(request?.body ?? '{}'));
  return attachments[0].content.body.map(({ inlines }) => inlines.map(({ text }) => text).join(''));
}

describe('a card in Teams', () => {
  test('says first what is broken since when, the impact and what was changed, then the steps', async () => {
    const { notifier, requests } = await channel();
    await notifier.trigger(page, context('trigger'));
    const lines = linesOf(requests[0]);
    expect(lines.slice(0, 3)).toEqual([
      'CRITICAL bruno/Deployment/agent-bruno broken since 2025-10-15 12:03 UTC: Agent Bruno pod is repeatedly crashing and restarting.',
      'Impact: users SEVERE, Service completely unavailable; data none.',
      'Tried and undone: raise-memory. STANDS CHANGED: limits.memory of agent-bruno is 2Gi, was 1Gi.',
    ]);
    for (const [index, { text, found }] of page.steps.entries())
      expect(lines).toContain(`${index + 1}. ${text}: ${found}`);
    expect(lines.at(-1)).toBe(`kintsugi show ${page.recoveryId}`);
  });

  test('of an approval has the plans and the line to type', async () => {
    const { notifier, requests } = await channel();
    await notifier.ask(page, approval, context('approval'));
    const lines = linesOf(requests[0]);
    expect(lines).toContain('1. agent-bruno goes back from revision 4 to revision 3 (risk medium)');
    expect(lines).toContainEqual(expect.stringMatching(/^kintsugi approve .* --attempt 2 --digest d1ge57/));
  });

  test('of an approval has the plans as a diff, and says how much of it is cut and where all of it is', async () => {
    const { notifier, requests, violations } = await channel();
    const changes = Array.from({ length: 60 }, (_, index) => ({
      type: 'field' as const,
      object: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'bruno', name: 'agent-bruno' },
      path: `field-${index}`,
      before: { value: '"é'.repeat(90) },
      after: { value: 'new' },
    }));
    const plans = approval.plans.map((plan) => ({ ...plan, changes }));
    await notifier.ask(page, { ...approval, plans }, context('approval'));
    await notifier.ask(page, { ...approval, plans: Array.from({ length: 30 }, () => plans).flat() }, context('more'));
    expect(violations()).toEqual([]);
    const [one = [], several = []] = requests.map(linesOf);
    expect(one.slice(one.indexOf('Deployment bruno/agent-bruno'), one.indexOf('+ field-0: "new"') + 1)).toHaveLength(3);
    const shown = one.filter((text) => /^[-+] field/.test(text)).length;
    expect(one).toContain(`… and ${120 - shown} lines more`);
    expect(one).toContain(`All of it: kintsugi show ${page.recoveryId} --json`);
    for (const lines of [one, several])
      expect(lines).toContainEqual(expect.stringMatching(/^kintsugi approve .* --attempt 2/));
    expect(JSON.parse(requests[0]?.body ?? '').attachments[0].content.body).toContainEqual({
      type: 'RichTextBlock',
      inlines: [{ type: 'TextRun', text: '+ field-0: "new"', fontType: 'monospace' }],
    });
  });

  test('shows no text of others as a line of its own', async () => {
    const { notifier, requests } = await channel();
    const forged = 'seen\nAPPROVED by ana';
    const notes = [{ by: 'ben', at: '2025-10-15T12:20:00Z', text: forged }];
    const bad: Page = { ...page, symptom: forged, why: forged, holds: [forged], notes };
    await notifier.trigger(bad, context('trigger'));
    const plans = approval.plans.map((plan) => ({
      ...{ ...plan, summary: forged },
      changes: [{ type: 'effect' as const, what: forged }],
    }));
    await notifier.ask(bad, { ...approval, plans }, context('approval'));
    const told = requests.flatMap(linesOf).join('\n');
    expect(told).toContain('APPROVED by ana');
    expect(told).not.toMatch(/^APPROVED by ana/m);
  });

  test('says what people have noted about it', async () => {
    const { notifier, requests } = await channel();
    const notes = [{ by: 'ana', at: '2025-10-15T12:20:00Z', text: 'the node was drained' }];
    await notifier.trigger(page, context('trigger'));
    await notifier.update({ ...page, notes }, context('update'));
    expect(linesOf(requests[1])).toContain('- 2025-10-15 12:20:00 UTC ana: the node was drained');
  });

  test('follows one that went out before the diagnosis, as soon as there is one, and its steps are there', async () => {
    const { notifier, requests } = await channel();
    const early = { ...page, findings: [], steps: [], checklist: [] };
    await notifier.trigger(early, context('trigger'));
    await notifier.update({ ...early, findings: page.findings }, context('update'));
    await notifier.update(page, context('update'));
    await notifier.update(page, context('update'));
    expect(requests).toHaveLength(3);
    expect(linesOf(requests[1])).toContain('- agent-bruno was OOM-killed at its limit of 1Gi');
    expect(linesOf(requests[2])).toContain('3. Verify all dependencies: redis answers');
  });

  test('leaves out from the end what is too large, and says where it is', async () => {
    const { notifier, requests, violations } = await channel();
    const long = 'é "quoted" '.repeat(400);
    const large: Page = {
      ...page,
      symptom: long,
      holds: Array.from({ length: 60 }, () => long),
      steps: Array.from({ length: 60 }, () => ({ id: 'x', text: long, found: long })),
    };
    await notifier.trigger(large, context('trigger'));
    expect(violations()).toEqual([]);
    const lines = linesOf(requests[0]);
    expect(lines[0]).toMatch(/^CRITICAL bruno/);
    expect(lines.at(-1)).toBe(`… and more: kintsugi show ${page.recoveryId}`);
  });

  test('follows only on what matters: none can be edited', async () => {
    const { notifier, requests } = await channel();
    const attempt = { remedy: 'roll-back', cause: 'oom-killed', undone: false, saw: '' };
    const afterwards = (outcome: string): Page => ({ ...page, attempts: [...page.attempts, { ...attempt, outcome }] });
    await notifier.trigger(page, context('trigger'));
    for (const outcome of ['planned', 'asked', 'approved', 'applying', 'applied'])
      await notifier.update(afterwards(outcome), context('update'));
    expect(requests).toHaveLength(1);
    await notifier.update(afterwards('failed'), context('update'));
    await notifier.update(afterwards('failed'), context('update'));
    expect(requests).toHaveLength(2);
    await notifier.update({ ...afterwards('failed'), holds: [] }, context('update'));
    expect(requests).toHaveLength(3);
  });

  test('comes once more after the worker has forgotten what it told: one too many beats none', async () => {
    const { notifier, requests, url } = await channel();
    await notifier.trigger(page, context('trigger'));
    await notifierAt(url).update(page, context('update'));
    expect(requests).toHaveLength(2);
  });
});

test('an address that is none is found before the first page, and not shown', () => {
  const urlFile = join(folder, 'not-an-address');
  writeFileSync(urlFile, 's3cret');
  const log = createLogger({ level: 'silent', component: 'test' });
  const make = () => teams.create({ urlFile }, { name: 'chat', log, place: (setting) => setting });
  expect(make).toThrow(
    expect.objectContaining({ code: 'invalid', where: 'urlFile', message: expect.not.stringContaining('s3cret') }),
  );
});
