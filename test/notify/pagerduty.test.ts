import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { createLogger } from '../../src/log.ts';
import type { Notifier } from '../../src/notify/notifier.ts';
import pagerduty from '../../src/notify/pagerduty.ts';
import { keepsTheContract, messageContext } from './contract.ts';
import { type HttpProvider, httpProvider } from './http-provider.ts';
import { eventOf, eventViolation, takeEvent } from './pagerduty-contract.ts';
import { answer, approval, page } from './pages.ts';

const KEY = 'R0123456789abcdef0123456789abcde';
const dir = mkdtempSync(join(tmpdir(), 'pagerduty-'));
const routingKeyFile = join(dir, 'routing-key');
writeFileSync(routingKeyFile, `${KEY}\n`);
afterAll(() => rmSync(dir, { recursive: true }));

function notifier(url: string): Notifier {
  const log = createLogger({ level: 'silent', component: 'test' });
  const dependencies = {
    name: 'oncall',
    log,
    place: (setting: string) => setting,
    publicUrl: 'https://kintsugi.example',
  };
  return pagerduty.create(pagerduty.settings.parse({ routingKeyFile, url }), dependencies);
}

/** The Events API v2 as it is documented: 202 with the dedup_key, 400 with the errors, 512 KB at most. */
function pagerDuty(): Promise<HttpProvider> {
  return httpProvider({
    make: (url) => notifier(`${url}/v2/enqueue`),
    violation: eventViolation,
    identity: (request) => JSON.stringify([eventOf(request).dedup_key, eventOf(request).event_action]),
    take: takeEvent,
    refuse: (_request, response) =>
      response.writeHead(400, { 'content-type': 'application/json' }).end(
        JSON.stringify({
          status: 'invalid event',
          message: 'Event object is invalid',
          errors: [`no such key: ${KEY}`],
        }),
      ),
  });
}

keepsTheContract({
  kind: 'type: pagerduty',
  deduplicates: true,
  start: pagerDuty,
  unreachable: () => ({ notifier: notifier('http://127.0.0.1:1/v2/enqueue'), setting: 'url' }),
  secrets: [KEY],
});

const closing: HttpProvider[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((provider) => provider.close()));
});
async function started(): Promise<HttpProvider> {
  const provider = await pagerDuty();
  closing.push(provider);
  return provider;
}

