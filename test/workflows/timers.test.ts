import { expect, test } from '@jest/globals';
import { Worker } from '@temporalio/worker';
import { needs } from '../needs.ts';
import { alert, besideWorker, close, type RecoveryHandle, until, workflowBundle } from './environment.ts';
import { inApproveMode, script } from './scripted-activities.ts';
import { devServer, serverOfFile } from './servers.ts';

needs('temporal');

const server = serverOfFile(devServer);

const REPEATS = 10;

/** How often the run has armed a timer, and how many events its history has. */
async function historyOf(handle: RecoveryHandle): Promise<{ timers: number; events: number }> {
  const { events } = await handle.fetchHistory();
  const timers = events?.filter((event) => event.timerStartedEventAttributes != null).length ?? 0;
  return { timers, events: events?.length ?? 0 };
}

test('what happens before a timer is due leaves it armed, and the history grows by the signal and its task alone', async () => {
  await besideWorker(server.environment, script(inApproveMode).activities, async ({ handle, startsAt }) => {
    await until(handle, ({ record }) => record.attempts[0]?.approval?.sentBy != null);
    const before = await historyOf(handle);
    for (let repeat = 1; repeat <= REPEATS; repeat += 1) {
      await handle.signal('alert', { v: 1, alerts: [alert(startsAt)] });
      await until(handle, ({ record }) => record.alerts.f1?.count === 1 + repeat);
    }
    const after = await historyOf(handle);
    expect(after.timers).toBe(before.timers);
    // The signal, and its workflow task scheduled, started and completed.
    expect(after.events - before.events).toBe(4 * REPEATS);
    await close(handle);
    // The recorded histories are of runs that re-armed it; this one is of a run that did not.
    const whole = await handle.fetchHistory();
    await expect(
      Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, whole, handle.workflowId),
    ).resolves.toBeUndefined();
  });
}, 60_000);
