import { randomUUID } from 'node:crypto';
import { KintsugiError } from '../../errors.ts';
import type { Execution, NotedExecution } from '../../executions/notes.ts';
import type { WriteContext } from '../action.ts';
import { guardText } from '../write/guard.ts';

/** An execution in the hands of one try of one step: every step forward follows what that try wrote last, or is refused. */
export interface Claim {
  readonly note: Execution;
  /** Notes what comes next, before it is done. @throws KintsugiError `refused` when it was taken back meanwhile */
  advance(change: Partial<Execution>): Promise<void>;
}

export function stepOf(context: WriteContext): string {
  return guardText(context);
}

/** Whose step it is, in a try of its own. */
export function runnerOf(context: WriteContext): Execution['by'] {
  return { step: stepOf(context), attempt: randomUUID(), begunAt: new Date().toISOString() };
}

/** Begins an execution that nobody has begun. @throws KintsugiError `refused` when somebody has */
export async function beginExecution(
  context: WriteContext,
  key: string,
  { action, container }: Pick<Execution, 'action' | 'container'>,
): Promise<Claim> {
  const noted = await context.executions.write(key, { action, container, by: runnerOf(context) }, null);
  return claimOf(context, key, noted);
}

/** Goes on from what was read. */
export function claimOf({ executions }: WriteContext, key: string, noted: NotedExecution): Claim {
  let last = noted;
  return {
    get note() {
      return last.note;
    },
    async advance(change) {
      last = await executions.write(key, { ...last.note, ...change }, last);
    },
  };
}

/** A failure for good: nothing of it is tried again by itself. */
export function failure(message: string, where: string, fix: string, cause?: unknown): KintsugiError {
  return new KintsugiError('refused', message, { where, fix, retryable: false, cause });
}

/** Any error as one that is not tried again: a program is run at most once. */
export function forGood(error: unknown): unknown {
  if (!(error instanceof KintsugiError) || !error.retryable) return error;
  const { code, message, where, fix } = error;
  return new KintsugiError(code, message, { where, fix, retryable: false, cause: error });
}
