import type { Attempt } from './attempt.ts';
import type { Clock } from './clock.ts';
import { isPast } from './durations.ts';
import { openPage } from './fold-pages.ts';
import { endsForPerson } from './fold-take-over.ts';
import { holdOver, standingHold, verifyAgain } from './holds.ts';
import { orderKey } from './ordered.ts';
import {
  activeAttempt,
  approvalReason,
  canLook,
  effectiveMode,
  hasUnsent,
  isForwarder,
  isInterrupted,
  leadingFinding,
  lookedSinceClosing,
  nextRemedy,
} from './policy.ts';
import { isPostRecoveryDue } from './post-recovery.ts';
import { comesBackSince, openProcedure, waitsForFirstLook } from './procedures.ts';
import type { RecoveryRecord } from './record.ts';
import { isSilenced } from './silences.ts';
import type { TargetStep } from './steps.ts';
import { isLeft, mayWrite } from './take-over.ts';
import { awaitsUndo } from './undoing.ts';

/** After a step failed (its own retries are over) or was held back, it is tried again after this. */
const RETRY_MS = 15_000;
/** Looks while settling or watching: this often for the first ten minutes, then less. */
const LOOK_MS = 30_000;
const CLOSE_LOOKS_MS = 10 * 60_000;
const LATER_LOOK_MS = 2 * 60_000;
/** While a person has it in hand, after two hours: less still. */
const LONG_WATCH_MS = 2 * 3_600_000;
const LONG_WATCH_LOOK_MS = 5 * 60_000;
/** Looks at a target whose procedure was taken back. */
const BACK_LOOK_MS = 10_000;

/** What the target lane should do now, at most one step; null while it is busy, waits, or has nothing to do. */
export function nextTargetStep(record: RecoveryRecord, clock: Clock): TargetStep | null {
  if (record.closed !== null || record.inFlight.target !== null) return null;
  const failure = record.failures.target;
  if (failure !== null && !clock.passed(failure.at, Math.min(RETRY_MS * failure.count, LATER_LOOK_MS))) return null;
  return (
    findTarget(record) ??
    continueAttempt(record, clock) ??
    endSession(record, clock) ??
    giveBackLease(record, clock) ??
    begin(record, clock)
  );
}

/** What is not begun yet; nothing of it once the recovery is to go on by another runbook. */
function begin(record: RecoveryRecord, clock: Clock): TargetStep | null {
  if (record.next !== undefined && record.closing === null) return null;
  return (
    lookWhetherAsBefore(record, clock) ??
    planOrdered(record) ??
    lookWhenDue(record, clock) ??
    fillInPostRecovery(record, clock) ??
    beginAttempt(record)
  );
}

/** Whether the step in flight on the target must end before its time. */
export function mustStop(record: RecoveryRecord, clock: Clock): boolean {
  const { target } = record.inFlight;
  if (endsForPerson(record, clock)) return true;
  if (target === null || target.step === 'undo' || target.step === 'release') return false;
  if (record.closing !== null) return !isLastLook(record);
  const attempt = activeAttempt(record);
  if (attempt === null || (target.step !== 'apply' && target.step !== 'verify')) return false;
  if (attempt.stage === 'undoing') return true;
  return isInterrupted(record, attempt) && pageWasTried(record);
}

/** Whether the step in flight is the look by which a cancelled recovery ends: it is not begun anew at every message. */
function isLastLook({ inFlight: { target }, closing, formerRules }: RecoveryRecord): boolean {
  if (target?.step !== 'look' || closing === null || formerRules === true) return false;
  return isPast(closing.at, target.at);
}

/** The page goes first: only when it was handed to a notifier is the step in flight stopped. */
function pageWasTried(record: RecoveryRecord): boolean {
  return openPage(record)?.rungs.some(({ tries }) => tries.length > 0) ?? false;
}

/** The steps before there is a target to work on; a forwarder never goes further. */
function findTarget(record: RecoveryRecord): TargetStep | null {
  if (record.closing !== null || record.ownerGone !== null) return null;
  if (record.runbook === null) return { name: 'load-runbook' };
  if (record.target?.kind === 'Pod') return { name: 'find-owner' };
  return isForwarder(record) && hasUnsent(record) ? { name: 'forward' } : null;
}

function continueAttempt(record: RecoveryRecord, clock: Clock): TargetStep | null {
  const attempt = activeAttempt(record);
  if (attempt === null) return undoAtEnd(record) ?? endHold(record, clock);
  if (attempt.stage === 'undoing') return nextUndo(attempt);
  if (record.closing !== null) return null;
  switch (attempt.stage) {
    case 'planned':
    case 'approved':
    case 'applying':
      return continueApplying(record, attempt, clock);
    case 'applied':
      return { name: isInterrupted(record, attempt) ? 'assess' : 'verify', n: attempt.n };
    case 'asked':
      return attempt.actions.length > 0 && isInterrupted(record, attempt) ? { name: 'assess', n: attempt.n } : null;
    case 'failed':
      return { name: 'assess', n: attempt.n };
    default:
      return null;
  }
}

