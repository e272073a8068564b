import { describe, expect, test } from '@jest/globals';
import { buttonValue } from '../../../src/notify/slack/buttons.ts';
import type { ApprovalAnswer } from '../../../src/recovery/escalation.ts';
import { answer, approval, page } from '../pages.ts';
import { buttonNamed, buttonsOf, readBlocks } from './blocks.ts';
import { about, chatsOfFile } from './chats.ts';
import { CHANNEL } from './stand-in.ts';

const { chat, chatWithButtons } = chatsOfFile();

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
