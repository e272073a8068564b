import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { freePort } from '../../dev/cluster/ports.ts';
import type { StartedProgram } from '../../dev/monitoring/process.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { needs } from '../needs.ts';
import {
  alertOf,
  type ChaosWorld,
  isPatchOf,
  kill,
  order,
  patchesOf,
  sendAlert,
  startChaosWorld,
  templateOf,
  untilRecord,
} from './chaos-world.ts';
import { createCrashingApp } from './crashing-app.ts';

needs('cluster', 'temporal');

type SceneName = 'unsent' | 'unanswered' | 'late' | 'down';

/** The real parts are killed and stopped in the middle of what they do: durability 3, 4, 5 and 13. */
describe('a worker that dies or sleeps in the middle of a write', () => {
  let world: ChaosWorld<SceneName>;
  let worker: StartedProgram;

  beforeAll(async () => {
    world = await startChaosWorld({ unsent: {}, unanswered: {}, late: {}, down: { auto: false, deadline: '20s' } });
    worker = world.kintsugi.worker;
  }, 240_000);

  afterAll(async () => {
    await world?.stop();
  }, 60_000);

  test.each([
    ['unsent', 'before forwarding'],
    ['unanswered', 'before answering'],
  ] as const)(
    'killed while its patch is held (%s, %s): the recovery goes on, the change is made once, its undo is known',
    async (name, point) => {
      const scene = world.scenes[name];
      await createCrashingApp(world.kubernetes, scene.namespace);
      const before = await templateOf(world, scene);
      const held = world.proxy.holdNext(isPatchOf(scene), point);
      await sendAlert(world, alertOf(scene));
      await held.reached;
      await kill(worker);
      expect(await held.release()).toBe(200);

      worker = await world.kintsugi.startWorker();
      const { record } = await untilRecord(world, scene, ({ recovered }) => recovered !== null);
      expect(record.recovered?.by).toBe('remedy');
      expect(patchesOf(scene, world.audit())).toEqual([200]);

      await order(world, scene, 'undo');
      const undone = await untilRecord(world, scene, isUndone);
      expect(undone.record.attempts[0]?.actions[0]?.undo?.outcome).toBe('undone');
      expect(await templateOf(world, scene)).toEqual(before);
      await order(world, scene, 'close');
    },
    240_000,
  );

  test('a patch that arrives after its undo by another worker is refused, and the template stays as it was', async () => {
    const scene = world.scenes.late;
    await createCrashingApp(world.kubernetes, scene.namespace);
    const before = await templateOf(world, scene);
    const held = world.proxy.holdNext(isPatchOf(scene), 'before forwarding');
    await sendAlert(world, alertOf(scene));
    await held.reached;
    const asleep = worker;
    process.kill(asleep.pid, 'SIGSTOP');
    worker = await world.kintsugi.startWorker({
      KINTSUGI_METRICS_ADDRESS: `127.0.0.1:${await freePort('127.0.0.1')}`,
    });
    await untilRecord(world, scene, ({ attempts }) => attempts[0]?.actions[0]?.outcome === 'applied');
    await order(world, scene, 'undo');
    await untilRecord(world, scene, isUndone);
    expect(await templateOf(world, scene)).toEqual(before);

    expect(await held.release()).toBe(409);
    process.kill(asleep.pid, 'SIGCONT');
    // Its stop lets the woken step run to its end.
    await asleep.stop();
    expect(await templateOf(world, scene)).toEqual(before);
    const patches = patchesOf(scene, world.audit());
    expect(patches.filter((status) => status === 200)).toHaveLength(2);
    expect(patches).toContain(409);
    await order(world, scene, 'close');
  }, 240_000);

  test('a deadline that passed while no worker ran is paged within five seconds of the return of one', async () => {
    const scene = world.scenes.down;
    await createCrashingApp(world.kubernetes, scene.namespace);
    await sendAlert(world, alertOf(scene));
    const { record } = await untilRecord(
      world,
      scene,
      ({ attempts, runbook }) => runbook !== null && attempts.length > 0,
    );
    await kill(worker);
    const deadline = Date.parse(record.episode.deadline);
    await sleep(Math.max(0, deadline + 1_000 - Date.now()));
    expect(pagesOf(record)).toEqual([]);

    worker = await world.kintsugi.startWorker();
    const back = await untilRecord(world, scene, () => true).then(() => Date.now());
    await untilRecord(world, scene, ({ pages }) => pages.some(({ rungs }) => rungs.some(isTaken)));
    const [page] = pagesOf(record);
    expect((page?.at ?? Number.POSITIVE_INFINITY) - back).toBeLessThan(5_000);
    await order(world, scene, 'close');
  }, 240_000);

  /** The messages that people got about a recovery. */
  function pagesOf({ recoveryId }: RecoveryRecord) {
    return world.pages.pages.filter(({ idempotencyKey }) => idempotencyKey.includes(recoveryId));
  }
});

function isUndone({ attempts }: RecoveryRecord): boolean {
  return attempts[0]?.actions[0]?.undo !== undefined && attempts[0].actions[0].undo.outcome !== 'started';
}

function isTaken({ tries }: RecoveryRecord['pages'][number]['rungs'][number]): boolean {
  return tries.some(({ taken }) => taken);
}
