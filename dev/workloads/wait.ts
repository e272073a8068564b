import { setTimeout as sleep } from 'node:timers/promises';
import { KintsugiError, messageOf } from '../../src/errors.ts';

/** What {@link waitFor} waits for. */
export interface Waiting {
  /** Completes the sentence 'waited N s for ...'. */
  what: string;
  seconds: number;
  signal?: AbortSignal | undefined;
}

/**
 * Looks every half second until `look` says nothing is missing; a look that throws counts as 'not yet'.
 * @param look returns what is still missing, or undefined when the wait is over
 * @throws KintsugiError `timeout` with what was missing last
 */
export async function waitFor(waiting: Waiting, look: () => Promise<string | undefined>): Promise<void> {
  const end = Date.now() + waiting.seconds * 1000;
  for (;;) {
    waiting.signal?.throwIfAborted();
    const missing = await look().catch((error: unknown) => messageOf(error));
    if (missing === undefined) return;
    if (Date.now() > end) {
      throw new KintsugiError('timeout', `waited ${waiting.seconds} s for ${waiting.what}: ${missing}`, {
        where: waiting.what,
        fix: 'Look at the pods and their events (kubectl describe pod).',
      });
    }
    await sleep(500);
  }
}
