import { isGivenToTrouble, movedMs, tellsSinceWhen } from './deadlines.ts';
import { after, DEFAULT_RUNG, milliseconds } from './durations.ts';
import type { EventBody, RecoveryEvent } from './events.ts';
import { openPage } from './fold-pages.ts';
import { giveWay } from './new-attempt.ts';
import { activeAttempt } from './policy.ts';
import type { AlertRecord, Episode, RecoveryRecord } from './record.ts';
import type { NextProcedure } from './started-procedure.ts';
import { isInHand } from './take-over.ts';
import type { AlertMessage } from './values.ts';

/**
 * Alerts of another runbook that reach the one recovery of a busy target (durability 7): they are kept with their own
 * deadline, which pages, and get their runbook's turn when this one's work has ended in a recovery.
 */

/** By what a record keeps an alert: one alert may belong to two runbooks of the same target. */
export function alertKey({ fingerprint, runbook }: Pick<AlertMessage, 'fingerprint' | 'runbook'>): string {
  return runbook === undefined ? fingerprint : `${runbook}/${fingerprint}`;
}

/** The trigger alerts of other runbooks that fire. */
export function othersFiring(record: RecoveryRecord): AlertRecord[] {
  return Object.values(record.alerts).filter(
    ({ runbook, role, status }) => runbook !== undefined && role === 'trigger' && status === 'firing',
  );
}

/**
 * The episode's deadline, brought forward to the earliest that an alert of another runbook has of its own. What people have moved is
 * moved for all of them.
 */
export function withOthersDeadlines(record: RecoveryRecord, episode: Episode): Episode {
  if (episode.deadlinePassed) return episode;
  const waiting = othersFiring(record).filter(
    (alert) =>
      !isServed(record, alert) && tellsSinceWhen(record, alert.startsAt) && !isReplaced(record, episode, alert),
  );
  const times = [
    episode.deadline,
    ...waiting.map((alert) => deadlineOf(alert, movedMs(record, alert.startsAt, episode))),
  ];
  const deadline = times.reduce((least, time) => (Date.parse(time) < Date.parse(least) ? time : least));
  return deadline === episode.deadline ? episode : { ...episode, deadline };
}

/** Whether the alert's runbook has had its turn in this recovery. */
function isServed(record: RecoveryRecord, { runbook = '' }: AlertRecord): boolean {
  return record.served.includes(runbook);
}

/** Whether the start's own deadline stands in place of the alert's: that of the runbook to which the procedure came. */
function isReplaced({ procedure }: RecoveryRecord, { deadlineGiven }: Episode, { runbook }: AlertRecord): boolean {
  return deadlineGiven && procedure?.from !== undefined && runbook === procedure.from;
}

function deadlineOf({ startsAt, after: rung = DEFAULT_RUNG }: AlertRecord, moved = 0): string {
  return after(startsAt, milliseconds(rung) + moved);
}

/**
 * The other runbook that is due: one that a person ordered a procedure of; else that of an alert which fires while this one's
 * work has ended, in a recovery or with its procedure.
 */
export function runbookChanged(record: RecoveryRecord): EventBody | null {
  const { closing, inFlight, leaseHeld, forward } = record;
  if (closing !== null || leaseHeld || inFlight.target !== null || forward !== null) return null;
  const active = activeAttempt(record);
  const onlyWaits = active === null || (active.stage === 'asked' && active.actions.length === 0);
  if (record.next !== undefined) return onlyWaits ? orderedChange(record, record.next) : null;
  if (active !== null || !isOver(record)) return null;
  const waiting = othersFiring(record).filter((alert) => !isServed(record, alert));
  const [first] = waiting.sort((a, b) => Date.parse(a.startsAt) - Date.parse(b.startsAt));
  const { from: before } = record.procedure ?? {};
  if (first?.runbook === undefined) {
    // An order whose runbook could not be loaded leaves the recovery to the runbook that it has.
    if (before === undefined || record.runbook !== null) return null;
    const { brokenSince, deadline } = record.episode;
    return { kind: 'runbook-changed', from: record.runbookName, to: before, brokenSince, deadline };
  }
  const { runbook } = first;
  return { kind: 'runbook-changed', from: record.runbookName, to: runbook, ...timesOf(record, first) };
}

type Times = Pick<Episode, 'brokenSince' | 'deadline'>;

/** What has not recovered keeps what people gave it; a target that a procedure has mended is broken anew, if it is. */
function timesOf(record: RecoveryRecord, alert: AlertRecord): Times {
  const { recovered, episode, procedure } = record;
  const { startsAt: brokenSince, runbook, after: rung } = alert;
  const own = { brokenSince, deadline: deadlineOf(alert) };
  if (!isGivenToTrouble(record)) return own;
  if (recovered === null) {
    const deadline = episode.deadlineGiven ? episode.deadline : deadlineOf(alert, movedMs(record, brokenSince));
    return { brokenSince, deadline };
  }
  return runbook === procedure?.from ? fromNow(record, rung) : own;
}

