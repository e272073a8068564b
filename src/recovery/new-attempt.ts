import type { Attempt, Requested } from './attempt.ts';
import type { RecoveryEvent } from './events.ts';
import { requestOf } from './ordered.ts';
import type { RecoveryRecord } from './record.ts';

/** How attempts come into a record, and how those that were never begun fall away again. */

/** The record with what was just planned, or refused, as an attempt. */
export function withAttempt(
  record: RecoveryRecord,
  event: RecoveryEvent & { kind: 'planned' | 'remedy-refused' },
): RecoveryRecord {
  // What was ordered and given up while it was planned stands there already.
  if (record.attempts.some(({ n, stage }) => n === event.n && stage === 'withdrawn')) return record;
  const ordered = requestOf(record, event.findingKey);
  const others = record.attempts.filter(({ n }) => n !== event.n);
  if (ordered === undefined) return { ...record, attempts: [...others, ownAttempt(record, event)] };
  // What a person orders goes before what only waits for a person.
  const before = event.kind === 'planned' ? others.map((attempt) => giveWay(attempt, ordered)) : others;
  return {
    ...record,
    requests: record.requests.filter(({ id }) => id !== ordered.id),
    attempts: [...before, { ...newAttempt(record, event), ordered }],
  };
}

/** What automation planned falls away where a person has the target in hand, or had it since the diagnosis. */
function ownAttempt(record: RecoveryRecord, event: RecoveryEvent & { kind: 'planned' | 'remedy-refused' }): Attempt {
  const { takenOver, diagnosisStale, retry } = record;
  const isNamed = retry?.remedy === event.remedy && retry.cause === event.cause;
  const attempt = { ...newAttempt(record, event), ...(isNamed ? { retried: retry } : {}) };
  if (attempt.stage !== 'planned' || (takenOver === undefined && !diagnosisStale)) return attempt;
  const why = takenOver === undefined ? 'the target is diagnosed anew' : `${takenOver.by} took over`;
  return { ...attempt, stage: 'withdrawn', why };
}

/** An attempt that only waits for a person falls away for what another one ordered. */
export function giveWay(attempt: Attempt, { what, by }: Pick<Requested, 'what' | 'by'>): Attempt {
  const waits = attempt.stage === 'asked' && attempt.actions.length === 0;
  return waits ? { ...attempt, stage: 'withdrawn', why: `${by} ordered ${what}` } : attempt;
}

/** What was planned and not begun falls away when the target is healthy, or broken anew; so does what was only ordered. */
export function withdraw(record: RecoveryRecord, because: 'recovered' | 'relapsed'): RecoveryRecord {
  const attempts = record.attempts.map(withdrawAttempt);
  if (because === 'relapsed') return { ...record, attempts };
  const dropped = record.requests.map((request, index) =>
    withdrawnRequest(record, request, record.attempts.length + 1 + index, RECOVERED_BEFORE),
  );
  return { ...record, requests: [], attempts: [...attempts, ...dropped] };
}

function withdrawAttempt(attempt: Attempt): Attempt {
  const waiting = attempt.stage === 'planned' || attempt.stage === 'asked' || attempt.stage === 'approved';
  return waiting && attempt.actions.length === 0 ? { ...attempt, stage: 'withdrawn' } : attempt;
}

const RECOVERED_BEFORE = 'the target had recovered before it was begun: order it again if it is still wanted';

/** What was ordered and is not begun any more, as an attempt that says why. */
export function withdrawnRequest(record: RecoveryRecord, ordered: Requested, n: number, why: string): Attempt {
  return { ...emptyAttempt(record), n, remedy: ordered.what, stage: 'withdrawn', ordered, why };
}

function newAttempt(record: RecoveryRecord, event: RecoveryEvent & { kind: 'planned' | 'remedy-refused' }): Attempt {
  const { n, cause, remedy, findingKey } = event;
  const attempt = { ...emptyAttempt(record), n, cause, remedy, findingKey };
  if (event.kind === 'remedy-refused') return { ...attempt, stage: 'refused', why: event.reason };
  const { plans, digest, developmentCluster } = event;
  return { ...attempt, plans, digest, ...(developmentCluster === undefined ? {} : { developmentCluster }) };
}

function emptyAttempt(record: RecoveryRecord): Attempt {
  return {
    n: 0,
    episode: record.episode.number,
    cause: 'unknown',
    remedy: '',
    findingKey: '',
    stage: 'planned',
    plans: [],
    digest: '',
    replans: 0,
    before: record.diagnosis?.measure ?? null,
    approval: null,
    actions: [],
    heldBack: null,
    changedAt: null,
    verification: null,
    assessment: null,
  };
}
