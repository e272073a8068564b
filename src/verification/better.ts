import type { Measure } from '../recovery/values.ts';

/** How much longer a container must live than the longest before. */
const LIVES_LONGER = 3;

/**
 * Whether the target does better than at the diagnosis that the remedy was planned on (safety 15): more ready pods, held for
 * 60 s, or containers that live over 3 x the longest before. Never by restart counts, which start at 0 in a new pod.
 */
export function isBetter(before: Measure, now: Measure): boolean {
  if (now.readyHeld > before.ready) return true;
  return now.ready >= before.ready && now.longestLifeSeconds > LIVES_LONGER * Math.max(1, before.longestLifeSeconds);
}
