import { describe, expect, test } from '@jest/globals';
import { needs } from '../needs.ts';
import { alert, close, freshQueue, startByAlert, until, worker } from './environment.ts';
import { failed, script } from './scripted-activities.ts';
import { serverOfFile, timeSkippingServer } from './servers.ts';

needs('java');

const server = serverOfFile(timeSkippingServer);

async function now(): Promise<number> {
  return server.environment.currentTimeMs();
}

describe('the course of a recovery, with time skipped', () => {
  test('an alert whose cause a remedy mends ends as recovered, and pages nobody', async () => {
    const queue = freshQueue();
    const good = script();
    const running = await worker(server.environment, good.activities, queue);
    const result = await running.runUntil(async () => {
      const handle = await startByAlert(server.environment, queue, [alert(new Date(await now()).toISOString())]);
      await handle.signal('alert', {
        v: 1,
        alerts: [alert(new Date(await now()).toISOString(), { status: 'resolved' })],
      });
      return handle.result();
    });
    expect(result).toMatchObject({ outcome: 'recovered' });
    expect(good.pages).toEqual([]);
    expect(good.calls.filter((name) => name === 'applyAction')).toHaveLength(2);
  }, 60_000);

  test('a remedy that does not help is undone, and a person is paged when nobody approves the next one in time', async () => {
    const queue = freshQueue();
    const bad = script({
      verify: async () => failed,
      look: async () => ({ healthy: false, broken: true, better: false, saw: '0 of 1 pods ready' }),
    });
    const running = await worker(server.environment, bad.activities, queue);
    const result = await running.runUntil(async () => {
      const handle = await startByAlert(server.environment, queue, [alert(new Date(await now()).toISOString())]);
      await server.environment.sleep('11m');
      await until(handle, ({ record }) => record.pages.some(({ rungs }) => rungs[0]?.tries[0]?.taken));
      return close(handle);
    });
    expect(result).toMatchObject({ outcome: 'closed' });
    expect(bad.calls).toContain('compensate');
    expect(bad.pages.filter(({ event, notifier }) => event === 'trigger' && notifier === 'webhook')).toHaveLength(1);
  }, 60_000);
});
