import { afterEach, describe, expect, test } from '@jest/globals';
import { KintsugiError } from '../../src/errors.ts';
import type { MessageContext, Notifier } from '../../src/notify/notifier.ts';
import { answer, approval, page } from './pages.ts';

/**
 * How a stand-in for a provider meets a message. `overload`: busy, come back in a second; `overload-long`: in ten minutes;
 * `reset`: the connection breaks before the message was read; `lost`: the message is taken, and the answer never arrives.
 */
export type Meeting = 'take' | 'overload' | 'overload-long' | 'fault' | 'refuse' | 'hang' | 'reset' | 'lost';

/** A real server that stands in for a provider, refuses what breaks the provider's documented contract, and its notifier. */
export interface Provider {
  notifier: Notifier;
  /** How the next messages are met, in turn; the last holds for all that follow. */
  meet(...meetings: Meeting[]): void;
  /** By what the provider knows each message that it has read whole: a repeat has the same. */
  seen(): string[];
  /** What the contract was broken by, in words. */
  violations(): string[];
  close(): Promise<void>;
}

/** What is to keep the contract: one notifier kind. */
export interface Subject {
  kind: string;
  /** Whether the provider drops a repeat: only then is tried again what may have been taken (durability 11). */
  deduplicates: boolean;
  /** Whether it can say how long it wants to be left alone; yes if not given. */
  saysHowLong?: boolean;
  start(): Promise<Provider>;
  /** The notifier with nobody to answer it, and the name of the setting that its error has to name. */
  unreachable(): { notifier: Notifier; setting: string };
  /** How many of the messages it does not send where they tell nothing new. */
  passedOver?: number;
  /** What must stand in no error. */
  secrets: string[];
}

/** The context of one message of a page. */
export function messageContext(messageKey: string, more: Partial<MessageContext> = {}): MessageContext {
  return { messageKey, signal: new AbortController().signal, ...more };
}

const TRIGGER = `${page.key}/0/trigger`;

/** Every message that the notifier has, by name. */
export function messagesOf(notifier: Notifier): [string, () => Promise<unknown>][] {
  const context = (event: string) => messageContext(`${page.key}/0/${event}/7`, { providerId: page.key });
  const { acknowledge, note } = notifier;
  return [
    ['trigger', () => notifier.trigger(page, messageContext(TRIGGER))],
    ['update', () => notifier.update(page, context('update'))],
    ['resolve', () => notifier.resolve(page, 'verified healthy', context('resolve'))],
    ['ask', () => notifier.ask(page, approval, messageContext(`${page.recoveryId}/approval/2/d1ge57`))],
    ['answered', () => notifier.answered(page, approval, answer, context('answered'))],
    ...(acknowledge === undefined
      ? []
      : [['acknowledge', () => acknowledge.call(notifier, page, 'ana', context('acknowledge'))] as const]),
    ...(note === undefined ? [] : [['note', () => note.call(notifier, page, 'in time', context('note'))] as const]),
  ].map(([name, send]) => [name, send] as [string, () => Promise<unknown>]);
}

/** Declares the tests of what every notifier has to keep (durability 11). */
export function keepsTheContract(subject: Subject): void {
  const started: Provider[] = [];
  afterEach(async () => {
    await Promise.all(started.splice(0).map((provider) => provider.close()));
  });

  async function provider(...meetings: Meeting[]): Promise<Provider> {
    const made = await subject.start();
    started.push(made);
    made.meet(...meetings);
    return made;
  }

  const trigger = ({ notifier }: Provider, signal?: AbortSignal) =>
    notifier.trigger(page, messageContext(TRIGGER, signal === undefined ? {} : { signal }));
  const failure = async (sent: Promise<unknown>): Promise<KintsugiError> => {
    const thrown: unknown = await sent.then(
      () => new Error('it was taken'),
      (error: unknown) => error,
    );
    if (!(thrown instanceof KintsugiError)) throw thrown;
    return thrown;
  };

  describe(`the contract of every notifier, kept by ${subject.kind}`, () => {
    test('each message is taken as the provider documents it, once', async () => {
      const made = await provider('take');
      expect(made.notifier.reachesPeople).toBe(true);
      for (const [, send] of messagesOf(made.notifier)) await send();
      expect(made.violations()).toEqual([]);
      expect(made.seen().length).toBeGreaterThanOrEqual(messagesOf(made.notifier).length - (subject.passedOver ?? 0));
    });

    test('a page that was taken has an id', async () => {
      const { providerId } = await trigger(await provider('take'));
      expect(providerId).toEqual(expect.stringMatching(/./));
    });

    test.each<Meeting>(['overload', 'fault'])('a page that meets %s is tried again, and taken', async (meeting) => {
      const made = await provider(meeting, 'take');
      // Not surely untaken: only a provider that drops repeats is asked again.
      if (meeting === 'fault' && !subject.deduplicates) return void (await failure(trigger(made)));
      await trigger(made);
      expect(made.violations()).toEqual([]);
    });

    if (subject.saysHowLong !== false) {
      test('a provider that is overloaded for long gives way to the next notifier at once', async () => {
        const made = await provider('overload-long', 'take');
        expect(await failure(trigger(made))).toMatchObject({ retryable: true });
        expect(made.seen().length).toBeLessThanOrEqual(1);
      });
    }

    test('a page that is refused is final', async () => {
      const made = await provider('refuse', 'take');
      expect(await failure(trigger(made))).toMatchObject({ retryable: false });
      expect(made.seen().length).toBeLessThanOrEqual(1);
    });

    test.each<Meeting>(['reset', 'lost'])(
      'a page that meets %s is repeated only where a repeat is dropped',
      async (meeting) => {
        const made = await provider(meeting, 'take');
        if (subject.deduplicates) await trigger(made);
        else await failure(trigger(made));
        expect(new Set(made.seen()).size).toBeLessThanOrEqual(1);
        const read = meeting === 'lost' ? 1 : 0;
        expect(made.seen()).toHaveLength(read + (subject.deduplicates ? 1 : 0));
      },
    );

    test('a page that hangs is given up in its time, and repeated only where a repeat is dropped', async () => {
      const made = await provider('hang', 'take');
      if (subject.deduplicates) await trigger(made);
      else expect(await failure(trigger(made))).toMatchObject({ code: 'timeout' });
      expect(new Set(made.seen()).size).toBeLessThanOrEqual(1);
    }, 20_000);

    test('a provider that is faulty for ever is given up within the time of one rung', async () => {
      const made = await provider('fault');
      expect(await failure(trigger(made))).toMatchObject({ code: 'unavailable' });
      expect(made.seen().length).toBeLessThanOrEqual(3);
    }, 20_000);

    test('a cancelled activity sends nothing any more', async () => {
      const made = await provider('fault');
      const cancellation = new AbortController();
      const sent = trigger(made, cancellation.signal);
      cancellation.abort();
      await expect(sent).rejects.toThrow();
      expect(made.seen().length).toBeLessThanOrEqual(1);
    });

    test('an error names the setting, and no secret', async () => {
      const { notifier, setting } = subject.unreachable();
      const error = await failure(notifier.trigger(page, messageContext(TRIGGER)));
      expect(error.where).toContain(setting);
      const told = [error.message, error.where, error.fix, String(error.cause), JSON.stringify(error.report())].join(
        '\n',
      );
      for (const secret of subject.secrets) expect(told).not.toContain(secret);
    }, 20_000);
  });
}
