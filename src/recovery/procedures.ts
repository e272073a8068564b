import { harmOf, wentUnanswered } from './answers.ts';
import type { Attempt, Requested } from './attempt.ts';
import type { Clock } from './clock.ts';
import { extensionMs, isGivenToTrouble } from './deadlines.ts';
import { after } from './durations.ts';
import type { EventBody, Outcome, RecoveryEvent } from './events.ts';
import { openPage } from './fold-pages.ts';
import { alertsFiring, effectiveMode, firstRungMs, remedyApproval } from './policy.ts';
import type { RecoveryRecord } from './record.ts';
import type { StartedProcedure } from './started-procedure.ts';
import { mayStand } from './undoing.ts';

/**
 * Procedures: what of a runbook a person starts by name. One is an ordered attempt that is planned, approved, applied, verified
 * and undone like any other; what differs is that its target may be healthy, and that its end is the recovery's.
 */

/** Faults of a start that no second try cures: there is no such runbook, it is faulty, or it is for another workload. */
export const FINAL_LOAD_FAULTS: ReadonlySet<string> = new Set(['not-found', 'invalid', 'refused']);

/** After an undo the target's pods need a moment until they are as before; people are not kept waiting longer than this. */
const BACK_WITHIN_MS = 60_000;

/** The procedure of a record that has not come to its end: an own one, or the recovery of its episode. */
export function openProcedure(record: RecoveryRecord): StartedProcedure | null {
  const { procedure } = record;
  if (procedure === undefined || procedure.ended !== null) return null;
  const attempt = procedureAttempt(record);
  if (attempt === null || !HAS_ENDED.has(attempt.stage)) return procedure;
  const isOfPresent = attempt.episode === record.episode.number && record.recovered === null;
  return isOfPresent ? procedure : null;
}

/** What a procedure's attempt may be once its episode has recovered by it: a person may still order it undone. */
const HAS_ENDED: ReadonlySet<Attempt['stage']> = new Set(['verified', 'unproven', 'undoing', 'undone', 'undo-refused']);

/** The attempt of the record's procedure, once it is planned or refused. */
export function procedureAttempt({ procedure, attempts }: RecoveryRecord): Attempt | null {
  if (procedure === undefined) return null;
  return attempts.find(({ ordered }) => ordered?.id === procedure.id) ?? null;
}

/** Whether what is to be planned still waits for the first look: the evidence of before is recorded as always. */
export function waitsForFirstLook(record: RecoveryRecord, request: Requested): boolean {
  if (request.procedure === undefined) return false;
  const { diagnosis, diagnosisStale, findings } = record;
  return diagnosis === null || diagnosisStale || (!diagnosis.healthy && findings === null);
}

/** Whether a healthy look is no end: it says nothing of a procedure that a person wants on a healthy target. */
export function outlivesHealth(record: RecoveryRecord): boolean {
  if (record.procedure === undefined) return false;
  if (openProcedure(record) !== null) return procedureAttempt(record)?.stage !== 'unproven';
  return procedureOutcome(record) !== null;
}

/** Whether the target is well, and a procedure has not begun to change it: the deadline is about what is broken. */
export function restsHealthy(record: RecoveryRecord): boolean {
  if (record.procedure === undefined || record.look.healthy !== true) return false;
  const attempt = procedureAttempt(record);
  return openProcedure(record) === null || attempt === null || attempt.actions.length === 0;
}

/** How a procedure ended that brought no recovery, once that is clear; null while it goes on. */
export function procedureEnded(record: RecoveryRecord, clock: Clock): EventBody | null {
  const procedure = openProcedure(record);
  if (procedure === null || record.closing !== null || record.inFlight.target !== null) return null;
  const unloaded = faultOfLoad(record, procedure);
  if (unloaded !== null) return ended(0, 'not-done', unloaded);
  const attempt = procedureAttempt(record);
  if (attempt === null) return null;
  const { n, stage, why, endedAt } = attempt;
  switch (stage) {
    case 'planned':
      return endsAtPlan(record, attempt);
    case 'approved':
      return effectiveMode(record) === 'observe' ? endsAtPlan(record, attempt) : null;
    case 'refused':
    case 'rejected':
    case 'expired':
    case 'withdrawn':
      return ended(n, 'not-done', why ?? stage);
    case 'done':
      return ended(n, 'done', 'what was asked for is done');
    case 'undo-refused':
      return ended(n, 'not-done', `${why ?? 'it failed'}; undoing it was not possible`, false);
    case 'taken-over': {
      const stands = attempt.actions.some((action) => mayStand(action, attempt));
      return ended(n, 'not-done', `${why}${stands ? '; what was changed stands' : ''}`, !stands);
    }
    case 'undone':
      if (isAsBefore(record, attempt)) return ended(n, 'not-done', `${why ?? 'it failed'}; everything was undone`);
      return clock.passed(endedAt ?? record.now, BACK_WITHIN_MS)
        ? ended(n, 'not-done', `${why ?? 'it failed'}; everything was undone`, false)
        : null;
    case 'unproven':
      return clock.passed(endedAt ?? record.now, BACK_WITHIN_MS)
        ? ended(n, 'not-done', `${why ?? 'it did not verify'}; what was changed stands`, false)
        : null;
    default:
      return null;
  }
}

