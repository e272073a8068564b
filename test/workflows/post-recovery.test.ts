import { describe, expect, test } from '@jest/globals';
import type { Activities, AfterRecoveryInput } from '../../src/recovery/activities.ts';
import { needs } from '../needs.ts';
import { smallRunbook, withPostRecovery } from '../recovery/samples.ts';
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
import { brokenLook, failed, type Script, script } from './scripted-activities.ts';
import { serverOfFile, timeSkippingServer } from './servers.ts';

needs('java');

const server = serverOfFile(timeSkippingServer);
const runbook = smallRunbook(withPostRecovery);

async function recovering(
  changes: Partial<Activities>,
  see: (handle: RecoveryHandle, played: Script, startsAt: string) => Promise<void>,
): Promise<void> {
  const queue = freshQueue();
  const played = script(changes, runbook);
  const running = await worker(server.environment, played.activities, queue);
  await running.runUntil(async () => {
    const startsAt = new Date(await server.environment.currentTimeMs()).toISOString();
    await see(await startByAlert(server.environment, queue, [alert(startsAt)]), played, startsAt);
  });
}

describe('after a recovery, with time skipped', () => {
  test('the points are filled in once, at their time, and the recovery settles on', () => {
    const inputs: AfterRecoveryInput[] = [];
    const checkAfterRecovery: Activities['checkAfterRecovery'] = async (input) => {
      inputs.push(input);
      return { items: input.points.map(({ id, text }) => ({ id, text, state: 'done', saw: `saw ${id}` })) };
    };
    return recovering({ checkAfterRecovery }, async (handle, _, startsAt) => {
      await handle.signal('alert', { v: 1, alerts: [alert(startsAt, { status: 'resolved' })] });
      expect(await handle.result()).toMatchObject({ outcome: 'recovered' });
      const { record, events } = await recordOf(handle);
      expect(inputs).toHaveLength(1);
      expect(inputs[0]).toMatchObject({
        since: record.recovered?.at,
        points: [{ id: 'function' }, { id: 'metrics' }, { id: 'logs' }],
      });
      // What the points are stands in the input once, beside what a look is told.
      expect(inputs[0]?.runbook.spec).not.toHaveProperty('postRecovery');
      const [told, ...again] = events.filter(({ kind }) => kind === 'post-recovery');
      expect(again).toEqual([]);
      expect(Date.parse(told?.at ?? '') - Date.parse(record.recovered?.at ?? '')).toBeGreaterThanOrEqual(5 * 60_000);
      expect(record.postRecovery?.items.map(({ id, state }) => `${id} ${state}`)).toEqual([
        'function done',
        'metrics done',
        'logs done',
        'root-cause open',
        'runbook done',
        'post-mortem open',
      ]);
    });
  }, 60_000);

  test('a look that fails for good leaves the points empty with the reason, and ends nothing', () => {
    const checkAfterRecovery: Activities['checkAfterRecovery'] = async () => {
      throw new Error('no API server');
    };
    return recovering({ checkAfterRecovery }, async (handle, played, startsAt) => {
      await handle.signal('alert', { v: 1, alerts: [alert(startsAt, { status: 'resolved' })] });
      expect(await handle.result()).toMatchObject({ outcome: 'recovered' });
      const { record } = await recordOf(handle);
      expect(record.postRecovery).toMatchObject({ items: [], error: 'no API server' });
      expect(played.calls.filter((name) => name === 'checkAfterRecovery')).toHaveLength(5);
    });
  }, 60_000);

  test('a person who was paged closes it with the root cause, and not without', () => {
    const broken: Partial<Activities> = { verify: async () => failed, look: async () => brokenLook };
    return recovering(broken, async (handle) => {
      await server.environment.sleep('16m');
      await until(handle, ({ record }) => record.pages[0]?.rungs[0]?.tries[0]?.taken === true);
      await expect(close(handle)).rejects.toThrow();
      expect((await recordOf(handle)).record.closing).toBeNull();
      await order(handle, 'close', { rootCause: 'a leak in the tool cache' });
      expect(await handle.result()).toMatchObject({ outcome: 'closed' });
      expect((await recordOf(handle)).record.closed?.rootCause).toBe('a leak in the tool cache');
    });
  }, 60_000);
});
