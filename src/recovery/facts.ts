import type { Clock } from './clock.ts';
import { tellsSinceWhen } from './deadlines.ts';
import { after, milliseconds } from './durations.ts';
import type { EventBody, Outcome } from './events.ts';
import { openPage } from './fold-pages.ts';
import { holdExpires, isHeld, patchOf } from './holds.ts';
import { nextRung } from './ladder.ts';
import { orderUnderWay } from './ordered.ts';
import { runbookChanged } from './other-runbooks.ts';
import { pageReason } from './page-reason.ts';
import { hasUntold, untoldResolution } from './people-lane.ts';
import {
  activeAttempt,
  alertsFiring,
  approvalToAsk,
  canLook,
  effectiveMode,
  firstRungMs,
  hasUnsent,
  isForwarder,
  lookedSinceClosing,
  nextRemedy,
  onlyObserved,
  remedyApproval,
  sessionStands,
  standingChanges,
} from './policy.ts';
import { isPostRecoveryDue } from './post-recovery.ts';
import { openProcedure, outlivesHealth, procedureEnded, procedureOutcome } from './procedures.ts';
import { unanswered } from './questions.ts';
import type { RecoveryRecord } from './record.ts';
import { heldText, mayAsk, mayCall, silencedBy, silenceOver } from './silences.ts';
import { isInHand, isLeft, mayWrite } from './take-over.ts';

/** Watching, settling and forwarding end after this at the latest. */
const LIMIT_MS = 24 * 3_600_000;

/** What follows from the record and the time alone, one fact at a time; null when nothing more does. */
export function nextFact(record: RecoveryRecord, clock: Clock): EventBody | null {
  if (record.closed !== null) return null;
  return (
    deadlinePassed(record, clock) ??
    expiredApproval(record, clock) ??
    procedureEnded(record, clock) ??
    recovered(record) ??
    silenceOver(record, clock) ??
    relapsed(record) ??
    runbookChanged(record) ??
    askedApproval(record) ??
    dueRung(record, clock) ??
    (record.takenOver === undefined ? holdExpires(record, clock) : null) ??
    resolvedUntold(record) ??
    closed(record, clock)
  );
}

/** A page of which nobody is left to be told that it is over. */
function resolvedUntold(record: RecoveryRecord): EventBody | null {
  const reason = untoldResolution(record);
  return reason === null ? null : { kind: 'page-resolved', notifier: 'log', reason };
}

function deadlinePassed(record: RecoveryRecord, clock: Clock): EventBody | null {
  const { deadline, deadlinePassed: passed } = record.episode;
  if (passed || record.recovered !== null || record.forward !== null || isInHand(record)) return null;
  return clock.reached(deadline) ? { kind: 'deadline-passed' } : null;
}

function expiredApproval(record: RecoveryRecord, clock: Clock): EventBody | null {
  const asked = record.attempts.find(({ stage }) => stage === 'asked');
  if (asked?.approval == null || !clock.reached(asked.approval.expiresAt)) return null;
  return { kind: 'approval-expired', n: asked.n };
}

function recovered(record: RecoveryRecord): EventBody | null {
  if (record.recovered !== null || record.inFlight.target !== null) return null;
  const episode = record.attempts.filter(({ episode }) => episode === record.episode.number);
  const verified = episode.find(({ stage }) => stage === 'verified');
  if (verified !== undefined) {
    const ordered = verified.approval?.ordered === true || verified.ordered !== undefined;
    return { kind: 'recovered', by: ordered ? 'person' : 'remedy' };
  }
  const active = activeAttempt(record);
  const acting = active !== null && active.actions.length > 0;
  if (record.look.healthy !== true || acting || outlivesHealth(record)) return null;
  if (isInHand(record) || episode.some(({ stage }) => stage === 'taken-over'))
    return { kind: 'recovered', by: 'person' };
  const unproven = episode.find(({ stage }) => stage === 'unproven');
  if (unproven?.ordered?.procedure === true) return { kind: 'recovered', by: 'person' };
  return { kind: 'recovered', by: unproven === undefined ? 'itself' : 'remedy' };
}

function relapsed(record: RecoveryRecord): EventBody | null {
  if (record.recovered === null || !record.look.broken || record.closing !== null) return null;
  const since = firstTrigger(record) ?? record.look.at ?? record.now;
  return { kind: 'relapsed', brokenSince: since, deadline: after(since, firstRungMs(record)) };
}

/** The begin of the first trigger alert that began since the target was last seen healthy, and fires. */
function firstTrigger(record: RecoveryRecord): string | null {
  const begins = Object.values(record.alerts)
    .filter(({ role, status, runbook }) => role === 'trigger' && status === 'firing' && runbook === undefined)
    .map(({ startsAt }) => startsAt)
    .filter((startsAt) => tellsSinceWhen(record, startsAt) && Date.parse(startsAt) <= Date.parse(record.now));
  return begins.sort().at(0) ?? null;
}

function askedApproval(record: RecoveryRecord): EventBody | null {
  const asks = approvalToAsk(record);
  // What a person ordered is asked about at once: a silence is about automation.
  if (asks === null || (asks.attempt.ordered === undefined && mayAsk(record) !== 'go')) return null;
  const { attempt, why } = asks;
  const rule = remedyApproval(record, attempt);
  const page = openPage(record);
  // Under a page an offer stands as long as people are expected to look at it.
  const limit = page === null ? milliseconds(rule?.expires ?? '10m') : LIMIT_MS;
  const expiresAt = after(record.now, limit);
  const { n, digest } = attempt;
  return { kind: 'approval-asked', n, quorum: rule?.quorum ?? 1, expiresAt, digest, why, tellsAnswer: true };
}

