import { ApplicationFailure, Context } from '@temporalio/activity';
import { TemporalFailure } from '@temporalio/common';
import { KintsugiError, messageOf } from '../errors.ts';
import type { StepError } from '../recovery/values.ts';

/** The most bytes of JSON that an activity may answer with (durability 9). */
export const RESULT_BYTES = 32 * 1024;

/**
 * An activity whose errors Temporal understands: a {@link KintsugiError} becomes an `ApplicationFailure` (type = its code,
 * details = its report, non-retryable unless it says so), anything else one of type `unexpected` that is retried.
 * A cancellation stays one. An answer over {@link RESULT_BYTES} fails for good, before Temporal would fail the run.
 */
export function withFailures<Input, Result>(
  activity: (input: Input) => Promise<Result>,
): (input: Input) => Promise<Result> {
  return async (input) => {
    try {
      return bounded(await activity(input));
    } catch (error) {
      throw asFailure(error);
    }
  };
}

function bounded<Result>(result: Result): Result {
  const bytes = result === undefined ? 0 : Buffer.byteLength(JSON.stringify(result));
  if (bytes <= RESULT_BYTES) return result;
  throw new KintsugiError('invalid', `the step's result is ${bytes} bytes, over the limit of ${RESULT_BYTES}`, {
    where: activityName(),
    fix: 'Name fewer containers or a smaller change; large content belongs into artifacts.',
  });
}

function asFailure(error: unknown): unknown {
  if (isCancelled()) return Context.current().cancellationSignal.reason;
  if (error instanceof TemporalFailure) return error;
  if (error instanceof KintsugiError)
    return ApplicationFailure.create({
      message: error.message,
      type: error.code,
      nonRetryable: !error.retryable,
      details: [error.report()],
      cause: error,
    });
  return ApplicationFailure.create({
    message: messageOf(error),
    type: 'unexpected',
    nonRetryable: false,
    ...(error instanceof Error ? { cause: error } : {}),
  });
}

/** A thrown error as events record it. */
export function stepErrorOf(error: unknown): StepError {
  if (!(error instanceof KintsugiError)) return { code: 'unexpected', message: messageOf(error) };
  return { code: error.code, message: error.message, where: error.where, fix: error.fix };
}

function isCancelled(): boolean {
  const context = currentContext();
  return context?.cancellationSignal.aborted === true;
}

function activityName(): string {
  return currentContext()?.info.activityType ?? 'activity';
}

/** The running activity's context; undefined outside of one (a plain unit test, the CLI's `diagnose`). */
function currentContext(): Context | undefined {
  try {
    return Context.current();
  } catch {
    return undefined;
  }
}
