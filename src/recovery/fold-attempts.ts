import { adoptedAttempt } from './adopted.ts';
import type { ActionRecord, Attempt } from './attempt.ts';
import type { RecoveryEvent } from './events.ts';
import { foldAnswer, foldApproval } from './fold-approvals.ts';
import { openPage } from './fold-pages.ts';
import { withAttempt, withdraw } from './new-attempt.ts';
import { changesTarget, isSession, nextProcedure, requested } from './ordered.ts';
import { isUnderWay } from './policy.ts';
import type { RecoveryRecord } from './record.ts';
import { isSettledBy } from './settled.ts';
import { mayWrite } from './take-over.ts';
import { awaitsUndo, endUndoing, foldUndo, mayStand } from './undoing.ts';

/**
 * The attempts' part of the fold. Their stages:
 *
 *     planned ─> asked ─> approved ─> applying ─> applied ─> verified
 *        │         └─> rejected | expired   │        │
 *        └─> refused                     failed <────┘   (assessed:) ─> unproven | undoing ─> undone | undo-refused
 *
 * A session goes from applying to standing, and is undone when its time is over. Under way when a person takes over, an attempt is
 * `taken-over`, and keeps that stage whatever its last step comes to.
 */
export function foldAttempts(record: RecoveryRecord, event: RecoveryEvent): RecoveryRecord {
  switch (event.kind) {
    case 'planned':
    case 'remedy-refused':
      return withAttempt(record, event);
    case 'adopted':
      return { ...record, attempts: [...record.attempts, adoptedAttempt(record, event)] };
    case 'order':
      return event.accepted ? foldOrder(record, event) : record;
    case 'action-started':
      return { ...update(record, event.n, (attempt) => startAction(attempt, event)), leaseHeld: true };
    case 'recovered':
    case 'relapsed':
      return withdraw(record, event.kind);
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

/** An attempt that ended without success leaves the last diagnosis behind the facts; not what stood beside the target. */
function markStale(record: RecoveryRecord, n: number): RecoveryRecord {
  const attempt = record.attempts.find((candidate) => candidate.n === n);
  const stage = attempt?.stage;
  const ended = stage === 'undone' || stage === 'unproven' || stage === 'undo-refused';
  const beside = attempt !== undefined && isSession(attempt.plans) && !changesTarget(attempt.plans);
  if (!ended || beside) return record;
  return {
    ...update(record, n, (one) => (one.ordered?.procedure === undefined ? one : { endedAt: record.now, ...one })),
    diagnosisStale: true,
    look: { ...record.look, wanted: record.recovered !== null },
  };
}

function foldOrder(record: RecoveryRecord, event: RecoveryEvent & { kind: 'order' }): RecoveryRecord {
  switch (event.name) {
    case 'approve':
    case 'reject': {
      const asked = record.attempts.find(({ stage }) => stage === 'asked');
      const underPage = openPage(record) !== null;
      return asked === undefined ? record : update(record, asked.n, (one) => foldAnswer(one, event, { underPage }));
    }
    case 'undo':
      return undoWhere(
        update(record, Number(event.args.n), (attempt) =>
          forgetRefusedUndos({ ...attempt, undoOrderedBy: event.actor }),
        ),
        (attempt) => attempt.n === event.args.n,
        `ordered by ${event.actor}`,
      );
    case 'cancel':
      return undoWhere(
        record,
        (attempt) => attempt.stage !== 'verified' && mayWrite(record, attempt),
        `cancelled by ${event.actor}`,
      );
    case 'rollback':
    case 'run':
      return foldRequest(record, event);
    case 'close':
      return undoWhere(record, (attempt) => isLeftOver(record, attempt), `closed by ${event.actor}`);
    default:
      return record;
  }
}

const ON_THE_WAY: ReadonlySet<Attempt['stage']> = new Set(['planned', 'asked', 'approved', 'applying']);

/** Whether an attempt is a procedure that was begun and not done: half of one is never left behind. */
function isHalfDone({ ordered, stage, actions }: Attempt): boolean {
  return ordered?.procedure === true && actions.length > 0 && ON_THE_WAY.has(stage);
}

/** Whether a close takes an attempt back: what is under way and has not verified. What ended stays, and is named. */
function isLeftOver(record: RecoveryRecord, attempt: Attempt): boolean {
  if (record.formerRules === true) return isHalfDone(attempt);
  return isUnderWay(attempt) && attempt.stage !== 'undoing' && mayWrite(record, attempt);
}

/** What was ordered: a procedure of a runbook, by which the recovery then goes on, or actions on the target. */
function foldRequest(record: RecoveryRecord, event: RecoveryEvent & { kind: 'order' }): RecoveryRecord {
  const next = nextProcedure(event);
  return next === null ? { ...record, requests: [...record.requests, requested(event)] } : { ...record, next };
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
    case 'approval-asked':
    case 'approval-sent':
    case 'approval-failed':
    case 'approval-expired':
      return foldApproval(attempt, event);
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

/** Nothing was begun: the attempt stands where it stood before the action was started. */
function foldHeldBack(attempt: Attempt, event: AttemptEvent & { kind: 'held-back' }): Attempt {
  const actions = attempt.actions.filter(({ i }) => i !== event.i);
  if (attempt.stage === 'taken-over') return withoutBegun(attempt, actions);
  const approved = attempt.approval !== null && attempt.approval.by.length >= attempt.approval.quorum;
  const before = approved ? 'approved' : 'planned';
  const stage = attempt.stage === 'undoing' || actions.length > 0 ? attempt.stage : before;
  const held = { ...withUnread(attempt, event), heldBack: { at: event.at, why: event.why }, actions };
  return { ...held, stage: event.asks === true && stage !== 'undoing' ? 'planned' : stage };
}

function withUnread({ unread: before, ...attempt }: Attempt, { i, at, unread }: AttemptEvent & { kind: 'held-back' }) {
  if (unread !== true) return attempt;
  return { ...attempt, unread: before?.i === i ? before : { i, since: at } };
}

/** Of an attempt that a person took over: what turned out not to have begun. */
function withoutBegun(attempt: Attempt, actions: ActionRecord[]): Attempt {
  return { ...attempt, actions, stage: actions.length === 0 ? 'withdrawn' : 'taken-over' };
}

function foldReplanned(attempt: Attempt, event: AttemptEvent & { kind: 'replanned' }): Attempt {
  if (attempt.stage === 'taken-over')
    return withoutBegun(
      attempt,
      attempt.actions.filter(({ i }) => i !== event.i),
    );
  const recorded = attempt.plans[event.i];
  const isSettled = recorded !== undefined && isSettledBy(recorded, event.plan);
  const next = isSettled ? 'applying' : 'planned';
  return {
    ...attempt,
    stage: attempt.stage === 'undoing' ? 'undoing' : next,
    plans: attempt.plans.map((plan, i) => (i === event.i ? event.plan : plan)),
    digest: event.digest,
    replans: attempt.replans + (isSettled ? 0 : 1),
    actions: attempt.actions.filter(({ i }) => i !== event.i),
  };
}

function foldActionFinished(attempt: Attempt, event: AttemptEvent & { kind: 'action-finished' }): Attempt {
  const { i, outcome, error, saw, at: finishedAt } = event;
  const finished = {
    outcome,
    finishedAt,
    ...(error === undefined ? {} : { error }),
    ...(saw === undefined ? {} : { saw }),
  };
  const actions = attempt.actions.map((action) => (action.i === i ? { ...action, ...finished } : action));
  if (attempt.stage === 'undoing' || attempt.stage === 'taken-over') return { ...attempt, actions };
  if (outcome === 'failed' || outcome === 'unknown') {
    const why = error?.message ?? `the outcome of ${attempt.plans[i]?.action} is unknown`;
    // A session mends nothing, and half a procedure is worse than none: what may stand is taken back without another look.
    const isTakenBack = isSession(attempt.plans) || attempt.ordered?.procedure === true;
    return { ...attempt, actions, stage: isTakenBack ? 'undoing' : 'failed', why };
  }
  return { ...attempt, actions, stage: actions.length < attempt.plans.length ? 'applying' : stageWhenApplied(attempt) };
}

/** What comes after the last action: a session stands, an order that changed nothing is done, anything else is verified. */
function stageWhenApplied({ plans, ordered }: Attempt): Attempt['stage'] {
  if (isSession(plans)) return 'standing';
  const isToVerify = changesTarget(plans) || (ordered?.procedure === true && plans.some(({ undo }) => undo !== 'none'));
  return ordered === undefined || isToVerify ? 'applied' : 'done';
}

const KEEPS_STAGE: ReadonlySet<Attempt['stage']> = new Set(['undoing', 'verified', 'unproven', 'taken-over']);

function foldVerified(attempt: Attempt, event: AttemptEvent & { kind: 'verified' }): Attempt {
  const verification = { result: event.result, checks: event.checks, better: event.better, at: event.at };
  // An attempt that has ended is verified again when its hold was released: that speaks of the target, not of the remedy.
  if (KEEPS_STAGE.has(attempt.stage)) return { ...attempt, verification };
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
  if (attempt.stage === 'undoing' || attempt.stage === 'taken-over') return { ...attempt, assessment };
  if (better === true && attempt.verification === null) return { ...attempt, assessment, stage: 'applied' };
  // Of a procedure, what did not verify and cannot be seen to be better is taken back.
  if (better === false || (better === 'unknown' && attempt.ordered?.procedure === true)) {
    const standing = attempt.actions.some((action) => mayStand(action, attempt));
    return { ...attempt, assessment, stage: standing ? 'undoing' : 'undone' };
  }
  return { ...attempt, assessment, stage: 'unproven' };
}
