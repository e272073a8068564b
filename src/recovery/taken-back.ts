import type { RecoveryRecord } from './record.ts';
import type { Change, Plan } from './values.ts';

/** A remedy that a person had undone in this recovery, and who. */
export interface TakenBack {
  n: number;
  remedy: string;
  by: string;
}

/**
 * The attempt that a person had undone and whose changes these plans would all make again, whatever their remedy is called: a
 * rollback to the revision that this recovery made itself is the same change once more. What a person orders or names is theirs.
 */
export function takenBack({ attempts }: RecoveryRecord, plans: Plan[]): TakenBack | null {
  const anew = new Set(fieldsOf(plans));
  const repeated = attempts.find(({ undoOrderedBy, plans: made }) => {
    const fields = fieldsOf(made);
    return undoOrderedBy !== undefined && fields.length > 0 && fields.every((field) => anew.has(field));
  });
  const by = repeated?.undoOrderedBy;
  return repeated === undefined || by === undefined ? null : { n: repeated.n, remedy: repeated.remedy, by };
}

/** What lasting changes set, one text each; a hold is no remedy. */
function fieldsOf(plans: Plan[]): string[] {
  return plans.filter(({ hold }) => hold === undefined).flatMap(({ changes }) => changes.flatMap(fieldOf));
}

function fieldOf(change: Change): string[] {
  if (change.type !== 'field') return [];
  const { kind, namespace, name } = change.object;
  return [JSON.stringify([kind, namespace, name, change.path, change.after])];
}