/** The stack of started actions, last first. */
function nextUndo(attempt: Attempt): TargetStep | null {
  const stack = attempt.actions.filter((action) => awaitsUndo(action, attempt)).sort((a, b) => b.step - a.step);
  const top = stack[0];
  return top === undefined ? null : { name: 'undo', n: attempt.n, i: top.i, why: attempt.why ?? 'it did not help' };
}

/** What holds only for the time of the recovery (`undo: at-end`) is taken back when it has succeeded or closes. */
function undoAtEnd(record: RecoveryRecord): TargetStep | null {
  if (record.recovered === null && record.closing === null) return null;
  for (const attempt of record.attempts) {
    const held = attempt.actions.find(({ i }) => attempt.plans[i]?.undo === 'at-end' && !attempt.plans[i]?.hold);
    // A session has its own end.
    const isToEnd = attempt.stage !== 'standing' && mayWrite(record, attempt);
    if (isToEnd && held !== undefined && awaitsUndo(held, attempt)) {
      return { name: 'undo', n: attempt.n, i: held.i, why: 'the recovery is over' };
    }
  }
  return null;
}

/** A session ends when its time is over, and before the recovery is closed; a person may still be in it when the target recovers. */
function endSession(record: RecoveryRecord, clock: Clock): TargetStep | null {
  for (const attempt of record.attempts.filter((one) => one.stage === 'standing' && mayWrite(record, one))) {
    const action = attempt.actions.find((candidate) => awaitsUndo(candidate, attempt));
    if (action === undefined) continue;
    const { n } = attempt;
    if (record.closing !== null) return { name: 'undo', n, i: action.i, why: 'the recovery is being closed' };
    const stands = (attempt.plans[action.i]?.standsSeconds ?? 0) * 1000;
    if (clock.passed(action.finishedAt ?? record.now, stands))
      return { name: 'undo', n, i: action.i, why: 'its time is over' };
  }
  return null;
}

/** What a person ordered goes before looks and before what automation would begin; what is under way ends first. */
function planOrdered(record: RecoveryRecord): TargetStep | null {
  const [request] = record.requests;
  if (request === undefined || record.closing !== null || !canLook(record)) return null;
  const attempt = activeAttempt(record);
  const onlyWaits = attempt?.stage === 'asked' && attempt.actions.length === 0;
  if (attempt !== null && !onlyWaits) return null;
  if (waitsForFirstLook(record, request)) return null;
  const cause = leadingFinding(record)?.cause ?? 'unknown';
  const findingKey = orderKey(request.id);
  return { name: 'plan', n: record.attempts.length + 1, cause, remedy: request.what, findingKey };
}

/** A hold on what Git owns has an end of its own (safety 11); what comes of that is verified again. */
function endHold(record: RecoveryRecord, clock: Clock): TargetStep | null {
  if (record.closing !== null) return null;
  const again = verifyAgain(record);
  if (again !== null) return { name: 'verify', n: again };
  const standing = standingHold(record);
  if (standing !== null && !mayWrite(record, standing.attempt)) return null;
  const why = standing === null ? null : holdOver(record, standing, clock);
  return standing === null || why === null ? null : { name: 'undo', n: standing.attempt.n, i: standing.action.i, why };
}

function continueApplying(record: RecoveryRecord, attempt: Attempt, clock: Clock): TargetStep | null {
  if (!mayWrite(record, attempt)) return null;
  const changed = attempt.actions.length > 0;
  if (changed && (isInterrupted(record, attempt) || isUnderPage(record, attempt)))
    return { name: 'assess', n: attempt.n };
  // Somebody wants nothing written here: it waits for another word until the deadline, and is not left half done then, whoever ordered it.
  if (effectiveMode(record) === 'observe')
    return changed && clock.reached(record.episode.deadline) ? { name: 'assess', n: attempt.n } : null;
  if (isSilenced(record, attempt, attempt.actions.length)) return null;
  if (attempt.stage === 'planned' && approvalReason(record, attempt) !== null) return null;
  if (attempt.heldBack !== null && !clock.passed(attempt.heldBack.at, RETRY_MS)) return null;
  return { name: 'apply', n: attempt.n, i: attempt.actions.length };
}

/** Whether people were paged, before the deadline, over a remedy that none of them approved: it writes no further by itself. */
function isUnderPage(record: RecoveryRecord, { approval, ordered }: Attempt): boolean {
  const page = openPage(record);
  return page !== null && page.about === undefined && ordered === undefined && (approval?.by ?? []).length === 0;
}

