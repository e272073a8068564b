import { describe, expect, test } from '@jest/globals';
import type { Page } from '../../../src/recovery/escalation.ts';
import { page } from '../pages.ts';
import { buttonsOf, readBlocks } from './blocks.ts';
import { about, chatsOfFile } from './chats.ts';
import { CHANNEL } from './stand-in.ts';

const { chat, chatWithButtons } = chatsOfFile();

describe('a page in Slack', () => {
  test('is one message with the written steps in its thread, known by the id of its channel', async () => {
    const { standIn, notifier } = await chat();
    const { providerId } = await notifier.trigger(page, about('trigger'));
    const [message, steps] = standIn.messages;
    expect(providerId).toBe(`${CHANNEL.id}/${message?.ts}`);
    expect(standIn.messages).toHaveLength(2);
    expect(steps).toMatchObject({ threadTs: message?.ts });
    for (const [index, { text, found }] of page.steps.entries())
      expect(readBlocks(steps ?? { blocks: [] })).toContain(`${index + 1}. ${text}: ${found}`);
  });

  test('says in its first lines, and in the notification, what is broken since when, the impact, what was changed', async () => {
    const { standIn, notifier } = await chat();
    await notifier.trigger(page, about('trigger'));
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
    const { providerId } = await notifier.trigger(page, about('trigger'));
    const attempts = [
      ...page.attempts,
      { ...page.attempts[0], remedy: 'roll-back', outcome: 'applied', undone: false },
    ];
    await notifier.update({ ...page, attempts } as Page, about('update', providerId));
    const [message, , news] = standIn.messages;
    expect(message).toMatchObject({ edits: 1 });
    expect(readBlocks(message ?? { blocks: [] })).toContain('roll-back for oom-killed: applied');
    expect(news).toMatchObject({ threadTs: message?.ts });
    expect(standIn.messages).toHaveLength(3);
  });

  test('is resolved in place and in its thread, and nothing is left to press', async () => {
    const { standIn, notifier } = await chatWithButtons();
    const { providerId } = await notifier.trigger(page, about('trigger'));
    await notifier.resolve(page, 'a remedy verified: the target is healthy', about('resolve', providerId));
    const [message, , answer] = standIn.messages;
    expect(readBlocks(message ?? { blocks: [] })).toMatch(
      /^:white_check_mark: \*RESOLVED bruno\/Deployment\/agent-bruno: a remedy verified/,
    );
    expect(buttonsOf(message ?? { blocks: [] })).toEqual([]);
    expect(answer).toMatchObject({ threadTs: message?.ts, text: expect.stringContaining('RESOLVED') });
  });

  test('says who has it, once somebody has acknowledged it', async () => {
    const { standIn, notifier } = await chatWithButtons();
    const { providerId } = await notifier.trigger(page, about('trigger'));
    const acknowledged = { by: 'ana', at: '2025-10-15T12:20:00Z', verified: true };
    await notifier.acknowledge?.({ ...page, acknowledged }, 'ana', about('acknowledge', providerId));
    const [message] = standIn.messages;
    expect(readBlocks(message ?? { blocks: [] })).toMatch(/^:large_yellow_circle:[\s\S]*\*In the hands of ana since/);
    expect(buttonsOf(message ?? { blocks: [] }).map(({ text }) => text.text)).toEqual(['Take over']);
  });

  test('says who has taken the recovery over, and nothing is left to press then', async () => {
    const { standIn, notifier } = await chatWithButtons();
    const { providerId } = await notifier.trigger(page, about('trigger'));
    const at = '2025-10-15T12:20:00Z';
    const takenOver = { by: 'ana', at, reason: 'I know this one', putBack: ['raise-memory: put back'] };
    const acknowledged = { by: 'ana', at, verified: true };
    await notifier.update({ ...page, takenOver, acknowledged }, about('update', providerId));
    const [message] = standIn.messages;
    expect(readBlocks(message ?? { blocks: [] })).toMatch(/\*[^*]*ana[^*]*I know this one/);
    expect(buttonsOf(message ?? { blocks: [] })).toEqual([]);
  });

  test('at a later rung speaks up in the channel, points to the page, and is edited and resolved where it was', async () => {
    const { standIn, notifier } = await chatWithButtons();
    const first = await notifier.trigger(page, about('0/trigger'));
    const why = '25m passed, and nobody has acknowledged';
    const later = await notifier.trigger({ ...page, why }, about('1/trigger', first.providerId));
    expect(later).toEqual(first);
    const [root, , call] = standIn.messages;
    expect(standIn.messages).toHaveLength(3);
    expect(call).not.toHaveProperty('threadTs');
    expect(call?.text).toMatch(/^CRITICAL bruno\/Deployment\/agent-bruno broken since/);
    expect(readBlocks(call ?? { blocks: [] })).toContain(why);
    expect(readBlocks(call ?? { blocks: [] })).toContain(`<${standIn.permalink(root?.ts ?? '')}|the page>`);
    expect(buttonsOf(call ?? { blocks: [] })).toEqual([]);
    expect(readBlocks(root ?? { blocks: [] })).toContain(why);

    await notifier.update({ ...page, why, holds: [] }, about('update', later.providerId));
    await notifier.resolve(page, 'healthy', about('resolve', later.providerId));
    expect(standIn.messages.slice(3).map(({ threadTs }) => threadTs)).toEqual([root?.ts, root?.ts]);
    expect(readBlocks(root ?? { blocks: [] })).toMatch(/^:white_check_mark: \*RESOLVED/);
    expect(buttonsOf(root ?? { blocks: [] })).toEqual([]);
    expect(call).toMatchObject({ edits: 0 });
    expect(standIn.refused).toEqual([]);
  });

  test('whose message somebody has deleted is posted anew at a later rung, and is the page from then on', async () => {
    const { standIn, notifier } = await chatWithButtons();
    await notifier.trigger(page, about('0/trigger'));
    const [deleted] = standIn.messages.splice(0, 1);
    const { providerId } = await notifier.trigger(page, about('1/trigger', `${CHANNEL.id}/${deleted?.ts}`));
    const [, message, steps] = standIn.messages;
    expect(providerId).toBe(`${CHANNEL.id}/${message?.ts}`);
    expect(message).not.toHaveProperty('threadTs');
    expect(buttonsOf(message ?? { blocks: [] })).toHaveLength(2);
    expect(steps).toMatchObject({ threadTs: message?.ts, text: expect.stringMatching(/^Written steps/) });
  });

  test('speaks up at a later rung even where its message can neither be edited nor linked', async () => {
    const { standIn, notifier } = await chat();
    const { providerId } = await notifier.trigger(page, about('0/trigger'));
    const away = { error: 'fatal_error' };
    standIn.meet(away, away, away, away, 'take');
    await expect(notifier.trigger(page, about('1/trigger', providerId))).resolves.toEqual({ providerId });
    expect(standIn.messages[0]).toMatchObject({ edits: 0 });
    expect(standIn.messages[2]?.text).toMatch(/^CRITICAL/);
    expect(readBlocks(standIn.messages[2] ?? { blocks: [] })).not.toContain('the page');
    expect(readBlocks(standIn.messages[2] ?? { blocks: [] })).toContain('kintsugi show');
  });

  test('says what people have noted about it, in the message and in the news', async () => {
    const { standIn, notifier } = await chat();
    const { providerId } = await notifier.trigger(page, about('trigger'));
    const notes = [{ by: 'ana', at: '2025-10-15T12:20:00Z', text: 'the node was drained' }];
    await notifier.update({ ...page, notes }, about('update', providerId));
    const told = [standIn.messages[0], standIn.messages[2]].map((message) => readBlocks(message ?? { blocks: [] }));
    for (const text of told) expect(text).toContain('2025-10-15 12:20:00 UTC ana: the node was drained');
  });

  test('that came before the diagnosis has its steps in the thread as soon as they are known, once', async () => {
    const { standIn, notifier } = await chat();
    const early = { ...page, steps: [], checklist: [], prevention: [] };
    const { providerId } = await notifier.trigger(early, about('trigger'));
    expect(standIn.messages).toHaveLength(1);
    await notifier.update(page, about('update', providerId));
    await notifier.update(page, about('update', providerId));
    const steps = standIn.messages.filter((message) => readBlocks(message).startsWith('*Written steps*'));
    expect(steps).toMatchObject([{ threadTs: standIn.messages[0]?.ts }]);
    expect(standIn.refused).toEqual([]);
  });

  test('whose steps were not possible yet tells them again once they were taken, and no more', async () => {
    const { standIn, notifier } = await chat();
    const pending = page.steps.map((step) => ({ ...step, found: 'not possible yet', pending: true }));
    const early = { ...page, steps: pending, checklist: [], prevention: [] };
    const { providerId } = await notifier.trigger(early, about('trigger'));
    expect(standIn.messages).toHaveLength(2);
    await notifier.update(page, about('update', providerId));
    await notifier.update(page, about('update', providerId));
    const steps = standIn.messages.filter((message) => readBlocks(message).startsWith('*Written steps*'));
    expect(steps.map((message) => readBlocks(message).includes('not possible yet'))).toEqual([true, false]);
    expect(standIn.refused).toEqual([]);
  });

  test('whose message somebody has deleted is posted anew', async () => {
    const { standIn, notifier } = await chat();
    await notifier.update(page, about('update', `${CHANNEL.id}/1699999999.000100`));
    expect(standIn.messages[0]).toMatchObject({ text: expect.stringContaining('CRITICAL') });
    expect(standIn.messages[0]).not.toHaveProperty('threadTs');
  });

  test('whose first answer was lost is resolved by a message of its own', async () => {
    const { standIn, notifier } = await chat();
    await notifier.resolve(page, 'healthy', about('resolve'));
    expect(standIn.messages[0]).toMatchObject({ text: expect.stringContaining('RESOLVED') });
  });

  test('is taken even where the answer in its thread is not', async () => {
    const { standIn, notifier } = await chat();
    standIn.meet('take', { error: 'restricted_action_thread_locked' });
    await expect(notifier.trigger(page, about('trigger'))).resolves.toEqual({ providerId: expect.any(String) });
  });

  test('is edited again after a lost answer: an edit comes to the same twice', async () => {
    const { standIn, notifier } = await chat();
    const { providerId } = await notifier.trigger(page, about('trigger'));
    standIn.meet('lost', { status: 502 }, 'take');
    await notifier.update(page, about('update', providerId));
    expect(standIn.messages[0]).toMatchObject({ edits: 2 });
  });
});
