import { ApplicationFailure } from '@temporalio/workflow';
import type { StepContext } from '../recovery/activities.ts';
import type { RecoveryRecord } from '../recovery/record.ts';

/** What a step on the target is told of it, with the whole runbook. */
export function contextOf(record: RecoveryRecord): StepContext {
  const { recoveryId, target, runbook } = record;
  if (target === null || runbook === null) throw ApplicationFailure.nonRetryable('a step on no target', 'invalid');
  return { recoveryId, target, runbook: runbook.content };
}

/**
 * The same for a step that looks or undoes: what the runbook says of causes and for people stays in the record. Looks come by
 * the thousand, and the history keeps the input of each.
 */
export function lookContextOf(record: RecoveryRecord): StepContext {
  const { runbook, ...context } = contextOf(record);
  const { postRecovery: _, ...needed } = runbook.spec;
  const spec = { ...needed, causes: [], procedures: [], byHand: [], prevention: [], checklist: [], links: [] };
  return { ...context, runbook: { ...runbook, spec } };
}
