import { milliseconds } from './durations.ts';
import type { Episode, RecoveryRecord } from './record.ts';

/** From when the time until people are called counts, and by how much people have moved it. */

/**
 * Whether an alert tells since when the target is broken now: what began before it was last seen healthy, and fires on because it
 * looks at a window of time, does not.
 */
export function tellsSinceWhen({ healthyAt, recovered, formerRules }: RecoveryRecord, startsAt: string): boolean {
  const healthy = formerRules === true ? recovered?.at : (healthyAt ?? recovered?.at);
  return healthy === undefined || Date.parse(startsAt) > Date.parse(healthy);
}

/** Whether the time that people give is the trouble's; by the former rules it moved the one deadline that ran then. */
export function isGivenToTrouble({ formerRules }: RecoveryRecord): boolean {
  return formerRules !== true;
}

/** An extension is the page's, whichever alert would bring it: every deadline of the episode lies as much later. */
export function extensionMs(record: RecoveryRecord, { extended }: Episode = record.episode): number {
  return extended === undefined || !isGivenToTrouble(record) ? 0 : milliseconds(extended.span);
}

/** By how much people have moved what counts from `since`: the extension, and the time in which one had it in hand since then. */
export function movedMs(record: RecoveryRecord, since: string, episode: Episode = record.episode): number {
  const spans = (episode.inHand ?? []).map(({ from, to }) => Date.parse(to) - Date.parse(later(from, since)));
  return spans.reduce((sum, span) => sum + Math.max(0, span), extensionMs(record, episode));
}

export function later(one: string, other: string): string {
  return Date.parse(one) > Date.parse(other) ? one : other;
}
