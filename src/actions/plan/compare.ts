import { canonicalText, isBookkeepingPath, toJson } from '../../kubernetes/template.ts';
import type { Change, Json, Plan } from '../../recovery/values.ts';

/** Refusals that only say that what was planned has come about by itself. */
const COME_ABOUT: ReadonlySet<string> = new Set([
  'none-unready',
  'no-difference',
  'not-changed',
  'not-scaled-down',
  'up-to-date',
  'is-there',
]);

/** What a plan made just before its apply says about the recorded one (safety 14). */
export type Comparison =
  | { is: 'same' }
  /** Nothing is left to do. */
  | { is: 'done' }
  | { is: 'refused'; code: string; reason: string }
  /** Other changes, or a reason to ask that nobody has answered. */
  | { is: 'different' };

/** @param approved whether a person approved the recorded plan, with its reasons to ask */
export function comparePlans(recorded: Plan, fresh: Plan, approved: boolean): Comparison {
  if (fresh.refusal !== undefined) {
    if (COME_ABOUT.has(fresh.refusal.code)) return { is: 'done' };
    return { is: 'refused', ...fresh.refusal };
  }
  if (fresh.changes.length === 0) return { is: 'done' };
  const same = changesText(recorded) === changesText(fresh);
  return { is: same && asksNothingNew(recorded, fresh, approved) ? 'same' : 'different' };
}

function asksNothingNew(recorded: Plan, fresh: Plan, approved: boolean): boolean {
  if (fresh.ask === undefined) return true;
  const answered = approved ? (recorded.ask?.split('; ') ?? []) : [];
  return fresh.ask.split('; ').every((reason) => answered.includes(reason));
}

/** A bookkeeping value (the time of a restart) differs each time it is planned, and means the same. */
function changesText(plan: Plan): string {
  return canonicalText(plan.changes.map(comparable));
}

function comparable(change: Change): Json {
  if (change.type !== 'field' || !isBookkeepingPath(change.path)) return toJson(change);
  return toJson({ type: change.type, object: change.object, path: change.path });
}
