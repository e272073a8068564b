import { describe, expect, test } from '@jest/globals';
import { KintsugiError } from '../../src/errors.ts';
import { createDefaultNotifier } from '../../src/notify/default.ts';
import type { Notifier } from '../../src/notify/notifier.ts';
import { messageContext } from './contract.ts';
import { answer, approval, page } from './pages.ts';

const asked: string[] = [];

/** A notifier that takes what it is given, or fails as told. */
function notifier(name: string, fault?: KintsugiError): Notifier {
  const act = async (what: string): Promise<{ providerId: string }> => {
    asked.push(`${name} ${what}`);
    if (fault !== undefined) throw fault;
    return { providerId: `of/${name}` };
  };
  return {
    name,
    reachesPeople: name !== 'log',
    trigger: () => act('trigger'),
    update: async (_page, { providerId }) => void (await act(`update ${providerId}`)),
    resolve: async (_page, reason, { providerId }) => void (await act(`resolve ${providerId} ${reason}`)),
    ask: (_page, { remedy }) => act(`ask ${remedy}`),
    answered: async (_page, { remedy }, { why }, { providerId }) =>
      void (await act(`${remedy} ${providerId} answered ${why}`)),
  };
}

const away = new KintsugiError('unavailable', 'it is away', { where: 'url', fix: 'look' });
const wrong = new KintsugiError('forbidden', 'wrong key', { where: 'key', fix: 'change it' });

describe('the notifier default', () => {
  test('is those of the configuration in their order, until one takes the page; what follows goes to that one, the end also to who may have it', async () => {
    asked.length = 0;
    const made = createDefaultNotifier([notifier('log'), notifier('oncall', away), notifier('chat'), notifier('mail')]);
    const { providerId } = await made.trigger(page, messageContext('k'));
    expect(providerId).toBe('chat/of/chat\n?oncall');
    await made.update(page, messageContext('k', { providerId }));
    await made.acknowledge?.(page, 'ana', messageContext('k', { providerId }));
    await made.resolve(page, 'healthy', messageContext('k', { providerId }));
    const question = await made.ask(page, approval, messageContext('k'));
    expect(question.providerId).toBe(providerId);
    await made.answered(page, approval, answer, messageContext('k', question));
    expect(asked).toEqual([
      'oncall trigger',
      'chat trigger',
      'chat update of/chat',
      'chat update of/chat',
      'chat resolve of/chat healthy',
      'oncall resolve undefined healthy',
      'oncall ask roll-back',
      'chat ask roll-back',
      'chat roll-back of/chat answered by ana',
      'oncall roll-back undefined answered by ana',
    ]);
  });

  test('that nobody of takes a page says what stood against each, and may be tried again if one may take it later', async () => {
    const sent = createDefaultNotifier([notifier('mail', wrong), notifier('oncall', away)]).trigger(
      page,
      messageContext('k'),
    );
    await expect(sent).rejects.toMatchObject({
      ...{ code: 'unavailable', retryable: true, where: 'key, url' },
      message: 'mail: wrong key; oncall: it is away',
    });
  });

  test('gives way when one hangs, within the time of one step', async () => {
    const hanging: Notifier = {
      ...notifier('oncall'),
      trigger: (_page, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(away));
        }),
    };
    const { providerId } = await createDefaultNotifier([hanging, notifier('chat')]).trigger(page, messageContext('k'));
    expect(providerId).toBe('chat/of/chat\n?oncall');
  }, 15_000);

  test('of the log alone reaches nobody', () => {
    expect(createDefaultNotifier([notifier('log')]).reachesPeople).toBe(false);
  });

  test('takes a note where one of them does', async () => {
    const quiet: Notifier = { ...notifier('mail'), note: async (_page, text) => void asked.push(`mail note ${text}`) };
    asked.length = 0;
    await createDefaultNotifier([notifier('oncall'), quiet]).note?.(page, 'in time', messageContext('k'));
    expect(asked).toEqual(['mail note in time']);
    const none = createDefaultNotifier([notifier('oncall')]);
    await expect(none.note?.(page, 'in time', messageContext('k'))).rejects.toMatchObject({ code: 'refused' });
  });
});
