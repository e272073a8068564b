import { describe, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import type { Activities } from '../../src/recovery/activities.ts';
import { needs } from '../needs.ts';
import { RESTORE, restoreRunbook } from '../recovery/simulated-procedures.ts';
import { besideWorker, close, order, type RecoveryHandle, until } from './environment.ts';
import { inApproveMode, script } from './scripted-activities.ts';
import { devServer, serverOfFile } from './servers.ts';

needs('temporal');

const server = serverOfFile(devServer);

const FIRST = 'agent-bruno-pod-crash-loop';

/** A recovery by an alert whose remedies wait for a person, on a worker that also knows the procedure `restore`. */
async function recovering(
  loadRestore: Activities['loadRunbook'],
  see: (handle: RecoveryHandle) => Promise<void>,
): Promise<void> {
  const first = script(inApproveMode).activities;
  const loadRunbook: Activities['loadRunbook'] = (input) =>
    input.name === RESTORE ? loadRestore(input) : first.loadRunbook(input);
  await besideWorker(server.environment, script({ loadRunbook }).activities, async ({ handle }) => {
    await until(handle, ({ record }) => record.attempts.some(({ stage }) => stage === 'asked'));
    await see(handle);
    await close(handle);
  });
}

const own = { version: '1.0', digest: 'd'.repeat(64), workerMode: 'auto' as const };

describe('a procedure on an open recovery', () => {
  test('goes on in a run of its own runbook, and gives the first one its turn again while its alert fires', async () => {
    const load: Activities['loadRunbook'] = async ({ name }) => {
      return { name, ...own, runbook: restoreRunbook(0), procedure: 'restore' };
    };
    await recovering(load, async (handle) => {
      const first = await handle.describe();
      await order(handle, 'run', { runbook: RESTORE, procedure: 'restore', params: {} });
      const { record } = await until(
        handle,
        (now) => now.record.runbookName === FIRST && now.record.attempts.length === 3,
      );
      expect(
        record.attempts.map(({ remedy, stage, episode, ordered }) => [remedy, stage, episode, ordered?.by]),
      ).toEqual([
        ['raise-memory', 'withdrawn', 1, undefined],
        ['restore', 'verified', 2, 'ana'],
        ['raise-memory', expect.stringMatching(/planned|asked/), 3, undefined],
      ]);
      const last = await handle.describe();
      expect([first.type, last.type]).toEqual([FIRST, FIRST]);
      expect(last.runId).not.toBe(first.runId);
    });
  }, 90_000);

  test('whose start is faulty leaves the recovery to the runbook that it was ordered on, and pages nobody', async () => {
    const load: Activities['loadRunbook'] = async () => {
      throw ApplicationFailure.nonRetryable('parameter "claim" is missing', 'invalid');
    };
    await recovering(load, async (handle) => {
      await order(handle, 'run', { runbook: RESTORE });
      const { record } = await until(handle, (now) => now.record.attempts.length === 2);
      expect(record).toMatchObject({ runbookName: FIRST, pages: [] });
    });
  }, 90_000);
});
