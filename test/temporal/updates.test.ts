import { describe, expect, jest, test } from '@jest/globals';
import { ServiceError } from '@temporalio/client';
import { executeUpdate } from '../../src/temporal/updates.ts';

/** What Temporal's client throws for gRPC's FAILED_PRECONDITION. */
function lost(): ServiceError {
  const cause = Object.assign(new Error('unexpected workflow task failure'), {
    code: 9,
    details: 'lost',
    metadata: {},
  });
  return new ServiceError('Workflow Update failed', { cause });
}

function handleThat(...answers: (() => Promise<unknown>)[]) {
  const executed = jest.fn(async () => (answers.shift() ?? (async () => undefined))());
  return { executed, handle: { executeUpdate: executed as never } };
}

describe('an update', () => {
  const order = { argument: { reason: 'seen enough' }, id: 'order-1' };

  test('that Temporal lost is given again under the same id', async () => {
    const { executed, handle } = handleThat(
      async () => Promise.reject(lost()),
      async () => 'taken',
    );
    expect(await executeUpdate(handle, 'close', order)).toBe('taken');
    const call = ['close', { args: [order.argument], updateId: 'order-1' }];
    expect(executed.mock.calls).toEqual([call, call]);
  });

  test('that is lost twice is an error, for its sender to choose another way', async () => {
    const { handle } = handleThat(
      async () => Promise.reject(lost()),
      async () => Promise.reject(lost()),
    );
    await expect(executeUpdate(handle, 'close', order)).rejects.toThrow('Workflow Update failed');
  });

  test('that was refused is not given again', async () => {
    const { executed, handle } = handleThat(async () => Promise.reject(new Error('refused')));
    await expect(executeUpdate(handle, 'close', order)).rejects.toThrow('refused');
    expect(executed).toHaveBeenCalledTimes(1);
  });
});
