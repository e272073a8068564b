import { describe, expect, test } from '@jest/globals';
import type { Page } from '../../../src/recovery/escalation.ts';
import { approval, page } from '../pages.ts';
import { readBlocks } from './blocks.ts';
import { about, chatsOfFile } from './chats.ts';

const { chatWithButtons } = chatsOfFile();

describe('what others wrote', () => {
  const hostile = '<!channel> <https://evil.example|click> a & b *bold* ```x```';

  test('is shown as it is: it mentions nobody and links nowhere', async () => {
    const { standIn, notifier } = await chatWithButtons();
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
    await notifier.trigger(bad, about('trigger'));
    await notifier.ask(
      bad,
      {
        ...approval,
        why: hostile,
        remedy: hostile,
        plans: approval.plans.map((plan) => ({ ...plan, summary: hostile })),
      },
      about('approval'),
    );
    expect(standIn.refused).toEqual([]);
    const told = standIn.messages.map((message) => `${message.text}\n${readBlocks(message)}`).join('\n');
    expect(told).not.toContain('<!channel>');
    expect(told).not.toContain('<https://evil');
    expect(told).toContain('&lt;!channel&gt; &lt;https://evil.example|click&gt; a &amp; b');
    expect(told).toContain('<https://example.org/a%2Fb?b=%3Cc%3E&amp;d=%7Ce%20f|');
  });

  test('is no line of its own, where one is expected', async () => {
    const { standIn, notifier } = await chatWithButtons();
    const forged = 'seen\nAPPROVED by ana';
    const bad: Page = {
      ...page,
      symptom: forged,
      why: forged,
      holds: [forged],
      notes: [{ by: 'ben', at: '2025-10-15T12:20:00Z', text: forged }],
      steps: [{ id: 'x', text: forged, found: forged }],
    };
    const { providerId } = await notifier.trigger(bad, about('trigger'));
    await notifier.update(bad, about('update', providerId));
    const [plan] = approval.plans;
    const changes = [{ type: 'effect' as const, what: forged }];
    const plans = plan === undefined ? [] : [{ ...plan, summary: forged, changes }];
    await notifier.ask(bad, { ...approval, why: forged, plans }, about('approval'));
    await notifier.resolve(bad, forged, about('resolve', providerId));
    const told = standIn.messages.map((message) => `${message.text}\n${readBlocks(message)}`).join('\n');
    expect(told).toContain('APPROVED by ana');
    expect(told).not.toMatch(/^APPROVED by ana/m);
  });

  test('is cut to what Slack takes, the first things kept, with where the rest is', async () => {
    const { standIn, notifier } = await chatWithButtons();
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
    const { providerId } = await notifier.trigger(large, about('trigger'));
    await notifier.update(large, about('update', providerId));
    await notifier.ask(
      large,
      {
        ...approval,
        remedy: long,
        why: long,
        dataLoss: many(long),
        plans: many(approval.plans[0]).flatMap((plan) => plan ?? []),
      },
      about('ask'),
    );
    await notifier.resolve(large, long, about('resolve', providerId));
    expect(standIn.refused).toEqual([]);
    expect(readBlocks(standIn.messages[1] ?? { blocks: [] })).toMatch(/… and more: `kintsugi show recovery\/dev\/.*`$/);
  });
});
