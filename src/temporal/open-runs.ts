import type { Client } from '@temporalio/client';
import { KintsugiError } from '../errors.ts';
import { parseRecoveryId } from '../recovery/ids.ts';
import { CALL_TIMEOUT_MS } from './connect.ts';
import { temporalFailure } from './failures.ts';

/**
 * Whether Temporal has an open run of a recovery: who holds a Lease whose run has ended holds nothing (safety 1).
 * Throws a retryable KintsugiError when Temporal cannot tell.
 */
export async function isRunOpen(client: Client, recoveryId: string): Promise<boolean> {
  const parsed = parseRecoveryId(recoveryId);
  if (parsed === null) return false;
  try {
    const { status, raw } = await client.connection.withDeadline(Date.now() + CALL_TIMEOUT_MS, () =>
      client.workflow.getHandle(parsed.workflowId).describe(),
    );
    const first = raw.workflowExecutionInfo?.firstRunId ?? '';
    return status.name === 'RUNNING' && first.endsWith(parsed.firstRunId);
  } catch (thrown) {
    const failure =
      thrown instanceof KintsugiError ? thrown : temporalFailure(thrown, 'the run cannot be looked up', recoveryId);
    if (failure.code === 'not-found') return false;
    throw failure;
  }
}

/** A workflow id's runs that ended from outside, the latest first, of which so many are looked at. */
const MOST_RUNS = 20;

/**
 * Whether a recovery's run was terminated or timed out, so that its code could not undo what it had changed (durability 5).
 * False also where Temporal keeps nothing of it any more. Throws a KintsugiError when Temporal cannot tell.
 */
export async function wasCutShort(client: Client, recoveryId: string): Promise<boolean> {
  const parsed = parseRecoveryId(recoveryId);
  if (parsed === null || parsed.workflowId.includes("'")) return false;
  const { workflowId, firstRunId } = parsed;
  const query = `WorkflowId = '${workflowId}' AND ExecutionStatus IN ('Terminated', 'TimedOut')`;
  try {
    return await client.connection.withDeadline(Date.now() + CALL_TIMEOUT_MS, async () => {
      let seen = 0;
      for await (const { runId } of client.workflow.list({ query })) {
        if (runId.endsWith(firstRunId)) return true;
        // A run that continued as new has another id; only its description names the first.
        const { raw } = await client.workflow.getHandle(workflowId, runId).describe();
        if (raw.workflowExecutionInfo?.firstRunId?.endsWith(firstRunId) === true) return true;
        seen += 1;
        if (seen === MOST_RUNS) return false;
      }
      return false;
    });
  } catch (thrown) {
    throw thrown instanceof KintsugiError
      ? thrown
      : temporalFailure(thrown, 'the former run cannot be looked up', recoveryId);
  }
}
