import type { Attempt } from './attempt.ts';
import { isSession } from './ordered.ts';
import { leadingFinding } from './policy.ts';
import type { RecoveryRecord } from './record.ts';

/**
 * What a recovery speaks for changing in its runbook, each with the entry to look at. Only what was seen is said: whether it is
 * worth a change a person decides.
 */
export function runbookSuggestions(record: RecoveryRecord): string[] {
  return [...causeSuggestion(record), ...record.attempts.flatMap(attemptSuggestion), ...recoveredOtherwise(record)];
}

function causeSuggestion(record: RecoveryRecord): string[] {
  const finding = leadingFinding(record);
  if (finding === null) return [];
  const { cause, summary } = finding;
  if (cause === 'unknown')
    return [`the cause was not known (${summary}): see whether an entry of spec.causes is wanting`];
  const entry = record.runbook?.content.spec.causes.find((candidate) => candidate.cause === cause);
  if (entry === undefined) return [`the cause ${cause} was seen, and spec.causes has no entry for it`];
  return entry.remedies.length === 0 && record.recovered?.by !== 'itself'
    ? [`spec.causes[${cause}] has no remedy: see whether what a person did can be one`]
    : [];
}

function attemptSuggestion(attempt: Attempt): string[] {
  const { ordered, stage, why, plans } = attempt;
  if (isSession(plans)) return [];
  const place = entryOf(attempt);
  switch (stage) {
    case 'refused':
      return [`${place} was refused${because(why)}`];
    case 'undone':
      return ordered === undefined ? [`${place} did not help and was undone${because(why)}`] : [];
    case 'undo-refused':
      return [`${place} did not help and could not be undone${because(why)}`];
    case 'expired':
      return [`${place} waited for an approval that nobody gave in time`];
    case 'rejected':
      return [`${place} was rejected by a person${because(why)}`];
    default:
      return [];
  }
}

/** What helped and does not stand in the runbook as a remedy of this cause. */
function recoveredOtherwise(record: RecoveryRecord): string[] {
  const { recovered, attempts } = record;
  const cause = leadingFinding(record)?.cause ?? 'unknown';
  const helped = attempts.findLast(({ stage }) => stage === 'verified');
  if (helped?.ordered !== undefined && helped.ordered.procedure === undefined) {
    const { what, by } = helped.ordered;
    return [`${what}, ordered by ${by}, helped: see whether it should be a remedy of spec.causes[${cause}]`];
  }
  const tried = attempts.some(({ actions, stage }) => actions.length > 0 && stage !== 'verified');
  if (recovered?.by !== 'itself' || !tried) return [];
  return [
    `no remedy of spec.causes[${cause}] helped, and the target is well: see what did, perhaps a person's own change`,
  ];
}

function entryOf({ cause, remedy, ordered }: Attempt): string {
  if (ordered?.procedure === true) return `spec.procedures[${remedy}]`;
  return ordered === undefined ? `spec.causes[${cause}].remedies[${remedy}]` : `${remedy}, ordered by ${ordered.by},`;
}

function because(why: string | undefined): string {
  return why === undefined || why === '' ? '' : ` (${why})`;
}
