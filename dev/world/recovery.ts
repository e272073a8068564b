import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import type { RecoveryEvent } from '../../src/recovery/events.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import type { RecordAnswer } from '../../src/workflows/recovery.ts';

/** Asks Temporal for a recovery as anybody may: by its workflow id and the query `record`. */
export interface Observer {
  client: Client;
  /** The record and its events, or null while there is no such run or no worker answers. */
  read(workflowId: string): Promise<RecordAnswer | null>;
  close(): Promise<void>;
}

export async function observe(address: string): Promise<Observer> {
  const connection = await Connection.connect({ address });
  const client = new Client({ connection });
  const read = async (workflowId: string) => {
    try {
      return await connection.withDeadline(Date.now() + 5_000, () =>
        client.workflow.getHandle(workflowId).query<RecordAnswer>('record'),
      );
    } catch {
      return null;
    }
  };
  return { client, read, close: () => connection.close() };
}

/**
 * Follows a recovery: calls `onEvent` once for every event until `done` says so of the record, and returns that record.
 * Throws when `signal` is aborted.
 */
export async function follow(
  observer: Observer,
  workflowId: string,
  options: { done: (record: RecoveryRecord) => boolean; onEvent?: (event: RecoveryEvent) => void; signal: AbortSignal },
): Promise<RecordAnswer> {
  let shown = 0;
  for (;;) {
    options.signal.throwIfAborted();
    const answer = await observer.read(workflowId);
    for (const event of answer?.events ?? []) {
      if (event.seq <= shown) continue;
      shown = event.seq;
      options.onEvent?.(event);
    }
    if (answer !== null && options.done(answer.record)) return answer;
    await sleep(500, undefined, { signal: options.signal });
  }
}
