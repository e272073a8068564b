import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { KintsugiError, messageOf } from '../errors.ts';
import type { RecoveryEvent } from '../recovery/events.ts';
import type { RecoveryRecord } from '../recovery/record.ts';
import { bounded, findRecovery, readRecord, type Session } from '../temporal/recoveries.ts';
import type { RecordAnswer } from '../workflows/recovery.ts';

const ASK_EVERY_MS = 500;
/** A run that was terminated or failed still answers with its last record: every so many answers Temporal is asked too. */
const LOOK_EVERY = 4;

/** Where a follower asks. */
export interface RecoverySource {
  /** The record and its last events. Throws a retryable error where no worker answers. */
  read(workflowId: string): Promise<RecordAnswer>;
  /** Throws what ended a run from outside, or made it fail: a wrong start, a termination. */
  throwIfEnded(workflowId: string): Promise<void>;
}

/** Temporal itself. */
export function temporalSource(session: Session): RecoverySource {
  return {
    read: (workflowId) => readRecord(session, { workflowId }),
    throwIfEnded: (workflowId) => throwIfEnded(session, workflowId),
  };
}

/** What a follower wants to hear of. */
export interface Follower {
  onEvent(event: RecoveryEvent): void;
  /** After every answer: what it waits for may have changed. */
  onRecord(record: RecoveryRecord): void;
  /** No worker answers for now; said once each time. */
  onSilence(error: KintsugiError): void;
  /** Whether enough was seen. */
  done(record: RecoveryRecord): boolean;
}

/**
 * Follows the open recovery of a workflow id, through continue-as-new, from the first event that the answer still has until
 * `done` says so; waits for a worker if there is none. Throws if the run ended from outside, or failed.
 */
export async function followRecovery(
  source: RecoverySource,
  workflowId: string,
  follower: Follower,
): Promise<RecordAnswer> {
  let shown = 0;
  let silent = false;
  for (let round = 1; ; round += 1) {
    const answer = await readIfAnswered(source, workflowId, (error) => {
      if (!silent) follower.onSilence(error);
      silent = true;
    });
    if (answer !== null) {
      silent = false;
      for (const event of answer.events.filter(({ seq }) => seq > shown)) follower.onEvent(event);
      shown = Math.max(shown, answer.record.seq);
      follower.onRecord(answer.record);
      if (follower.done(answer.record)) return answer;
    }
    if (answer === null || round % LOOK_EVERY === 0) await source.throwIfEnded(workflowId);
    await sleep(ASK_EVERY_MS);
  }
}

async function readIfAnswered(
  source: RecoverySource,
  workflowId: string,
  onSilence: (error: KintsugiError) => void,
): Promise<RecordAnswer | null> {
  try {
    return await source.read(workflowId);
  } catch (thrown) {
    if (!(thrown instanceof KintsugiError && thrown.retryable)) throw thrown;
    onSilence(thrown);
    return null;
  }
}

/** Throws what ended a run from outside, or made it fail: a wrong start, a termination. */
async function throwIfEnded(session: Session, workflowId: string): Promise<void> {
  const { status, id } = await findRecovery(session, workflowId);
  if (status === 'RUNNING' || status === 'COMPLETED' || status === 'CONTINUED_AS_NEW') return;
  if (status === 'FAILED') throw await failureOf(session, workflowId);
  throw new KintsugiError('conflict', `the run has ended without its own doing: ${status.toLowerCase()}`, {
    where: id,
    fix: 'look at the target; a change of this recovery may stand, `kintsugi show` lists it',
  });
}

/** Why a run failed: the workflow's own words for a wrong start. */
async function failureOf({ client }: Session, workflowId: string): Promise<KintsugiError> {
  try {
    await bounded(client, () => client.workflow.getHandle(workflowId).result());
  } catch (thrown) {
    const cause = thrown instanceof WorkflowFailedError ? thrown.cause : thrown;
    const wrongStart = cause instanceof ApplicationFailure && WRONG_STARTS.has(cause.type ?? '');
    return new KintsugiError(wrongStart ? 'invalid' : 'conflict', messageOf(cause), {
      where: workflowId,
      fix: wrongStart
        ? 'correct what the message names and start it again'
        : 'its history in Temporal shows where it failed',
      cause: thrown,
    });
  }
  return new KintsugiError('conflict', 'the run has failed', {
    where: workflowId,
    fix: 'look at its history in Temporal',
  });
}

const WRONG_STARTS = new Set(['InvalidInput', 'InvalidStart', 'UnknownRunbook']);
