import { describe, expect, test } from '@jest/globals';
import { page } from '../pages.ts';
import { about, chatsOfFile } from './chats.ts';
import type { Met } from './stand-in.ts';

const { chat, otherTokenFile } = chatsOfFile();

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
    await expect(notifier.trigger(page, about('trigger'))).rejects.toMatchObject(error);
    expect(standIn.requests).toHaveLength(1);
  });

  test.each<[string, Met]>([
    ['a rate limit told by 200', { error: 'ratelimited' }],
    ['a service that is away', { error: 'service_unavailable' }],
    ['a 503', { status: 503 }],
  ])('%s is tried again: nothing was taken', async (_sentence, met) => {
    const { standIn, notifier } = await chat();
    standIn.meet(met, 'take');
    await notifier.trigger(page, about('trigger'));
    expect(standIn.messages.filter(({ threadTs }) => threadTs === undefined)).toHaveLength(1);
  });

  test('a token that was revoked is forbidden, and its file named', async () => {
    const { notifier } = await chat({ tokenFile: otherTokenFile });
    await expect(notifier.trigger(page, about('trigger'))).rejects.toMatchObject({
      code: 'forbidden',
      where: expect.stringContaining('tokenFile'),
      message: expect.not.stringContaining('xoxb'),
    });
  });
});