function ended(n: number, outcome: StartedOutcome, why: string, asBefore = true): EventBody {
  return { kind: 'procedure-ended', n, outcome, asBefore, why };
}

type StartedOutcome = (EventBody & { kind: 'procedure-ended' })['outcome'];

/** A procedure that was ordered on an open recovery does not fail the run where its runbook, or the start, is faulty. */
function faultOfLoad({ runbook, failures }: RecoveryRecord, { from }: StartedProcedure): string | null {
  const failure = failures.target;
  if (from === undefined || runbook !== null || failure?.step !== 'load-runbook') return null;
  return FINAL_LOAD_FAULTS.has(failure.error.code) ? failure.error.message : null;
}

/** Where nothing may be written, or nobody could approve it, the plan is all that there is. */
function endsAtPlan(record: RecoveryRecord, attempt: Attempt): EventBody | null {
  const { n, actions, developmentCluster } = attempt;
  if (actions.length > 0) return null;
  if (effectiveMode(record) === 'observe') {
    return ended(n, 'observed', 'the mode here is observe, in which nothing is written: this is the plan');
  }
  const verifiesPeople = (record.runbook?.orderKeys ?? []).length > 0;
  if (verifiesPeople || developmentCluster === true) return null;
  const needs = harmOf(record, attempt) ?? needsSeveral(record, attempt);
  if (needs === null) return null;
  const why = `it ${needs}, and nobody here can approve that: no front door verifies people (KINTSUGI_ORDER_PUBLIC_KEY), and this is no development cluster. It ends at its plan`;
  return ended(n, 'observed', why);
}

/** Of several people only verified ones count: one could give several names. */
function needsSeveral(record: RecoveryRecord, attempt: Attempt): string | null {
  const quorum = remedyApproval(record, attempt)?.quorum ?? 1;
  return quorum === 1 || record.formerRules === true ? null : `takes ${quorum} people`;
}

/** Whether the target does as well as when the procedure was planned, by a look that was taken since it was undone. */
function isAsBefore({ look, diagnosis }: RecoveryRecord, { before, endedAt }: Attempt): boolean {
  if (look.at === null || endedAt === undefined || Date.parse(look.at) <= Date.parse(endedAt)) return false;
  if (look.healthy === true) return true;
  const now = look.measure ?? (diagnosis?.at === look.at ? diagnosis.measure : undefined);
  if (before === null || now === undefined) return false;
  return now.desired >= before.desired && now.ready >= before.ready;
}

/** Since when looks are to say whether the target is as it was, or null. */
export function comesBackSince(record: RecoveryRecord): string | null {
  if (openProcedure(record) === null) return null;
  const attempt = procedureAttempt(record);
  return attempt?.stage === 'undone' || attempt?.stage === 'unproven' ? (attempt.endedAt ?? null) : null;
}

/** Why people are called about a procedure that has ended; null where they need not be. */
export function procedurePageReason(record: RecoveryRecord): string | null {
  const { procedure, episode } = record;
  if (procedure === undefined) return null;
  const name = procedure.name ?? 'the procedure';
  if (procedure.ended === null) return isTakenBackUnanswered(record) ? unansweredText(name) : null;
  if (procedure.ended.episode !== episode.number) return null;
  const { asBefore, why } = procedure.ended;
  if (!asBefore) return `${name} was not done (${why}), and the target is not as it was before: ${record.look.saw}`;
  return escalatesUnanswered(record) ? unansweredText(name) : null;
}

function unansweredText(name: string): string {
  return `nobody answered the approval of ${name} in time`;
}

/** Whether nobody answered in mid-procedure: people are called while what it had done is taken back. */
function isTakenBackUnanswered(record: RecoveryRecord): boolean {
  const attempt = procedureAttempt(record);
  return attempt?.episode === record.episode.number && attempt.stage === 'undoing' && escalatesUnanswered(record);
}

