import { WorkflowFailedError } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/common';
import { z } from 'zod';
import { KintsugiError } from '../errors.ts';
import { SILENCES_TYPE, taskQueueOf } from '../recovery/ids.ts';
import type { SilenceAnswer, SilenceRequest } from '../recovery/silence-answers.ts';
import { entrySchema } from '../silences/entry.ts';
import { temporalFailure } from './failures.ts';
import { bounded, type Session } from './recoveries.ts';

/** Longer than the step itself may take, shorter than the command line waits for the gateway. */
const WITHIN_MS = 20_000;

const answer = z.object({ silences: z.array(entrySchema), leftOff: z.number().exactOptional() });

/** The report that an activity's failure carries. */
const report = z.object({
  code: z.enum(['invalid', 'forbidden', 'not-found', 'conflict', 'timeout', 'unavailable', 'refused']),
  message: z.string(),
  where: z.string(),
  fix: z.string(),
  retryable: z.boolean(),
});

/**
 * Asks the cluster's worker for silences: a run of its own, which ends with the answer. `key`: the same request under one key is
 * asked once at a time.
 * @throws KintsugiError what the list says against it, `unavailable` where no worker answers or Temporal does not
 */
export async function requestSilences(
  { client, configuration }: Session,
  request: SilenceRequest,
  key: string,
): Promise<SilenceAnswer> {
  const run = () =>
    client.workflow.execute(SILENCES_TYPE, {
      workflowId: `silences/${configuration.cluster}/${key}`,
      taskQueue: taskQueueOf(configuration.cluster),
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowExecutionTimeout: WITHIN_MS,
      workflowTaskTimeout: '2s',
      args: [request],
    });
  try {
    return answer.parse(await bounded(client, run, WITHIN_MS + 5_000));
  } catch (thrown) {
    throw failureOf(thrown, configuration.cluster);
  }
}

function failureOf(thrown: unknown, cluster: string): KintsugiError {
  if (!(thrown instanceof WorkflowFailedError)) return temporalFailure(thrown, 'silences cannot be asked for', cluster);
  const cause = thrown.cause instanceof ActivityFailure ? thrown.cause.cause : thrown.cause;
  const told = cause instanceof ApplicationFailure ? report.safeParse(cause.details?.[0]) : undefined;
  if (told?.success === true) {
    const { code, message, ...details } = told.data;
    return new KintsugiError(code, message, { ...details, cause: thrown });
  }
  const late = cause instanceof TimeoutFailure;
  return new KintsugiError(
    'unavailable',
    late ? 'no worker answered' : `no worker could do it: ${cause?.message ?? ''}`,
    {
      where: `the worker of cluster ${cluster}`,
      fix: 'start one: kintsugi worker; whether a silence was set, `kintsugi silence list` shows',
      cause: thrown,
    },
  );
}
