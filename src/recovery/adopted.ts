import type { Attempt } from './attempt.ts';
import type { RecoveryEvent } from './events.ts';
import type { RecoveryRecord } from './record.ts';

/** The finding key of changes that were taken over: once tried, they are not adopted again. */
export function adoptionKey(from: string): string {
  return `adopted|${from}`;
}

/** What another run changed, as an attempt whose outcome is unknown: its undo finds out what stands. */
export function adoptedAttempt(record: RecoveryRecord, event: RecoveryEvent & { kind: 'adopted' }): Attempt {
  const { n, from, plans } = event;
  return {
    n,
    episode: record.episode.number,
    cause: 'unknown',
    remedy: `the change that ${from} left`,
    findingKey: adoptionKey(from),
    // Nothing is written while a person has the target in hand: it is theirs with the rest.
    stage: record.takenOver === undefined ? 'undoing' : 'taken-over',
    plans,
    digest: '',
    replans: 0,
    before: record.diagnosis?.measure ?? null,
    approval: null,
    // The undo goes from the highest step to the lowest, and the first plan is the last that was made.
    actions: plans.map((_, i) => ({ i, step: plans.length - i, outcome: 'unknown' })),
    heldBack: null,
    changedAt: null,
    verification: null,
    assessment: null,
    why: `recovery ${from} was cut short before it verified`,
  };
}