function dueRung(record: RecoveryRecord, clock: Clock): EventBody | null {
  if (record.recovered !== null || record.closing?.order === 'close') return null;
  const page = openPage(record);
  if (page === null) {
    const why = pageReason(record, clock);
    return why === null ? null : firstRung(record, why);
  }
  return nextRung(record, page, clock);
}

/** The first rung, once it is known that no silence holds it. */
function firstRung(record: RecoveryRecord, why: string): EventBody | null {
  switch (mayCall(record)) {
    case 'go':
      return { kind: 'rung-due', rung: 0, why: `${why}${heldText(record)}` };
    case 'held': {
      const silence = silencedBy(record)?.id ?? '';
      return record.silences?.held == null ? { kind: 'page-held', why, silence } : null;
    }
    case 'ask':
      return null;
  }
}

function closed(record: RecoveryRecord, clock: Clock): EventBody | null {
  if (record.inFlight.target !== null || record.inFlight.people !== null) return null;
  const outcome = outcomeNow(record, clock);
  if (outcome === null || record.leaseHeld || activeAttempt(record)?.stage === 'undoing' || hasUntold(record))
    return null;
  const ends = { attempts: record.attempts.filter((attempt) => mayWrite(record, attempt)) };
  if (sessionStands(ends) || waitsForOrder(record) || isPostRecoveryDue(record, clock)) return null;
  if (isPageHeld(record, clock)) return null;
  const question = unanswered(record);
  if (question !== null) return { kind: 'question-over', ...question, why: `the recovery has ended: ${outcome}` };
  const rootCause = record.closing?.rootCause;
  const patch = patchOf(record);
  const why = (record.closing ?? record.recovered) ? undefined : record.procedure?.ended?.why;
  return {
    kind: 'closed',
    outcome,
    standing: standingChanges(record),
    ...(rootCause === undefined ? {} : { rootCause }),
    ...(patch === null ? {} : { patch }),
    ...(why === undefined ? {} : { why }),
  };
}

/** A page that is due and not out is not lost by the end of its recovery: a silence holds it, or is asked about. */
function isPageHeld(record: RecoveryRecord, clock: Clock): boolean {
  if (record.recovered !== null || openPage(record) !== null || mayCall(record) === 'go') return false;
  return pageReason(record, clock) !== null;
}

/** What a person ordered is done before the run ends by itself; in observe nothing can be done any more. */
function waitsForOrder(record: RecoveryRecord): boolean {
  if (record.closing !== null || !canLook(record) || effectiveMode(record) === 'observe') return false;
  const active = activeAttempt(record);
  if (active !== null && !mayWrite(record, active)) return false;
  return orderUnderWay(record, active) !== null;
}

/** The outcome with which the run may end now, or null while it goes on. */
function outcomeNow(record: RecoveryRecord, clock: Clock): Outcome | null {
  if (record.closing !== null) return closingOutcome(record);
  if (isForwarder(record)) return forwarderOutcome(record, clock);
  if (record.ownerGone !== null) {
    const over = !alertsFiring(record) || clock.passed(record.openedAt, LIMIT_MS);
    return record.ownerGone.healthy || over ? 'target-gone' : null;
  }
  if (record.recovered !== null) return settledOutcome(record, clock);
  const procedure = procedureOutcome(record);
  if (record.takenOver !== undefined) return handedOver(record, procedure, clock);
  if (procedure !== null) return procedure;
  const observing = onlyObserved(record) && openProcedure(record) === null;
  if (observing && record.startedBy === 'person' && planShown(record)) return 'observed';
  // Whoever had the page had a day of their own, and automation and the others have one after it.
  const page = openPage(record);
  const since = page?.handedBack ?? page?.rungs[0]?.dueAt;
  return since !== undefined && clock.passed(since, LIMIT_MS) ? 'handed-over' : null;
}

/** While a person has it in hand it ends by itself only where there is nothing to mend, or after the longest time. */
function handedOver(record: RecoveryRecord, procedure: Outcome | null, clock: Clock): Outcome | null {
  if (procedure !== null && record.look.healthy === true) return procedure;
  return isLeft(record, clock) ? 'handed-over' : null;
}

function closingOutcome(record: RecoveryRecord): Outcome | null {
  if (record.closing?.order === 'close') return record.closing.outcome ?? 'closed';
  const looked = lookedSinceClosing(record);
  const blind = record.failures.target !== null || !canLook(record);
  if (!looked && !blind) return null;
  return 'cancelled';
}

function forwarderOutcome(record: RecoveryRecord, clock: Clock): Outcome | null {
  if (record.forward === null) return null;
  const over = !alertsFiring(record) && !hasUnsent(record);
  return over || clock.passed(record.openedAt, LIMIT_MS) ? 'forwarded' : null;
}

function settledOutcome(record: RecoveryRecord, clock: Clock): Outcome | null {
  const { recovered } = record;
  if (recovered === null) return null;
  const observing = onlyObserved(record);
  const window = observing ? 0 : milliseconds(record.runbook?.content.spec.settle ?? '30m');
  const settled = clock.passed(recovered.at, window) && !alertsFiring(record) && !isHeld(record);
  if (!settled && !clock.passed(recovered.at, LIMIT_MS)) return null;
  if (observing) return 'observed';
  if (record.mitigation !== undefined) return 'mitigated';
  if (recovered.by === 'itself') return 'recovered-by-itself';
  return recovered.by === 'person' ? 'recovered-by-person' : 'recovered';
}

/** In observe mode: the plan of what would be tried is there, or there is none to make. */
function planShown(record: RecoveryRecord): boolean {
  if (record.findings === null || record.diagnosisStale) return false;
  return record.attempts.length > 0 || nextRemedy(record) === null;
}
