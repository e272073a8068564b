import { after, milliseconds } from './durations.ts';
import type { EventBody, Lane, OrderName, RecoveryEvent } from './events.ts';
import { foldAlert, foldRepeat } from './fold-alerts.ts';
import { foldAttempts } from './fold-attempts.ts';
import { foldPages } from './fold-pages.ts';
import { foldTakeOver } from './fold-take-over.ts';
import { foldHolds } from './holds.ts';
import { foldNote } from './notes.ts';
import { namedOutcomes } from './orders.ts';
import { alertKey, foldRunbookChanged, withOthersDeadlines } from './other-runbooks.ts';
import { mayBeWell } from './policy.ts';
import { foldPostRecovery } from './post-recovery.ts';
import { foldProcedures } from './procedures.ts';
import { foldQuestions } from './questions.ts';
import { type Episode, emptyRecord, type InFlight, type RecoveryRecord } from './record.ts';
import { foldSignedStart } from './signed-start.ts';
import { foldSilences } from './silences.ts';
import { foldSteering } from './steering.ts';

/**
 * The record after one more event. Pure and total: an event that does not fit (a second result of a step) changes as little
 * as it can.
 */
export function fold(before: RecoveryRecord, event: RecoveryEvent): RecoveryRecord {
  // A run of an older worker continued as this one: what its record did not have yet is empty.
  if (event.kind === 'snapshot') return { ...emptyRecord, ...event.record, seq: event.seq, now: event.at };
  const record = foldLanes({ ...before, seq: event.seq, now: event.at }, event);
  const begun = foldSignedStart(foldSilences(foldCourse(record, event), event), event);
  const course = foldPostRecovery(foldTakeOver(foldProcedures(begun, event), event), event);
  const people = foldSteering(foldAttempts(course, event), event);
  return foldQuestions(foldNews(foldHolds(foldNote(foldPages(people, event), event), event), event), event);
}

/** What people with an open page are told of. */
const NEWS: ReadonlySet<RecoveryEvent['kind']> = new Set([
  'classified',
  'remedy-refused',
  'approval-asked',
  'action-finished',
  'verified',
  'assessed',
  'undo-finished',
]);

/** Orders that change what the others have to do. */
const NEWS_ORDERS: ReadonlySet<OrderName> = new Set(['takeOver', 'handBack', 'extend', 'note']);

function foldNews(record: RecoveryRecord, event: RecoveryEvent): RecoveryRecord {
  const isNews = NEWS.has(event.kind) || (event.kind === 'order' && event.accepted && NEWS_ORDERS.has(event.name));
  return isNews ? { ...record, newsSeq: event.seq } : record;
}

/** Gives an event its number and time: `seq` after the record's last. */
export function nextEvent(record: RecoveryRecord, body: EventBody, at: string): RecoveryEvent {
  return { v: 1, seq: record.seq + 1, at, ...body };
}

/** Which lane's step an event ends. */
const ENDS: Partial<Record<RecoveryEvent['kind'], Lane>> = {
  'owner-found': 'target',
  'owner-gone': 'target',
  forwarded: 'target',
  'runbook-loaded': 'target',
  diagnosed: 'target',
  checklist: 'target',
  planned: 'target',
  'remedy-refused': 'target',
  replanned: 'target',
  'held-back': 'target',
  'action-finished': 'target',
  verified: 'target',
  assessed: 'target',
  'undo-finished': 'target',
  watched: 'target',
  'post-recovery': 'target',
  released: 'target',
  'approval-sent': 'people',
  'approval-failed': 'people',
  'answer-told': 'people',
  'answer-failed': 'people',
  'page-sent': 'people',
  'page-failed': 'people',
  'page-updated': 'people',
  'page-acknowledged': 'people',
  'note-sent': 'people',
  'message-failed': 'people',
  'page-resolved': 'people',
};

