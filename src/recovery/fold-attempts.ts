import { adoptedAttempt } from './adopted.ts';
import type { RecoveryEvent } from './events.ts';
import { openPage } from './fold-pages.ts';
import type { ActionRecord, Attempt, RecoveryRecord } from './record.ts';

/**
 * The attempts' part of the fold. Their stages:
 *
 *     planned ─> asked ─> approved ─> applying ─> applied ─> verified
 *        │         └─> rejected | expired   │        │
 *        └─> refused                     failed <────┘   (assessed:) ─> unproven | undoing ─> undone | undo-refused
 */
export function foldAttempts(record: RecoveryRecord, event: RecoveryEvent): RecoveryRecord {
  switch (event.kind) {
    case 'planned':
    case 'remedy-refused':
      return { ...record, attempts: [...record.attempts.filter(({ n }) => n !== event.n), newAttempt(record, event)] };
    case 'adopted':
      return { ...record, attempts: [...record.attempts, adoptedAttempt(record, event)] };
    case 'order':
      return event.accepted ? foldOrder(record, event) : record;
    case 'action-started':
      return { ...update(record, event.n, (attempt) => startAction(attempt, event)), leaseHeld: true };
    case 'recovered':
    case 'relapsed':
      return { ...record, attempts: record.attempts.map(withdraw) };
    case 'replanned':
    case 'approval-asked':
    case 'approval-sent':
    case 'approval-failed':
    case 'approval-expired':
    case 'held-back':
    case 'action-finished':
    case 'verified':
    case 'assessed':
    case 'undo-started':
    case 'undo-finished':
      return markStale(
        update(record, event.n, (attempt) => endUndoing(foldAttempt(attempt, event))),
        event.n,
      );
    default:
      return record;
  }
}

type AttemptEvent = RecoveryEvent & {
  kind:
    | 'replanned'
    | 'approval-asked'
    | 'approval-sent'
    | 'approval-failed'
    | 'approval-expired'
    | 'held-back'
    | 'action-finished'
    | 'verified'
    | 'assessed'
    | 'undo-started'
    | 'undo-finished';
};

function update(record: RecoveryRecord, n: number, change: (attempt: Attempt) => Attempt): RecoveryRecord {
  return { ...record, attempts: record.attempts.map((attempt) => (attempt.n === n ? change(attempt) : attempt)) };
}

/** An attempt that ended without success leaves the last diagnosis behind the facts. */
function markStale(record: RecoveryRecord, n: number): RecoveryRecord {
  const stage = record.attempts.find((attempt) => attempt.n === n)?.stage;
  const ended = stage === 'undone' || stage === 'unproven' || stage === 'undo-refused';
  return ended
    ? { ...record, diagnosisStale: true, look: { ...record.look, wanted: record.recovered !== null } }
    : record;
}

/** What was planned and not begun falls away when the target is healthy, or broken anew. */
function withdraw(attempt: Attempt): Attempt {
  const waiting = attempt.stage === 'planned' || attempt.stage === 'asked' || attempt.stage === 'approved';
  return waiting && attempt.actions.length === 0 ? { ...attempt, stage: 'withdrawn' } : attempt;
}

function newAttempt(record: RecoveryRecord, event: RecoveryEvent & { kind: 'planned' | 'remedy-refused' }): Attempt {
  const planned = event.kind === 'planned';
  return {
    n: event.n,
    episode: record.episode.number,
    cause: event.cause,
    remedy: event.remedy,
    findingKey: event.findingKey,
    stage: planned ? 'planned' : 'refused',
    plans: planned ? event.plans : [],
    digest: planned ? event.digest : '',
    replans: 0,
    before: record.diagnosis?.measure ?? null,
    approval: null,
    actions: [],
    heldBack: null,
    changedAt: null,
    verification: null,
    assessment: null,
    ...(planned ? {} : { why: event.reason }),
  };
}

function foldOrder(record: RecoveryRecord, event: RecoveryEvent & { kind: 'order' }): RecoveryRecord {
  switch (event.name) {
    case 'approve':
    case 'reject':
      return foldAnswer(record, event);
    case 'undo':
      return undoWhere(
        update(record, Number(event.args.n), forgetRefusedUndos),
        (attempt) => attempt.n === event.args.n,
        `ordered by ${event.actor}`,
      );
    case 'cancel':
      return undoWhere(record, ({ stage }) => stage !== 'verified', `cancelled by ${event.actor}`);
    case 'close':
      return record;
  }
}

