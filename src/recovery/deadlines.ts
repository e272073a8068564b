import { milliseconds } from './durations.ts';
import type { Episode, RecoveryRecord } from './record.ts';

/** From when the time until people are called counts, and by how much people have moved it. */

/**
 * Whether an alert tells since when the target is broken now: what began before it was last seen healthy, and fires on because it
 * looks at a window of time, does not.
 */
export function tellsSinceWhen({ healthyAt, recovered }: RecoveryRecord, startsAt: string): boolean {
  const healthy = healthyAt ?? recovered?.at;
  return healthy === undefined || Date.parse(startsAt) > Date.parse(healthy);
}

/** An extension is the page's, whichever alert would bring it: every deadline of the episode lies as much later. */
export function extensionMs({ extended }: Episode): number {
  return extended === undefined ? 0 : milliseconds(extended.span);
}

/** By how much people have moved what counts from `since`: the extension, and the time in which one had it in hand since then. */
export function movedMs(episode: Episode, since: string): number {
  const spans = (episode.inHand ?? []).map(({ from, to }) => Date.parse(to) - Date.parse(later(from, since)));
  return spans.reduce((sum, span) => sum + Math.max(0, span), extensionMs(episode));
}

export function later(one: string, other: string): string {
  return Date.parse(one) > Date.parse(other) ? one : other;
}
