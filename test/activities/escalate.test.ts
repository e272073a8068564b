import { describe, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { pino } from 'pino';
import { createEscalation } from '../../src/activities/escalate.ts';
import { KintsugiError } from '../../src/errors.ts';
import { createNotifiers } from '../../src/notify/create.ts';
import { type Notifier, PartlyTaken } from '../../src/notify/notifier.ts';
import type { EscalateInput, EscalateResult } from '../../src/recovery/escalation.ts';
import { approval, page } from '../notify/pages.ts';

/** A notifier that does what it is told, and the names of what it was asked. */
function notifier(name: string, fault?: Error): { notifier: Notifier; asked: string[] } {
  const asked: string[] = [];
  const act = async (what: string): Promise<{ providerId: string }> => {
    asked.push(what);
    if (fault !== undefined) throw fault;
    return { providerId: `${name}-1` };
  };
  const made: Notifier = {
    name,
    reachesPeople: true,
    trigger: () => act('trigger'),
    update: async () => void (await act('update')),
    resolve: async (_page, reason) => void (await act(`resolve ${reason}`)),
    ask: (_page, { remedy }) => act(`ask ${remedy}`),
    answered: async (_page, { remedy }, { why }) => void (await act(`${remedy} answered ${why}`)),
  };
  return { notifier: made, asked };
}

/** Runs the activity with the log and the given notifiers; also returns the log's lines. */
async function escalate(
  input: Partial<EscalateInput>,
  others: Notifier[] = [],
): Promise<{ result: EscalateResult; lines: { [key: string]: unknown }[] }> {
  const lines: { [key: string]: unknown }[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const notifiers = { ...createNotifiers({ log }), ...Object.fromEntries(others.map((made) => [made.name, made])) };
  const { escalate: activity } = createEscalation({ notifiers, log, patienceMs: 100 });
  const whole: EscalateInput = { notifier: 'pager', event: 'trigger', page, messageKey: 'k/0/trigger/1', ...input };
  const result: EscalateResult = await new MockActivityEnvironment().run(activity, whole);
  return { result, lines };
}

describe('escalating through a notifier', () => {
  test('is taken with the provider id, and stands in the log as well', async () => {
    const { notifier: pager } = notifier('pager');
    const { result, lines } = await escalate({}, [pager]);
    expect(result).toEqual({ taken: true, providerId: 'pager-1' });
    expect(lines[0]).toMatchObject({ pageKey: page.key, page: expect.stringContaining('Written steps') });
  });

  test.each<[EscalateInput['event'], Partial<EscalateInput>, string]>([
    ['update', {}, 'update'],
    ['resolve', { reason: 'verified healthy' }, 'resolve verified healthy'],
    ['approval', { approval }, 'ask roll-back'],
    ['acknowledge', { actor: 'ana' }, 'update'],
  ])('hands on the event %s', async (event, more, expected) => {
    const { notifier: pager, asked } = notifier('pager');
    const { result } = await escalate({ event, ...more }, [pager]);
    expect(result.taken).toBe(true);
    expect(asked).toEqual([expected]);
  });

  test('tells an acknowledgement, a note and its own id to a notifier that has these', async () => {
    const said: string[] = [];
    const pager: Notifier = {
      ...notifier('pager').notifier,
      acknowledge: async (_page, by, { providerId }) => void said.push(`${by} has ${providerId}`),
      note: async (_page, text) => void said.push(text),
    };
    await escalate({ event: 'acknowledge', actor: 'ana', providerId: 'incident-7' }, [pager]);
    await escalate({ event: 'note', text: 'it recovered in time' }, [pager]);
    expect(said).toEqual(['ana has incident-7', 'it recovered in time']);
  });

  test('takes no note where the notifier has none of low urgency', async () => {
    const { result } = await escalate({ event: 'note', text: 'x' }, [notifier('pager').notifier]);
    expect(result).toMatchObject({ taken: false, error: expect.stringContaining('no message of low urgency') });
  });

  test.each([
    ['timeout', true],
    ['unavailable', true],
    ['forbidden', undefined],
  ] as const)('whose provider failed with %s may have the message all the same: %s', async (code, lost) => {
    const fault = new KintsugiError(code, 'no', { where: 'x', fix: 'y' });
    const { result } = await escalate({}, [notifier('pager', fault).notifier]);
    expect(result.lost).toBe(lost);
  });

  test('is not taken, and does not throw, when the provider refuses', async () => {
    const fault = new KintsugiError('refused', 'the webhook answered 400', { where: 'x', fix: 'y' });
    const { result, lines } = await escalate({}, [notifier('pager', fault).notifier]);
    expect(result).toEqual({ taken: false, error: 'refused: the webhook answered 400' });
    expect(lines.at(-1)).toMatchObject({ msg: 'message not taken' });
  });

  test('that some of those whom it stands for took is taken, with what stands against the others', async () => {
    const fault = new PartlyTaken('unavailable', 'mail: it is away', { where: 'x', fix: 'y' });
    const { result, lines } = await escalate({ event: 'resolve' }, [notifier('pager', fault).notifier]);
    expect(result).toEqual({ taken: true, error: 'unavailable: mail: it is away' });
    expect(lines.at(-1)).toMatchObject({ msg: 'message not taken' });
  });

  test('has the key of its message as long as it says the same, and another once it says something else', async () => {
    const keys: string[] = [];
    const keen: Notifier = {
      ...notifier('pager').notifier,
      trigger: async (_page, { messageKey }) => {
        keys.push(messageKey);
        return { providerId: 'pager-1' };
      },
      ask: async (_page, _approval, { messageKey }) => {
        keys.push(messageKey);
        return { providerId: 'pager-1' };
      },
    };
    await escalate({}, [keen]);
    await escalate({}, [keen]);
    await escalate({ page: { ...page, holds: [] } }, [keen]);
    await escalate({ event: 'approval', approval }, [keen]);
    await escalate({ event: 'approval', approval: { ...approval, by: ['ana'] } }, [keen]);
    expect(keys[0]).toMatch(/^k\/0\/trigger\/1\//);
    expect(keys[1]).toBe(keys[0]);
    expect(new Set(keys).size).toBe(4);
  });

  test('is not taken when the notifier gives no answer in its time, though it does not hear that either', async () => {
    const { notifier: pager } = notifier('pager');
    const deaf = { ...pager, trigger: () => new Promise<never>(() => undefined) };
    const { result } = await escalate({}, [deaf]);
    expect(result).toEqual({ taken: false, error: 'timeout: no answer in 0.1 s', lost: true });
  });

  test('is not taken when no such notifier is set up, and says so', async () => {
    const { result, lines } = await escalate({ notifier: 'pagerduty' });
    expect(result).toEqual({ taken: false, error: expect.stringContaining('no notifier "pagerduty"') });
    expect(lines[0]).toMatchObject({ pageKey: page.key });
  });

  test('through the log alone never counts as taken, and is written once', async () => {
    const { result, lines } = await escalate({ notifier: 'log' });
    expect(result).toEqual({ taken: false, error: 'written to the log, which reaches nobody' });
    expect(lines).toHaveLength(1);
  });

  test('shortens keys that providers would not take, the same way each time', async () => {
    const seen: string[] = [];
    const keen: Notifier = {
      ...notifier('pager').notifier,
      trigger: async ({ key }, { messageKey }) => {
        seen.push(key, messageKey);
        return { providerId: 'pager-1' };
      },
    };
    const long = `recovery/default/${'n'.repeat(63)}/deployment/${'w'.repeat(253)}@12345678/1`;
    const input = { page: { ...page, key: long }, messageKey: `${long}/0/trigger` };
    await escalate(input, [keen]);
    await escalate(input, [keen]);
    expect(seen.every((key) => key.length <= 255)).toBe(true);
    expect(new Set(seen).size).toBe(2);
    await escalate({}, [keen]);
    expect(seen.at(-2)).toBe(page.key);
  });
});
