import { wentUnanswered } from './answers.ts';
import type { Clock } from './clock.ts';
import {
  activeAttempt,
  canLook,
  effectiveMode,
  leadingFinding,
  lookedSinceClosing,
  mayBeWell,
  nextRemedy,
  remedyApproval,
} from './policy.ts';
import { procedureOutcome, procedurePageReason, restsHealthy } from './procedures.ts';
import type { RecoveryRecord } from './record.ts';
import { isInHand } from './take-over.ts';

/** When people are called: the deadline, or nothing that automation could still do. */

/** A run that begins past its deadline looks once before it pages; the look may take this long. */
const FIRST_LOOK_MS = 30_000;

/** Why people are called now, or null. */
export function pageReason(record: RecoveryRecord, clock: Clock): string | null {
  if (record.forward !== null) return null;
  if (record.closing !== null) return cancelledBroken(record);
  if (isInHand(record)) return null;
  const procedure = procedurePageReason(record);
  if (procedure !== null || procedureOutcome(record) !== null) return procedure;
  if (record.episode.deadlinePassed && !firstLookPending(record, clock) && !restsHealthy(record)) {
    return 'the deadline has passed and the target is not healthy';
  }
  if (record.ownerGone !== null) return record.ownerGone.healthy ? null : `the pod is gone: ${record.ownerGone.saw}`;
  const failure = record.failures.target;
  if (failure !== null && BLOCKING.has(failure.error.code))
    return `${failure.step} is not possible: ${failure.error.message}`;
  if (effectiveMode(record) === 'observe' || mayBeWell(record)) return null;
  return nothingLeft(record);
}

/** Faults that do not pass by themselves: waiting for the deadline would only lose time. */
const BLOCKING: ReadonlySet<string> = new Set(['forbidden', 'invalid', 'not-found', 'refused']);

function firstLookPending(record: RecoveryRecord, clock: Clock): boolean {
  const { number, openedAt, deadline } = record.episode;
  // A deadline that passed while a start waited for its worker was missed by us: people wait for no look more.
  const begunAt = number === 1 ? (record.startedAt ?? openedAt) : openedAt;
  const openedLate = Date.parse(begunAt) >= Date.parse(deadline);
  // A page that a silence held has waited long enough.
  const looked = record.diagnosis !== null || record.failures.target !== null || record.silences?.held != null;
  return openedLate && !looked && !clock.passed(openedAt, FIRST_LOOK_MS);
}

function nothingLeft(record: RecoveryRecord): string | null {
  const broken = record.attempts.find(
    ({ stage, episode }) => stage === 'undo-refused' && episode === record.episode.number,
  );
  if (broken !== undefined) return `undoing ${broken.remedy} was not possible`;
  const expired = record.attempts.find(
    (attempt) =>
      wentUnanswered(record, attempt) && attempt.episode === record.episode.number && attempt.ordered === undefined,
  );
  if (expired !== undefined && remedyApproval(record, expired)?.onExpiry !== 'next') {
    return `nobody answered the approval of ${expired.remedy} in time`;
  }
  const idle = activeAttempt(record) === null && record.inFlight.target === null && record.requests.length === 0;
  if (!idle || record.findings === null || record.diagnosisStale || nextRemedy(record) !== null) return null;
  const cause = leadingFinding(record)?.cause ?? 'unknown';
  return `nothing is left to try for ${cause}`;
}

function cancelledBroken(record: RecoveryRecord): string | null {
  if (record.closing?.order !== 'cancel' || record.inFlight.target !== null) return null;
  const looked = lookedSinceClosing(record);
  const settled = activeAttempt(record)?.stage !== 'undoing';
  const blind = record.failures.target !== null || !canLook(record);
  if (blind && record.startedBy === 'person') return null;
  if (!settled || !(looked || blind)) return null;
  return record.look.healthy === true ? null : `cancelled by ${record.closing.actor} while the target is not healthy`;
}
