import type { WorkflowHandle } from '@temporalio/client';
import { isUpdateLost } from './failures.ts';

/**
 * Executes an update, and once more where Temporal lost it: one whose answer would end the run is dropped when something else
 * comes in just then. Returns what the handler returns; throws what the client throws (`WorkflowUpdateFailedError` when refused).
 * @param id by which Temporal and the recovery know it when it comes again
 */
export async function executeUpdate<Result>(
  handle: Pick<WorkflowHandle, 'executeUpdate'>,
  name: string,
  { argument, id }: { argument: unknown; id: string },
): Promise<Result> {
  const update = () => handle.executeUpdate<Result, [unknown]>(name, { args: [argument], updateId: id });
  try {
    return await update();
  } catch (thrown) {
    if (!isUpdateLost(thrown)) throw thrown;
    return update();
  }
}
