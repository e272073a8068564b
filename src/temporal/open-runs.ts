import type { Client } from '@temporalio/client';
import { KintsugiError } from '../errors.ts';
import { CALL_TIMEOUT_MS } from './connect.ts';
import { temporalFailure } from './failures.ts';
import { parseRecoveryId } from './ids.ts';

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
    return status.name === 'RUNNING' && first.startsWith(parsed.firstRunId);
  } catch (thrown) {
    const failure =
      thrown instanceof KintsugiError ? thrown : temporalFailure(thrown, 'the run cannot be looked up', recoveryId);
    if (failure.code === 'not-found') return false;
    throw failure;
  }
}
