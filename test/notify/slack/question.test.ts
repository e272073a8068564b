import { describe, expect, test } from '@jest/globals';
import { buttonValue } from '../../../src/notify/slack/buttons.ts';
import type { ApprovalAnswer, ApprovalRequest } from '../../../src/recovery/escalation.ts';
import type { Change, Plan } from '../../../src/recovery/values.ts';
import { answer, approval, page } from '../pages.ts';
import { buttonNamed, buttonsOf, readBlocks } from './blocks.ts';
import { about, chatsOfFile } from './chats.ts';
import { CHANNEL } from './stand-in.ts';

const { chat, chatWithButtons } = chatsOfFile();

const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'bruno', name: 'agent-bruno' };

function field(path: string, before: string, after: string): Change {
  return { type: 'field', object: DEPLOYMENT, path, before: { value: before }, after: { value: after } };
}

function withChanges(...changes: Change[]): ApprovalRequest {
  return { ...approval, plans: approval.plans.map((plan) => ({ ...plan, changes })) };
}

describe('a question for approval in Slack', () => {
  test('is a message of its own, loudly in the channel, with plans, until when, and the line to type', async () => {
    const { standIn, notifier } = await chatWithButtons();
    await notifier.ask(page, approval, about('approval'));
    const [message] = standIn.messages;
    const text = readBlocks(message ?? { blocks: [] });
    expect(message?.text).toMatch(/^APPROVAL NEEDED for roll-back \(CRITICAL\)/);
    expect(text).toContain('1. agent-bruno goes back from revision 4 to revision 3 (risk medium)');
    expect(text).toContain('It takes one person. Until 2025-10-15 12:13:04 UTC, here or by');
    expect(text).toContain(`kintsugi approve ${page.recoveryId} --attempt 2 --digest d1ge57`);
    expect(text).toContain('[Approve] [Reject]');
  });

  test('shows what would be changed as a diff, line by line, above its answers', async () => {
    const { standIn, notifier } = await chatWithButtons();
    await notifier.ask(page, withChanges(field('memory', '1Gi', '2Gi <&> ```')), about('approval'));
    const text = readBlocks(standIn.messages[0] ?? { blocks: [] });
    expect(text).toContain(
      [
        '1. agent-bruno goes back from revision 4 to revision 3 (risk medium)',
        '```Deployment bruno/agent-bruno',
        '- memory: "1Gi"',
        '+ memory: "2Gi &lt;&amp;&gt; ˋˋˋ"```',
      ].join('\n'),
    );
    expect(text.indexOf('+ memory')).toBeLessThan(text.indexOf('[Approve] [Reject]'));
    expect(standIn.refused).toEqual([]);
  });

  test('says how much of a long diff is cut, and where all of it is; its answers stay', async () => {
    const { standIn, notifier } = await chatWithButtons();
    const many = Array.from({ length: 60 }, (_, index) => field(`field-${index}`, '<'.repeat(60), 'new'));
    const asked = withChanges(...many);
    const plans = Array.from({ length: 30 }, () => asked.plans).flat();
    for (const each of [asked, { ...asked, plans }]) await notifier.ask(page, each, about('approval'));
    expect(standIn.refused).toEqual([]);
    const [one, several] = standIn.messages.map((message) => readBlocks(message));
    const shown = one?.match(/^[-+] field/gm)?.length ?? 0;
    expect(shown).toBeGreaterThan(4);
    expect(one).toContain(`… and ${120 - shown} lines more\n\nAll of it: \`kintsugi show ${page.recoveryId} --json\``);
    for (const text of [one, several]) {
      expect(text).toContain('[Approve] [Reject]');
      expect(text).toContain('kintsugi approve');
    }
    expect(several).toContain('… and 18 steps more. All of it: `kintsugi show');
  });

  test('has its answers whatever else does not fit', async () => {
    const { standIn, notifier } = await chatWithButtons();
    const long = '<'.repeat(3000);
    const plans = Array.from({ length: 30 }, () => ({ ...approval.plans[0], summary: long })) as Plan[];
    const asked = { ...approval, remedy: long, why: long, dataLoss: [long], plans };
    await notifier.ask({ ...page, symptom: long, recoveryId: 'r'.repeat(400) }, asked, about('approval'));
    expect(standIn.refused).toEqual([]);
    expect(buttonsOf(standIn.messages[0] ?? { blocks: [] })).toHaveLength(2);
  });

  test('stands in the channel also while a page is open: an answer in a thread wakes nobody', async () => {
    const { standIn, notifier } = await chatWithButtons();
    const { providerId } = await notifier.trigger(page, about('trigger'));
    await notifier.ask(page, approval, about('approval', providerId));
    expect(standIn.messages[2]).not.toHaveProperty('threadTs');
  });

  test('is answered by a button for exactly these plans, after they were shown once more', async () => {
    const { standIn, notifier } = await chatWithButtons();
    await notifier.ask(page, approval, about('approval'));
    const approve = buttonNamed(standIn.messages[0] ?? { blocks: [] }, 'Approve');
    expect(buttonValue.parse(JSON.parse(approve.value))).toEqual({
      v: 1,
      order: 'approve',
      recoveryId: page.recoveryId,
      n: 2,
      digest: 'd1ge57',
    });
    expect(approve.confirm).toMatchObject({
      title: { text: 'Approve roll-back?' },
      text: { text: 'agent-bruno goes back from revision 4 to revision 3 (risk medium)' },
      style: 'primary',
    });
  });

  test('says in its confirmation first what data is lost', async () => {
    const { standIn, notifier } = await chatWithButtons();
    await notifier.ask(page, { ...approval, dataLoss: ['what was written since 03:00 is lost'] }, about('approval'));
    const approve = buttonNamed(standIn.messages[0] ?? { blocks: [] }, 'Approve');
    expect(approve.confirm).toMatchObject({
      text: { text: expect.stringMatching(/^DATA LOSS: what was written since 03:00 is lost\./) },
      style: 'danger',
    });
    expect(standIn.messages[0]?.text).toMatch(/^DATA LOSS:/);
  });

  test('is edited in place when it is answered: nothing is left to press, and it says who answered what', async () => {
    const { standIn, notifier } = await chatWithButtons();
    const { providerId } = await notifier.ask(page, approval, about('approval'));
    await notifier.answered(page, approval, answer, about('answered', providerId));
    const [message] = standIn.messages;
    expect(standIn.messages).toHaveLength(1);
    expect(message).toMatchObject({ edits: 1, text: 'APPROVED by ana: roll-back of bruno/Deployment/agent-bruno' });
    expect(buttonsOf(message ?? { blocks: [] })).toEqual([]);
    expect(readBlocks(message ?? { blocks: [] })).toContain(
      '1. agent-bruno goes back from revision 4 to revision 3 (risk medium)',
    );
    expect(standIn.refused).toEqual([]);
  });

  test('that nobody answered in time says so', async () => {
    const { standIn, notifier } = await chatWithButtons();
    const { providerId } = await notifier.ask(page, approval, about('approval'));
    const expired: ApprovalAnswer = { ...answer, outcome: 'expired', by: [], why: 'nobody answered in time' };
    await notifier.answered(page, approval, expired, about('answered', providerId));
    expect(standIn.messages[0]?.text).toMatch(/^EXPIRED, nobody answered in time: roll-back of/);
  });

  test('that somebody has deleted needs no answer, and one whose own answer was lost has one of its own', async () => {
    const { standIn, notifier } = await chatWithButtons();
    await notifier.answered(page, approval, answer, about('answered', `${CHANNEL.id}/1699999999.000100`));
    expect(standIn.messages).toEqual([]);
    await notifier.answered(page, approval, answer, about('answered'));
    expect(standIn.messages).toMatchObject([{ text: expect.stringMatching(/^APPROVED by ana/) }]);
  });

  test('has no buttons where no signing secret is set: they would lead nowhere', async () => {
    const { standIn, notifier } = await chat();
    await notifier.trigger(page, about('trigger'));
    await notifier.ask(page, approval, about('approval'));
    expect(standIn.messages.flatMap(buttonsOf)).toEqual([]);
    expect(readBlocks(standIn.messages[2] ?? { blocks: [] })).toContain('UTC, by\n```kintsugi approve');
  });
});