function giveBackLease(record: RecoveryRecord, clock: Clock): TargetStep | null {
  const attempt = activeAttempt(record);
  const acting = attempt !== null && attempt.actions.length > 0 && record.closing === null && !isLeft(record, clock);
  return record.leaseHeld && !acting ? { name: 'release' } : null;
}

/** Live looks: while settling, after a page, in observe mode when the plan is shown, and for the close of a cancelled run. */
function lookWhenDue(record: RecoveryRecord, clock: Clock): TargetStep | null {
  if (!canLook(record)) return null;
  if (record.closing !== null) {
    const looked = lookedSinceClosing(record);
    return record.closing.order === 'cancel' && !looked && record.failures.target === null ? { name: 'look' } : null;
  }
  const since = record.recovered?.at ?? inHandSince(record) ?? watchingSince(record);
  if (since === null) return null;
  const last = record.look.at ?? since;
  if (record.look.wanted && clock.passed(last, 1_000)) return { name: 'look' };
  return clock.passed(last, lookEvery(record, Date.parse(clock.now) - Date.parse(since))) ? { name: 'look' } : null;
}

function lookEvery({ takenOver, recovered }: RecoveryRecord, watchedMs: number): number {
  if (watchedMs < CLOSE_LOOKS_MS) return LOOK_MS;
  const isLong = takenOver !== undefined && recovered === null && watchedMs >= LONG_WATCH_MS;
  return isLong ? LONG_WATCH_LOOK_MS : LATER_LOOK_MS;
}

/** Since when a person has the target in hand, and nothing that was ordered is being done to it. */
function inHandSince(record: RecoveryRecord): string | null {
  const attempt = activeAttempt(record);
  const acts = attempt !== null && attempt.stage !== 'asked' && attempt.stage !== 'standing';
  return acts ? null : (record.takenOver?.at ?? null);
}

function fillInPostRecovery(record: RecoveryRecord, clock: Clock): TargetStep | null {
  return isPostRecoveryDue(record, clock) ? { name: 'post-recovery' } : null;
}

/** After a procedure was taken back: looks that say whether the target is as it was before. */
function lookWhetherAsBefore(record: RecoveryRecord, clock: Clock): TargetStep | null {
  const since = comesBackSince(record);
  if (since === null || record.closing !== null || !canLook(record)) return null;
  const last = record.look.at ?? since;
  const first = Date.parse(last) <= Date.parse(since);
  return first || clock.passed(last, BACK_LOOK_MS) ? { name: 'look' } : null;
}

/** Since when the target is only watched, or null while there is something to try. */
function watchingSince(record: RecoveryRecord): string | null {
  if (record.diagnosis === null || record.diagnosisStale) return null;
  // A healthy target of a procedure is not classified, and watched while the procedure waits.
  const watchesHealthy = openProcedure(record) !== null && record.diagnosis.healthy;
  if (record.findings === null && !watchesHealthy) return null;
  const attempt = activeAttempt(record);
  const waits =
    attempt !== null && (attempt.stage === 'planned' || attempt.stage === 'asked' || isKept(record, attempt));
  if (attempt !== null && !waits) return null;
  if (attempt === null && canBegin(record) && nextRemedy(record) !== null) return null;
  return openPage(record)?.rungs[0]?.dueAt ?? record.diagnosis.at;
}

/** Whether a silence, or the target's mode, keeps an attempt that was approved and not begun. */
function isKept(record: RecoveryRecord, attempt: Attempt): boolean {
  if (attempt.stage !== 'approved' || attempt.actions.length > 0) return false;
  return effectiveMode(record) === 'observe' || isSilenced(record, attempt, 0);
}

/** In observe mode one plan is shown, and no more is made. */
function canBegin(record: RecoveryRecord): boolean {
  return (
    effectiveMode(record) !== 'observe' || record.attempts.every(({ episode }) => episode !== record.episode.number)
  );
}

function beginAttempt(record: RecoveryRecord): TargetStep | null {
  if (record.recovered !== null || record.closing !== null || activeAttempt(record) !== null) return null;
  if (comesBackSince(record) !== null) return null;
  if (!canLook(record)) return null;
  if (record.diagnosis === null || record.diagnosisStale) return { name: 'diagnose', round: record.round + 1 };
  if (record.diagnosis.healthy) return null;
  if (record.findings === null) return { name: 'classify', round: record.round };
  if (record.takenOver !== undefined) return null;
  const next = canBegin(record) ? nextRemedy(record) : null;
  if (next === null) return null;
  const { finding, remedy } = next;
  return { name: 'plan', n: record.attempts.length + 1, cause: finding.cause, remedy, findingKey: finding.key };
}
