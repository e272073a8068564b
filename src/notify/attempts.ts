import { setTimeout as sleep } from 'node:timers/promises';
import type { KintsugiError } from '../errors.ts';

/** At most three tries of 4 s each and their pauses: under 15 s, then the next notifier has its turn (durability 11). */
const TRIES = 3;
const TRY_MS = 4000;
const PAUSE_MS = 500;
/** What may be waited in all, however long a provider would like us to. */
const MOST_PAUSE_MS = 2000;

/** What one try came to: the provider's answer, or why it was not taken; `retryAfterMs` is what the provider asks for. */
export type Attempt<T> = { taken: T } | { error: KintsugiError; retryAfterMs?: number };

/**
 * Tries until the provider takes the message. Only what may pass (`error.retryable`) is tried again, so only for providers that
 * drop a repeat. A provider that wants to be left alone for longer than there is time has refused. `once` has to end when its
 * signal does; a signal that ends between two tries ends them too.
 * @throws KintsugiError the last try's, whatever ended them
 */
export async function repeatedly<T>(
  signal: AbortSignal,
  once: (signal: AbortSignal) => Promise<Attempt<T>>,
): Promise<T> {
  let left = MOST_PAUSE_MS;
  for (let tries = 1; ; tries += 1) {
    const result = await once(AbortSignal.any([signal, AbortSignal.timeout(TRY_MS)]));
    if ('taken' in result) return result.taken;
    const { error, retryAfterMs = 0 } = result;
    const pause = Math.max(PAUSE_MS * tries, retryAfterMs);
    if (!error.retryable || tries === TRIES || pause > left || signal.aborted) throw error;
    left -= pause;
    await sleep(pause, undefined, { signal }).catch(() => {
      throw error;
    });
  }
}
