import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { adoptionKey } from '../../src/recovery/adopted.ts';
import type { Plan } from '../../src/recovery/values.ts';
import {
  alertOf,
  type ChaosWorld,
  order,
  patchesOf,
  sendAlert,
  startChaosWorld,
  templateOf,
  untilRecord,
} from '../cluster/chaos-world.ts';
import { createCrashingApp } from '../cluster/crashing-app.ts';
import { needs } from '../needs.ts';

needs('cluster', 'temporal');

/** More than the runbook's raise allows: the change is made, and does not help. */
const MEBIBYTES = 200;

/** Somebody terminates a recovery from Temporal's UI while its change stands (durability 5). */
describe('a recovery that was terminated in the middle of its remedy', () => {
  let world: ChaosWorld<'left'>;

  beforeAll(async () => {
    world = await startChaosWorld({ left: {} });
  }, 240_000);

  afterAll(async () => {
    await world?.stop();
  }, 60_000);

  test('has its change adopted and undone by the recovery that the next alert starts, before that tries anything', async () => {
    const scene = world.scenes.left;
    await createCrashingApp(world.kubernetes, scene.namespace, 'app', 'app', MEBIBYTES);
    const before = await templateOf(world, scene);
    await sendAlert(world, alertOf(scene));
    const applied = await untilRecord(world, scene, ({ attempts }) => attempts[0]?.actions[0]?.outcome === 'applied');
    const former = applied.record.recoveryId;
    await world.observer.client.workflow.getHandle(scene.workflowId).terminate('to see what becomes of its change');
    expect(await templateOf(world, scene)).not.toEqual(before);

    await sendAlert(world, alertOf(scene));
    const adopted = await untilRecord(
      world,
      scene,
      ({ recoveryId, attempts }) => recoveryId !== former && attempts[0]?.stage === 'undone',
    );
    expect(adopted.record.attempts[0]).toMatchObject({ findingKey: adoptionKey(former) });
    // What is planned then is planned on the template as it was before anybody changed it.
    const { record, events } = await untilRecord(world, scene, ({ attempts }) => attempts[1]?.actions[0] !== undefined);
    expect(limitsBefore(record.attempts[1]?.plans ?? [])).toEqual(['40Mi']);
    const kinds = events.map(({ kind }) => kind);
    expect(kinds.indexOf('undo-finished')).toBeLessThan(kinds.indexOf('planned'));

    // Its own change does not help either, and is taken back as it would have been by the former.
    await untilRecord(world, scene, ({ attempts }) => attempts[1]?.stage === 'undone');
    expect(await templateOf(world, scene)).toEqual(before);
    expect(patchesOf(scene, world.audit())).toEqual([200, 200, 200, 200]);
    await order(world, scene, 'close');
  }, 300_000);
});

function limitsBefore(plans: readonly Plan[]): unknown[] {
  return plans
    .flatMap(({ changes }) => changes)
    .flatMap((change) => (change.type === 'field' && change.path.endsWith('limits/memory') ? [change.before] : []))
    .map((value) => ('value' in value ? value.value : null));
}
