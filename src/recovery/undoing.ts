import type { ActionRecord, Attempt } from './attempt.ts';
import type { RecoveryEvent } from './events.ts';

/** What of an attempt may stand in the cluster, and how it is taken back. */

/** The attempt after one of its undos began or ended. */
export function foldUndo(attempt: Attempt, event: RecoveryEvent & { kind: 'undo-started' | 'undo-finished' }): Attempt {
  const actions = attempt.actions.map((action) => {
    if (action.i !== event.i) return action;
    if (event.kind === 'undo-started') return { ...action, undo: { step: event.seq, outcome: 'started' as const } };
    const { outcome, saw, stands } = event;
    const told = { ...(saw === undefined ? {} : { saw }), ...(stands === undefined ? {} : { stands }) };
    return { ...action, undo: { step: action.undo?.step ?? event.seq, outcome, ...told } };
  });
  const why = event.kind === 'undo-started' ? { why: event.why } : {};
  // What ends with the recovery in any case (a hold) does not unmake a remedy whose change stays.
  if (KEEPS_STAGE.has(attempt.stage)) return { ...attempt, actions };
  return { ...attempt, ...why, actions, stage: 'undoing' };
}

const KEEPS_STAGE: ReadonlySet<Attempt['stage']> = new Set(['verified', 'unproven', 'taken-over']);

/** Undoing is over when nothing awaits it any more, also because the write that was stopped for it changed nothing. */
export function endUndoing(attempt: Attempt): Attempt {
  if (attempt.stage !== 'undoing' || attempt.actions.some((action) => awaitsUndo(action, attempt))) return attempt;
  const stands = attempt.actions.some((action) => mayStand(action, attempt));
  return { ...attempt, stage: stands ? 'undo-refused' : 'undone' };
}

/** Whether an action's undo is still to be done: not when it was refused or failed for good, which a person is told. */
export function awaitsUndo(action: ActionRecord, attempt: Attempt): boolean {
  if (!mayStand(action, attempt) || keepsForeignChange(action, attempt)) return false;
  return action.undo === undefined || action.undo.outcome === 'started';
}

/** A hold stays over a change that could not be taken back: its owner would write over the other hand's work. */
function keepsForeignChange({ i }: ActionRecord, attempt: Attempt): boolean {
  const undoes = attempt.stage === 'undoing' || attempt.stage === 'undo-refused';
  if (!undoes || attempt.plans[i]?.hold === undefined) return false;
  return attempt.actions.some((other) => {
    const settled = other.undo !== undefined && other.undo.outcome !== 'started';
    return other.i !== i && settled && mayStand(other, attempt);
  });
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