/** What each lane does now, and its last failure. */
function foldLanes(record: RecoveryRecord, event: RecoveryEvent): RecoveryRecord {
  switch (event.kind) {
    case 'step-started':
      return begin(record, event.lane, { step: event.step, at: event.at });
    case 'action-started':
      return begin(record, 'target', { step: 'apply', at: event.at, n: event.n, i: event.i });
    case 'undo-started':
      return begin(record, 'target', { step: 'undo', at: event.at, n: event.n, i: event.i });
    case 'silences-read':
      // No message to people: what went wrong with one is not forgotten over it.
      return { ...record, inFlight: { ...record.inFlight, people: null } };
    case 'step-stopped':
      return { ...record, inFlight: { ...record.inFlight, [event.lane]: null } };
    case 'step-failed': {
      const last = record.failures[event.lane];
      const count = last?.step === event.step ? last.count + 1 : 1;
      const failure = { step: event.step, at: event.at, count, error: event.error };
      return {
        ...record,
        inFlight: { ...record.inFlight, [event.lane]: null },
        failures: { ...record.failures, [event.lane]: failure },
      };
    }
    default: {
      const lane = ENDS[event.kind];
      if (lane === undefined) return record;
      return {
        ...record,
        inFlight: { ...record.inFlight, [lane]: null },
        failures: { ...record.failures, [lane]: null },
      };
    }
  }
}

function begin(record: RecoveryRecord, lane: Lane, inFlight: InFlight): RecoveryRecord {
  return { ...record, inFlight: { ...record.inFlight, [lane]: inFlight } };
}

/** The course of the recovery: opening, alerts, diagnosis, looks, orders, the end. */
function foldCourse(record: RecoveryRecord, event: RecoveryEvent): RecoveryRecord {
  switch (event.kind) {
    case 'opened':
      return foldOpened(record, event);
    case 'owner-found':
      return { ...record, target: event.target };
    case 'owner-gone':
      return { ...record, ownerGone: { healthy: event.healthy, saw: event.saw } };
    case 'forwarded':
      return { ...record, forward: { to: event.to, sent: (record.forward?.sent ?? 0) + event.alerts } };
    case 'runbook-loaded':
      return foldRunbook(record, event);
    case 'alert-received':
      return foldAlert(record, event);
    case 'alert-repeated':
      return foldRepeat(record, alertKey(event), event.count);
    case 'runbook-changed':
      return foldRunbookChanged(record, event);
    case 'diagnosed': {
      const { round, healthy, measure, evidence, saw, at } = event;
      const diagnosis = { round, healthy, measure, evidence, saw, at };
      return {
        ...record,
        round,
        diagnosis,
        findings: null,
        diagnosisStale: false,
        look: { at, wanted: false, healthy, broken: !healthy, saw },
        ...(healthy ? { healthyAt: at } : {}),
      };
    }
    case 'classified':
      return { ...record, findings: event.findings };
    case 'checklist':
      return { ...record, checklist: event.items, steps: event.steps, prevention: event.prevention ?? [] };
    case 'watched':
      return foldWatched(record, event);
    case 'deadline-passed':
      return { ...record, episode: { ...record.episode, deadlinePassed: true } };
    case 'relapsed':
      return foldRelapse(record, event);
    case 'recovered':
      return foldRecovered(record, event);
    case 'order':
      return foldOrder(record, event);
    case 'message-refused':
      return { ...record, refusedMessages: record.refusedMessages + 1 };
    case 'released':
      return { ...record, leaseHeld: false };
    case 'closed': {
      const { outcome, rootCause, standing, patch, why, at } = event;
      const told = {
        ...(rootCause === undefined ? {} : { rootCause }),
        ...(patch === undefined ? {} : { patch }),
        ...(why === undefined ? {} : { why }),
      };
      return { ...record, closed: { outcome, standing, at, ...told } };
    }
    default:
      return record;
  }
}

