import { ActivityFailure, ApplicationFailure, isCancellation, TimeoutFailure } from '@temporalio/workflow';
import type { StepError } from '../recovery/values.ts';

/** The error as events keep it: an ApplicationFailure's type is our error code (`activities/failure.ts`). */
export function stepError(thrown: unknown): StepError {
  const cause = thrown instanceof ActivityFailure ? thrown.cause : thrown;
  if (isCancellation(thrown)) return { code: 'refused', message: 'stopped before its end' };
  if (cause instanceof TimeoutFailure) return { code: 'timeout', message: 'no answer in time' };
  if (cause instanceof ApplicationFailure) return { code: cause.type ?? 'unavailable', message: cause.message };
  return { code: 'unavailable', message: cause instanceof Error ? cause.message : String(cause) };
}
