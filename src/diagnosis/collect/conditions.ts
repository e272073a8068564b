import type { ConditionEvidence } from '../evidence/workload.ts';

interface Condition {
  type: string;
  status: string;
  reason?: string | undefined;
  message?: string | undefined;
  lastTransitionTime?: Date | undefined;
}

/** Conditions of any object in one shape. */
export function conditions(of: readonly Condition[] | undefined): ConditionEvidence[] {
  return (of ?? []).map(({ type, status, reason, message, lastTransitionTime }) => ({
    type,
    status,
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
    ...(lastTransitionTime === undefined ? {} : { since: lastTransitionTime.toISOString() }),
  }));
}