function foldAnswer(record: RecoveryRecord, event: RecoveryEvent & { kind: 'order' }): RecoveryRecord {
  const asked = record.attempts.find(({ stage }) => stage === 'asked');
  if (asked === undefined) return record;
  return update(record, asked.n, (attempt) => {
    if (event.name === 'reject') return endUnanswered(attempt, 'rejected', `rejected by ${event.actor}`);
    const approval = attempt.approval;
    if (approval === null) return attempt;
    const by = [...new Set([...approval.by, event.actor])];
    const approved = { ...approval, by, ordered: openPage(record) !== null };
    return { ...attempt, approval: approved, stage: by.length >= approval.quorum ? 'approved' : 'asked' };
  });
}

/** Sets the attempts whose changes may stand to be undone; what is in flight for them ends first. */
function undoWhere(record: RecoveryRecord, which: (attempt: Attempt) => boolean, why: string): RecoveryRecord {
  return {
    ...record,
    attempts: record.attempts.map((attempt) =>
      which(attempt) && attempt.actions.some((action) => awaitsUndo(action, attempt))
        ? { ...attempt, stage: 'undoing', why }
        : attempt,
    ),
  };
}

/** A person may order an undo again that was refused: what stood in its way may be gone. */
function forgetRefusedUndos(attempt: Attempt): Attempt {
  const actions = attempt.actions.map((action) => {
    if (!mayStand(action, attempt)) return action;
    const { undo: _refused, ...rest } = action;
    return rest;
  });
  return { ...attempt, actions };
}

function startAction(attempt: Attempt, event: RecoveryEvent & { kind: 'action-started' }): Attempt {
  const action: ActionRecord = { i: event.i, step: event.seq, outcome: 'started' };
  return {
    ...attempt,
    stage: 'applying',
    heldBack: null,
    changedAt: attempt.changedAt ?? event.at,
    actions: [...attempt.actions.filter(({ i }) => i !== event.i), action],
  };
}

function foldAttempt(attempt: Attempt, event: AttemptEvent): Attempt {
  switch (event.kind) {
    case 'replanned':
      return foldReplanned(attempt, event);
    case 'approval-asked': {
      const { quorum, expiresAt, digest, why } = event;
      return {
        ...attempt,
        stage: 'asked',
        approval: { quorum, expiresAt, digest, why, by: [], ordered: false, sentBy: null, tries: [] },
      };
    }
    case 'approval-sent':
      return withApproval(attempt, { sentBy: event.notifier });
    case 'approval-failed': {
      const tries = [...(attempt.approval?.tries ?? []), { notifier: event.notifier, at: event.at }];
      return withApproval(attempt, { tries });
    }
    case 'approval-expired':
      return endUnanswered(attempt, 'expired', 'nobody answered in time');
    case 'held-back':
      return foldHeldBack(attempt, event);
    case 'action-finished':
      return foldActionFinished(attempt, event);
    case 'verified':
      return foldVerified(attempt, event);
    case 'assessed':
      return foldAssessed(attempt, event);
    case 'undo-started':
    case 'undo-finished':
      return foldUndo(attempt, event);
  }
}

function withApproval(attempt: Attempt, change: Partial<NonNullable<Attempt['approval']>>): Attempt {
  return attempt.approval === null ? attempt : { ...attempt, approval: { ...attempt.approval, ...change } };
}

/** Nothing was begun: the attempt stands where it stood before the action was started. */
function foldHeldBack(attempt: Attempt, event: AttemptEvent & { kind: 'held-back' }): Attempt {
  const actions = attempt.actions.filter(({ i }) => i !== event.i);
  const approved = attempt.approval !== null && attempt.approval.by.length >= attempt.approval.quorum;
  const before = approved ? 'approved' : 'planned';
  const stage = attempt.stage === 'undoing' || actions.length > 0 ? attempt.stage : before;
  return { ...attempt, heldBack: { at: event.at, why: event.why }, actions, stage };
}

/** An attempt that people turned down or did not answer: what it has changed so far is taken back. */
function endUnanswered(attempt: Attempt, stage: 'rejected' | 'expired', why: string): Attempt {
  const standing = attempt.actions.some((action) => mayStand(action, attempt));
  return { ...attempt, stage: standing ? 'undoing' : stage, why };
}

function foldReplanned(attempt: Attempt, event: AttemptEvent & { kind: 'replanned' }): Attempt {
  return {
    ...attempt,
    stage: attempt.stage === 'undoing' ? 'undoing' : 'planned',
    plans: attempt.plans.map((plan, i) => (i === event.i ? event.plan : plan)),
    digest: event.digest,
    replans: attempt.replans + 1,
    actions: attempt.actions.filter(({ i }) => i !== event.i),
  };
}

