import type { Attempt } from './attempt.ts';
import type { Clock } from './clock.ts';
import type { RecoveryRecord } from './record.ts';

/**
 * A person in command (safety 17): from the order `takeOver` to `handBack` automation looks on, records and writes nothing. What
 * a person orders meanwhile is done to its end, its undo included. How the record comes to it: `fold-take-over.ts`.
 */
export interface TakenOver {
  by: string;
  verified: boolean;
  at: string;
  reason?: string;
  /** The episode that this person knows of: only for it the deadline stands still and nobody else is called. */
  episode: number;
}

/** Whether nobody is to be called: a person has this very trouble in hand. What breaks anew calls people as ever. */
export function isInHand({ takenOver, episode, recovered }: RecoveryRecord): boolean {
  return takenOver !== undefined && takenOver.episode === episode.number && recovered === null;
}

const LONGEST_MS = 24 * 3_600_000;

/** Whether a person has had it in hand for so long that it ends as it is: what stands is theirs. */
export function isLeft({ takenOver }: RecoveryRecord, clock: Clock): boolean {
  return takenOver !== undefined && clock.passed(takenOver.at, LONGEST_MS);
}

/** Whether automation may write for an attempt: under a take-over only for what was ordered since. */
export function mayWrite({ takenOver }: RecoveryRecord, { ordered }: Attempt): boolean {
  return takenOver === undefined || (ordered !== undefined && Date.parse(ordered.at) >= Date.parse(takenOver.at));
}