function escalatesUnanswered(record: RecoveryRecord): boolean {
  const attempt = procedureAttempt(record);
  if (attempt === null || !wentUnanswered(record, attempt)) return false;
  return remedyApproval(record, attempt)?.onExpiry === 'escalate';
}

/**
 * The outcome with which a recovery ends that was a procedure's alone: nothing fires, the target is as before, and nobody has
 * been called, or is to be after a silence, whom it would leave with a broken target.
 */
export function procedureOutcome(record: RecoveryRecord): Outcome | null {
  const ends = record.procedure?.ended;
  if (ends == null || !ends.asBefore || alertsFiring(record) || record.recovered !== null) return null;
  const isCalled = openPage(record) !== null || record.silences?.held != null;
  return !isCalled || record.look.healthy === true ? ends.outcome : null;
}

/** Why an open page is over with a procedure that was not done: the target that it was about is well. */
export function procedureResolution(record: RecoveryRecord): string | null {
  const attempt = procedureAttempt(record);
  if (procedureOutcome(record) === null || (attempt !== null && wentUnanswered(record, attempt))) return null;
  return `the target is healthy; ${record.procedure?.name ?? 'the procedure'} was not done`;
}

/** The procedures' part of the fold. */
export function foldProcedures(record: RecoveryRecord, event: RecoveryEvent): RecoveryRecord {
  switch (event.kind) {
    case 'opened':
      return foldStart(record, event);
    case 'runbook-loaded':
      return foldLoaded(record, event);
    case 'procedure-ended':
      return foldEnded(record, event);
    case 'action-started':
      return foldBegun(record, event);
    default:
      return record;
  }
}

function foldStart(record: RecoveryRecord, event: RecoveryEvent & { kind: 'opened' }): RecoveryRecord {
  const { procedure, params, startedBy: by } = event;
  if (procedure === undefined && params === undefined) return record;
  const said = { ...(procedure === undefined ? {} : { procedure }), ...(params === undefined ? {} : { params }) };
  return { ...record, start: { by, ...said } };
}

/** What a person has started of the runbook becomes a request, to be planned after the first look. */
function foldLoaded(record: RecoveryRecord, event: RecoveryEvent & { kind: 'runbook-loaded' }): RecoveryRecord {
  if (event.procedure === undefined) return record;
  const own = {
    id: `start-${event.seq}`,
    by: record.actor ?? 'a person',
    verified: record.judgedStart?.verified === true,
    at: record.openedAt,
    ended: null,
  };
  const procedure = { ...own, ...record.procedure, name: event.procedure };
  const { id, by, verified, at } = procedure;
  const request: Requested = { id, by, verified, at, what: event.procedure, calls: [], procedure: true };
  return { ...record, procedure, requests: [...record.requests, request] };
}

function foldEnded(record: RecoveryRecord, event: RecoveryEvent & { kind: 'procedure-ended' }): RecoveryRecord {
  const { procedure } = record;
  if (procedure === undefined) return record;
  const { n, outcome, asBefore, why } = event;
  return {
    ...record,
    // What a target looked like before its end was known to be bad is no sign that it has recovered.
    look: asBefore ? record.look : { ...record.look, healthy: null, wanted: true },
    procedure: { ...procedure, ended: { outcome, asBefore, why, episode: record.episode.number } },
    requests: record.requests.filter(({ id }) => id !== procedure.id),
    // A plan that is only shown is over with it.
    attempts: record.attempts.map((attempt) =>
      attempt.n === n && attempt.stage === 'planned' ? { ...attempt, stage: 'withdrawn', why } : attempt,
    ),
  };
}

/**
 * What was seen before a procedure began says nothing any more. A target that was well until then counts as broken from then on:
 * the deadline is about what is broken.
 */
function foldBegun(record: RecoveryRecord, event: RecoveryEvent & { kind: 'action-started' }): RecoveryRecord {
  const attempt = procedureAttempt(record);
  const first = attempt?.n === event.n && event.i === 0 && attempt.stage !== 'applying';
  if (!first) return record;
  const begun = { ...record, look: { ...record.look, healthy: null } };
  if (record.look.healthy !== true || alertsFiring(record) || record.episode.deadlineGiven) return begun;
  const addedMs = extensionMs(record);
  const added = isGivenToTrouble(record) ? { addedMs } : {};
  const deadline = after(event.at, firstRungMs(record) + addedMs);
  return { ...begun, episode: { ...record.episode, brokenSince: event.at, deadline, ...added, deadlinePassed: false } };
}