function fromNow({ now }: RecoveryRecord, rung = DEFAULT_RUNG): Times {
  return { brokenSince: now, deadline: after(now, milliseconds(rung)) };
}

/** Whether what this runbook had to do is over; after a procedure that left the target broken, not before people were called. */
function isOver(record: RecoveryRecord): boolean {
  if (record.recovered !== null) return true;
  const ended = record.procedure?.ended;
  return ended != null && (ended.asBefore || openPage(record) !== null);
}

/** The deadline of what is broken holds under the procedure's runbook too; one on a well target has its own. */
function orderedChange(record: RecoveryRecord, { id, runbook }: NextProcedure): EventBody {
  const { brokenSince, deadline } = record.episode;
  const times = record.recovered === null ? { brokenSince, deadline } : fromNow(record);
  return { kind: 'runbook-changed', from: record.runbookName, to: runbook, ...times, order: id };
}

/** The same recovery under its other runbook, as if it had just begun; what was tried, changed and said stays. */
export function foldRunbookChanged(
  { start: _start, procedure, next, ...record }: RecoveryRecord,
  event: RecoveryEvent & { kind: 'runbook-changed' },
): RecoveryRecord {
  const { from, to, brokenSince, deadline, at } = event;
  const ordered = event.order === undefined ? undefined : next;
  const rung = record.runbook?.content.spec.escalation.rungs[0]?.after;
  const alerts = Object.values(record.alerts).map(({ runbook, ...alert }): AlertRecord => {
    if ((runbook ?? from) === to) return alert;
    // One of the runbook that steps back keeps its deadline, by which it is called for if it is not mended before.
    const own = runbook === undefined && rung !== undefined ? { after: rung } : {};
    return { ...alert, ...own, runbook: runbook ?? from };
  });
  const hadItsTurn = ordered === undefined && procedure === undefined;
  const number = record.episode.number + 1;
  // It is no new trouble for whoever has it in hand; a procedure that was ordered never is.
  const { takenOver } = record;
  const isOneTrouble = record.recovered === null && isGivenToTrouble(record);
  const isTheirs =
    takenOver !== undefined && (event.order !== undefined || (isGivenToTrouble(record) && isInHand(record)));
  return {
    ...record,
    ...(ordered === undefined ? {} : startOf(ordered, from)),
    runbookName: to,
    startedBy: hadItsTurn ? 'alert' : record.startedBy,
    served: hadItsTurn ? [...record.served, from] : record.served,
    runbook: null,
    recovered: null,
    diagnosis: null,
    findings: null,
    diagnosisStale: false,
    attempts:
      ordered === undefined ? record.attempts : record.attempts.map((attempt) => giveWay(attempt, whatOf(ordered))),
    failures: hadItsTurn ? record.failures : { ...record.failures, target: null },
    look: { at: null, wanted: false, healthy: null, broken: false, saw: '' },
    alerts: Object.fromEntries(alerts.map((alert) => [alertKey(alert), alert])),
    ...(isTheirs ? { takenOver: { ...takenOver, episode: number } } : {}),
    episode: {
      ...(isOneTrouble ? givenTo(record, brokenSince) : { deadlineGiven: false }),
      number,
      brokenSince,
      deadline,
      openedAt: at,
      deadlinePassed: false,
    },
  };
}

/** The time that people have given to what has not recovered, which is the page's and no runbook's. */
function givenTo(
  record: RecoveryRecord,
  brokenSince: string,
): Pick<Episode, 'deadlineGiven' | 'addedMs' | 'inHand' | 'extended'> {
  const { episode } = record;
  const { deadlineGiven, inHand, extended } = episode;
  const addedMs = brokenSince === episode.brokenSince ? episode.addedMs : movedMs(record, brokenSince);
  return {
    deadlineGiven,
    ...(addedMs === undefined ? {} : { addedMs }),
    ...(inHand === undefined ? {} : { inHand }),
    ...(extended === undefined ? {} : { extended }),
  };
}

function whatOf({ procedure, runbook, by }: NextProcedure): { what: string; by: string } {
  return { what: procedure ?? `a procedure of ${runbook}`, by };
}

/** What a start under the other runbook would have said. */
function startOf(
  { id, by, verified, at, procedure, params }: NextProcedure,
  from: string,
): Pick<RecoveryRecord, 'start' | 'procedure'> {
  const said = { ...(procedure === undefined ? {} : { procedure }), ...(params === undefined ? {} : { params }) };
  return {
    start: { by: 'person', ...said },
    procedure: { id, name: procedure ?? null, by, verified, at, from, ended: null },
  };
}
