import { expect, test } from '@jest/globals';
import type { Activities, CompensateInput } from '../../src/recovery/activities.ts';
import { needs } from '../needs.ts';
import { besideWorker, close, order, type RecoveryHandle, recordOf, until } from './environment.ts';
import { gate } from './hold.ts';
import { inApproveMode, passed, script } from './scripted-activities.ts';
import { devServer, serverOfFile } from './servers.ts';

needs('temporal');

const server = serverOfFile(devServer);

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
  const undone: CompensateInput[] = [];
  const compensate: Activities['compensate'] = async (input) => {
    undone.push(input);
    return { outcome: 'undone' };
  };
  const { activities } = script({ ...inApproveMode, compensate });
  await besideWorker(server.environment, activities, async ({ handle, startsAt }) => {
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

test('a run that has grown long while a step is under way goes on as a new one only when that has ended', async () => {
  const { reached, wait, open } = gate();
  const verify: Activities['verify'] = async () => {
    await wait();
    return passed;
  };
  await besideWorker(server.environment, script({ verify }).activities, async ({ handle, startsAt }) => {
    await reached;
    const { runId } = await handle.describe();
    const changes = await flap(handle, startsAt);
    const { record, events } = await until(handle, (now) => now.record.alerts.f1?.count === 1 + changes);
    expect(record).toMatchObject({ inFlight: { target: { step: 'verify' } }, attempts: [{ stage: 'applied' }] });
    expect(events.map(({ kind }) => kind)).not.toContain('snapshot');
    expect((await handle.describe()).runId).toBe(runId);

    open();
    const after = await until(handle, (now) => now.events.some(({ kind }) => kind === 'snapshot'));
    expect((await handle.describe()).runId).not.toBe(runId);
    expect(after.record.attempts[0]?.stage).toBe('verified');
    await close(handle);
  });
}, 60_000);