function foldActionFinished(attempt: Attempt, event: AttemptEvent & { kind: 'action-finished' }): Attempt {
  const { i, outcome, error } = event;
  const actions = attempt.actions.map((action) =>
    action.i === i ? { ...action, outcome, ...(error === undefined ? {} : { error }) } : action,
  );
  if (attempt.stage === 'undoing') return { ...attempt, actions };
  if (outcome === 'failed' || outcome === 'unknown') {
    return {
      ...attempt,
      actions,
      stage: 'failed',
      why: error?.message ?? `the outcome of ${attempt.plans[i]?.action} is unknown`,
    };
  }
  return { ...attempt, actions, stage: actions.length === attempt.plans.length ? 'applied' : 'applying' };
}

function foldVerified(attempt: Attempt, event: AttemptEvent & { kind: 'verified' }): Attempt {
  const verification = { result: event.result, checks: event.checks, better: event.better };
  if (attempt.stage === 'undoing') return { ...attempt, verification };
  if (event.result === 'pass') return { ...attempt, verification, stage: 'verified' };
  if (event.result === 'unknown') {
    return { ...attempt, verification, stage: 'unproven', why: 'its checks could not be run' };
  }
  const failed = event.checks.filter(({ result }) => result === 'fail').map(({ name, saw }) => `${name}: ${saw}`);
  const why = `did not verify (${failed.join('; ')})`;
  return { ...attempt, verification, stage: event.better === true ? 'unproven' : 'failed', why };
}

/** Better: the change stays. Interrupted while being verified, the verification is finished; failed before, it is unproven. */
function foldAssessed(attempt: Attempt, event: AttemptEvent & { kind: 'assessed' }): Attempt {
  const { better, saw, at } = event;
  const assessment = { better, saw, at };
  if (attempt.stage === 'undoing') return { ...attempt, assessment };
  if (better === true && attempt.verification === null) return { ...attempt, assessment, stage: 'applied' };
  if (better === false) {
    const standing = attempt.actions.some((action) => mayStand(action, attempt));
    return { ...attempt, assessment, stage: standing ? 'undoing' : 'undone' };
  }
  return { ...attempt, assessment, stage: 'unproven' };
}

function foldUndo(attempt: Attempt, event: AttemptEvent & { kind: 'undo-started' | 'undo-finished' }): Attempt {
  const actions = attempt.actions.map((action) => {
    if (action.i !== event.i) return action;
    if (event.kind === 'undo-started') return { ...action, undo: { step: event.seq, outcome: 'started' as const } };
    const saw = event.saw === undefined ? {} : { saw: event.saw };
    return { ...action, undo: { step: action.undo?.step ?? event.seq, outcome: event.outcome, ...saw } };
  });
  const why = event.kind === 'undo-started' ? { why: event.why } : {};
  // What ends with the recovery in any case (a hold) does not unmake a remedy that verified.
  if (attempt.stage === 'verified') return { ...attempt, actions };
  return { ...attempt, ...why, actions, stage: 'undoing' };
}

/** Undoing is over when nothing awaits it any more, also because the write that was stopped for it changed nothing. */
function endUndoing(attempt: Attempt): Attempt {
  if (attempt.stage !== 'undoing' || attempt.actions.some((action) => awaitsUndo(action, attempt))) return attempt;
  const stands = attempt.actions.some((action) => mayStand(action, attempt));
  return { ...attempt, stage: stands ? 'undo-refused' : 'undone' };
}

/** Whether an action's undo is still to be done: not when it was refused or failed for good, which a person is told. */
export function awaitsUndo(action: ActionRecord, attempt: Attempt): boolean {
  return mayStand(action, attempt) && (action.undo === undefined || action.undo.outcome === 'started');
}

const SETTLED_UNDOS: ReadonlySet<string> = new Set(['undone', 'not-needed']);

/** Whether an action's change may still be in the cluster: applied or unknown, and not taken back. */
export function mayStand(action: ActionRecord, attempt: Attempt): boolean {
  const plan = attempt.plans[action.i];
  if (plan === undefined || plan.undo === 'none') return false;
  // A failed apply says that nothing was written; one without an answer may have written.
  if (action.outcome === 'unchanged' || action.outcome === 'failed') return false;
  return action.undo === undefined || !SETTLED_UNDOS.has(action.undo.outcome);
}
