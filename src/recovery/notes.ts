import { spanText } from './durations.ts';
import type { RecoveryEvent } from './events.ts';
import { formatTarget } from './ids.ts';
import { effectiveMode, standingChanges } from './policy.ts';
import type { RecoveryRecord } from './record.ts';
import type { PeopleStep } from './steps.ts';

/**
 * The note of low urgency about an alert's recovery that needed nobody, where the runbook asks for one. It goes once round its
 * list and holds nothing up: a recovery may end without it.
 */

/** Who is to be told next, or null. */
export function nextNote(record: RecoveryRecord): PeopleStep | null {
  const { recovered, startedBy, closing, note } = record;
  const list = record.runbook?.content.spec.escalation.note ?? [];
  if (recovered === null || closing !== null || startedBy !== 'alert' || wasPaged(record)) return null;
  if (effectiveMode(record) === 'observe') return null;
  const now = note?.of === recovered.at ? note : null;
  if (now?.takenBy !== undefined) return null;
  const notifier = list[now?.tries ?? 0];
  return notifier === undefined ? null : { name: 'note', notifier };
}

/** Whether people were called in this time of trouble, or still are of the one before. */
function wasPaged({ pages, episode }: RecoveryRecord): boolean {
  const since = Date.parse(episode.openedAt);
  return pages.some(({ resolved }) => resolved === null || Date.parse(resolved.at) >= since);
}

/** The notes' part of the fold. */
export function foldNote(record: RecoveryRecord, event: RecoveryEvent): RecoveryRecord {
  const failed = event.kind === 'message-failed' && event.step === 'note';
  if (record.recovered === null || !(failed || event.kind === 'note-sent')) return record;
  const of = record.recovered.at;
  const tries = record.note?.of === of ? record.note.tries : 0;
  return { ...record, note: failed ? { of, tries: tries + 1 } : { of, tries, takenBy: event.notifier } };
}

/** The note, in one sentence. */
export function noteOf(record: RecoveryRecord): string {
  const { recovered, episode, target } = record;
  const name = target === null ? record.workflowId : formatTarget(target);
  const lasted = spanText(Date.parse(recovered?.at ?? record.now) - Date.parse(episode.brokenSince));
  const standing = standingChanges(record);
  const stands = standing.length === 0 ? '' : `; stands changed: ${standing.join('; ')}`;
  return `RECOVERED ${name} after ${lasted}, nobody was paged: ${howOf(record)}${stands}.`;
}

function howOf(record: RecoveryRecord): string {
  const own = record.attempts.filter(({ episode }) => episode === record.episode.number);
  const helped = own.findLast(({ stage }) => stage === 'verified' || stage === 'unproven');
  if (record.recovered?.by === 'itself' || helped === undefined) return 'it is healthy again by itself';
  return `${helped.remedy} for ${helped.cause} ${helped.stage === 'verified' ? 'verified' : 'could not be verified'}`;
}