function foldOpened(record: RecoveryRecord, event: RecoveryEvent & { kind: 'opened' }): RecoveryRecord {
  return {
    ...record,
    recoveryId: event.recoveryId,
    workflowId: event.workflowId,
    cluster: event.cluster,
    runbookName: event.runbookName,
    target: event.target,
    startedBy: event.startedBy,
    ...(event.actor === undefined ? {} : { actor: event.actor }),
    ...(event.reason === undefined ? {} : { reason: event.reason }),
    ...(event.mode === undefined ? {} : { inputMode: event.mode }),
    ...(event.startedAt === undefined ? {} : { startedAt: event.startedAt }),
    ...(event.formerRules === undefined ? {} : { formerRules: event.formerRules }),
    openedAt: event.at,
    episode: {
      number: 1,
      brokenSince: event.brokenSince,
      deadline: event.deadline,
      deadlineGiven: event.deadlineGiven,
      openedAt: event.at,
      deadlinePassed: false,
    },
  };
}

function foldRunbook(record: RecoveryRecord, event: RecoveryEvent & { kind: 'runbook-loaded' }): RecoveryRecord {
  const { name, version, digest, workerMode, runbook, orderKeys } = event;
  const keys = orderKeys === undefined ? {} : { orderKeys };
  const declared = runbook.spec.target;
  const kind = declared.kinds[0];
  const single =
    declared.name !== undefined && kind !== undefined
      ? { namespace: declared.namespace, kind, name: declared.name }
      : null;
  return {
    ...record,
    runbook: { name, version, digest, workerMode, content: runbook, ...keys },
    target: record.target ?? single,
    episode: withOthersDeadlines(record, withOwnDeadline(record.episode, runbook.spec.escalation.rungs[0]?.after)),
  };
}

/** The runbook's first rung counts, once it is known, unless the start named a deadline. */
function withOwnDeadline(episode: Episode, rung: string | undefined): Episode {
  if (episode.deadlineGiven || episode.deadlinePassed || rung === undefined) return episode;
  return { ...episode, deadline: after(episode.brokenSince, milliseconds(rung) + (episode.addedMs ?? 0)) };
}

function foldRelapse(record: RecoveryRecord, event: RecoveryEvent & { kind: 'relapsed' }): RecoveryRecord {
  return {
    ...record,
    recovered: null,
    diagnosis: null,
    findings: null,
    look: { ...record.look, wanted: false, healthy: false, broken: true },
    episode: {
      number: record.episode.number + 1,
      brokenSince: event.brokenSince,
      deadline: event.deadline,
      deadlineGiven: false,
      openedAt: event.at,
      deadlinePassed: false,
    },
  };
}

function foldWatched(record: RecoveryRecord, event: RecoveryEvent & { kind: 'watched' }): RecoveryRecord {
  const { at, healthy, broken, saw, measure } = event;
  const seen = measure === undefined ? {} : { measure };
  // What looked well and is not after all gets another diagnosis.
  const diagnosisStale = record.diagnosisStale || (broken && mayBeWell(record));
  const look = { at, wanted: false, healthy, broken, saw, ...seen };
  return { ...record, diagnosisStale, look, ...(healthy ? { healthyAt: at } : {}) };
}

function foldRecovered(record: RecoveryRecord, event: RecoveryEvent & { kind: 'recovered' }): RecoveryRecord {
  const look = { ...record.look, at: event.at, wanted: false, healthy: true, broken: false };
  return { ...record, recovered: { by: event.by, at: event.at }, look, healthyAt: event.at };
}

function foldOrder(record: RecoveryRecord, event: RecoveryEvent & { kind: 'order' }): RecoveryRecord {
  const { id, name, actor, accepted, reason } = event;
  const answer = { name, actor, accepted, ...(reason === undefined ? {} : { reason }) };
  const known = { ...record, orders: { ...record.orders, [id]: answer } };
  if (!accepted || (name !== 'close' && name !== 'cancel')) return known;
  const rootCause = typeof event.args.rootCause === 'string' ? event.args.rootCause : undefined;
  const outcome = namedOutcomes.find((one) => one === event.args.outcome);
  const said = { ...(rootCause === undefined ? {} : { rootCause }), ...(outcome === undefined ? {} : { outcome }) };
  return { ...known, closing: { order: name, actor, at: event.at, ...said } };
}