describe('an event for PagerDuty', () => {
  test("has the page's first line, where it is, since when and what it is about", async () => {
    const { notifier: oncall, requests } = await started();
    const { providerId } = await oncall.trigger(page, messageContext('k'));
    expect(providerId).toBe(page.key);
    expect(requests.map(eventOf)).toMatchObject([
      {
        event_action: 'trigger',
        routing_key: KEY,
        dedup_key: page.key,
        client_url: 'https://kintsugi.example',
        links: [{ href: 'http://127.0.0.1:8233/x', text: 'Temporal UI' }],
        payload: {
          summary: expect.stringMatching(/^CRITICAL bruno\/Deployment\/agent-bruno broken since/),
          source: 'dev/bruno/deployment/agent-bruno',
          severity: 'critical',
          timestamp: '2025-10-15T12:03:04.000Z',
          component: 'agent-bruno',
          class: 'oom-killed',
          custom_details: {
            standing: page.holds,
            steps: expect.arrayContaining(['Verify all dependencies: redis answers']),
            page: expect.stringContaining('Written steps'),
          },
        },
      },
    ]);
  });

  test('about the same page has the same dedup_key, also where PagerDuty gave one of its own', async () => {
    const { notifier: oncall, requests } = await started();
    await oncall.trigger(page, messageContext('k/1'));
    await oncall.update(page, messageContext('k/2'));
    await oncall.acknowledge?.(page, 'ana', messageContext('k/3'));
    await oncall.resolve(page, 'verified healthy', messageContext('k/4'));
    await oncall.resolve(page, 'verified healthy', messageContext('k/5', { providerId: 'theirs' }));
    const events = requests.map(eventOf).map(({ event_action, dedup_key }) => [event_action, dedup_key]);
    expect(events).toEqual([
      ['trigger', page.key],
      ['trigger', page.key],
      ['acknowledge', page.key],
      ['resolve', page.key],
      ['resolve', 'theirs'],
    ]);
  });

  test('of a question says what is to be approved, and how', async () => {
    const { notifier: oncall, requests } = await started();
    await oncall.ask({ ...page, key: 'recovery/x/approval/2' }, approval, messageContext('k'));
    expect(requests.map(eventOf)).toMatchObject([
      {
        dedup_key: 'recovery/x/approval/2',
        payload: {
          summary: expect.stringMatching(/^APPROVAL NEEDED for roll-back/),
          custom_details: { page: expect.stringContaining('kintsugi approve') },
        },
      },
    ]);
  });

  test('resolves the alert of a question when it is answered, and that of the page not', async () => {
    const { notifier: oncall, requests } = await started();
    const question = { ...page, key: 'recovery/x/approval/2' };
    const { providerId } = await oncall.ask(question, approval, messageContext('k'));
    await oncall.answered(question, approval, answer, messageContext('k/answered', { providerId }));
    expect(requests.map(eventOf).map(({ event_action, dedup_key }) => [event_action, dedup_key])).toEqual([
      ['trigger', 'recovery/x/approval/2'],
      ['resolve', 'recovery/x/approval/2'],
    ]);
  });

  test.each([
    ['critical', 'critical'],
    ['warning', 'warning'],
    ['info', 'info'],
    ['catastrophe', 'critical'],
  ])('of severity %s is %s there', async (severity, expected) => {
    const { notifier: oncall, requests } = await started();
    await oncall.trigger({ ...page, severity }, messageContext('k'));
    expect(requests.map(eventOf)).toMatchObject([{ payload: { severity: expected } }]);
  });

  test.each<[string, string]>([
    ['plain letters', 'x'],
    ['characters of four bytes', '🔥'],
    ['characters that JSON writes as six bytes', '\u0001'],
  ])('stays within the documented limits for a page full of %s', async (_sentence, letter) => {
    const { notifier: oncall, requests, violations } = await started();
    const long = letter.repeat(40_000);
    const [finding] = page.findings;
    const monster = {
      ...page,
      symptom: long,
      title: long,
      why: long,
      team: long,
      component: long,
      brokenSince: 'a while ago',
      holds: Array.from({ length: 100 }, () => long),
      findings: Array.from({ length: 50 }, () => ({ ...finding, summary: long }) as (typeof page.findings)[number]),
      steps: page.steps.map((step) => ({ ...step, found: long })),
      links: Array.from({ length: 100 }, () => ({ title: long, url: 'https://x.example' })).concat({
        title: 'no',
        url: 'file:/x',
      }),
    };
    await oncall.trigger(monster, messageContext('k'));
    expect(violations()).toEqual([]);
    expect(requests).toHaveLength(1);
  });
});

describe('what PagerDuty does not take', () => {
  test('is told with its own words and the setting, without the key', async () => {
    const provider = await started();
    provider.meet('refuse');
    const sent = provider.notifier.trigger(page, messageContext('k'));
    await expect(sent).rejects.toMatchObject({
      code: 'refused',
      message: 'PagerDuty answered 400: Event object is invalid: no such key: ***',
      where: 'routingKeyFile',
    });
  });

  test('is anything but a 202: a page that a proxy answers with 200 has reached nobody', async () => {
    const provider = await httpProvider({
      make: (url) => notifier(url),
      violation: () => null,
      identity: () => '',
      take: (_request, response) => response.writeHead(200).end('<html>welcome</html>'),
    });
    closing.push(provider);
    await expect(provider.notifier.trigger(page, messageContext('k'))).rejects.toMatchObject({ code: 'refused' });
  });
});

test('a file that holds no integration key is a fault at the start, which does not show it', () => {
  const other = join(dir, 'other');
  writeFileSync(other, 'xoxb-a-token-of-something-else');
  const make = () =>
    pagerduty.create(pagerduty.settings.parse({ routingKeyFile: other }), {
      name: 'oncall',
      log: createLogger({ level: 'silent', component: 'test' }),
      place: (setting) => setting,
    });
  expect(make).toThrow(/holds no integration key/);
  expect(make).not.toThrow(/xoxb/);
});
