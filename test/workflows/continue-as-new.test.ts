import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Activities, CompensateInput } from '../../src/recovery/activities.ts';
import { needs } from '../needs.ts';
import {
  alert,
  close,
  freshQueue,
  order,
  type RecoveryHandle,
  recordOf,
  startByAlert,
  until,
  worker,
} from './environment.ts';
import { script } from './scripted-activities.ts';
import { devServer, type TemporalServer } from './servers.ts';

needs('temporal');

let server: TemporalServer;
let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  server = await devServer();
  environment = server.environment;
}, 60_000);
afterAll(() => server?.stop());

/** A run continues as new over this many events; a message of 8 KiB has room for this many alerts. */
const EVENTS = 4_000;
const ALERTS = 80;

/** The alert that resolves and fires again and again, in as few signals as that fits into. */
async function flap(handle: RecoveryHandle, startsAt: string): Promise<number> {
  const pair = ['resolved', 'firing'].map((status) => ({ fingerprint: 'f1', name: 'A', status, startsAt }));
  const alerts = Array.from({ length: ALERTS / 2 }, () => pair).flat();
  const messages = Math.ceil(EVENTS / ALERTS);
  for (let sent = 0; sent < messages; sent += 1) await handle.signal('alert', { v: 1, alerts });
  return messages * ALERTS;
}

test('a run that has grown long goes on as a new one with all that it knows', async () => {
  const queue = freshQueue();
  const undone: CompensateInput[] = [];
  const own: Partial<Activities> = {
    loadRunbook: async (input) => ({ ...(await script().activities.loadRunbook(input)), workerMode: 'approve' }),
    compensate: async (input) => {
      undone.push(input);
      return { outcome: 'undone' };
    },
  };
  const running = await worker(environment, script(own).activities, queue);
  await running.runUntil(async () => {
    const startsAt = new Date().toISOString();
    const handle = await startByAlert(environment, queue, [alert(startsAt)]);
    await until(handle, ({ record }) => record.attempts[0]?.approval?.sentBy != null);
    await order(handle, 'approve', { id: 'o1' });
    const before = await until(handle, ({ record }) => record.recovered !== null);
    const firstRun = (await handle.describe()).runId;

    const changes = await flap(handle, startsAt);
    const after = await until(handle, ({ events }) => events.some(({ kind }) => kind === 'snapshot'));
    expect((await handle.describe()).runId).not.toBe(firstRun);
    const { record } = await until(handle, (now) => now.record.alerts.f1?.count === 1 + changes);
    expect(record).toMatchObject({
      recoveryId: before.record.recoveryId,
      openedAt: before.record.openedAt,
      episode: before.record.episode,
      attempts: before.record.attempts,
      recovered: before.record.recovered,
      orders: { o1: { name: 'approve', accepted: true } },
      runbook: { digest: before.record.runbook?.digest },
    });
    const snapshot = after.events.find(({ kind }) => kind === 'snapshot');
    expect(snapshot?.seq).toBeGreaterThan(EVENTS);

    // An order that was answered by the run before is known; the undo of its change is, too, and is a later step than it.
    await handle.signal('order', { name: 'close', id: 'o1', recoveryId: record.recoveryId, actor: 'ana' });
    await order(handle, 'undo');
    await until(handle, (now) => now.record.attempts[0]?.stage === 'undone');
    expect(undone).toHaveLength(1);
    expect(undone[0]?.step).toBeGreaterThan(record.attempts[0]?.actions[0]?.step ?? Number.POSITIVE_INFINITY);
    expect((await recordOf(handle)).record.closing).toBeNull();
    await close(handle);
  });
}, 60_000);
