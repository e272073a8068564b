import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { kintsugi } from '../cli/command.ts';
import { needs } from '../needs.ts';
import { auditLogEnd, auditLogOf, changesOf, kintsugiCalls } from './audit-log.ts';
import {
  alertOf,
  type ChaosWorld,
  isPatchOf,
  type Scene,
  sendAlert,
  startChaosWorld,
  templateOf,
  untilRecord,
} from './chaos-world.ts';
import { createCrashingApp } from './crashing-app.ts';

needs('cluster', 'temporal');

jest.setTimeout(300_000);

let world: ChaosWorld<'settling' | 'hands'>;

beforeAll(async () => {
  world = await startChaosWorld({ settling: {}, hands: {} });
}, 240_000);

afterAll(() => world?.stop(), 60_000);

/** An order as a person types it. */
async function order(...command: string[]): Promise<void> {
  const run = await kintsugi([...command, '--actor', 'ana', '--reason', 'to see it'], world.kintsugi.environment);
  expect({ exitCode: run.exitCode, stderr: run.exitCode === 0 ? '' : run.stderr }).toEqual({ exitCode: 0, stderr: '' });
}

/** The messages that people got about a scene's recovery. */
const messagesOf = (scene: Scene) =>
  world.pages.pages.filter(({ idempotencyKey }) => idempotencyKey.includes(scene.workflowId)).map(({ body }) => body);

const isPaged = ({ pages }: RecoveryRecord) =>
  pages.some(({ rungs }) => rungs.some(({ tries }) => tries.some(({ taken }) => taken)));

/** What Kintsugi's user has changed in the scene's namespace since a place in the audit log. */
const changesSince = (scene: Scene, begin: number) =>
  changesOf(kintsugiCalls(auditLogOf(process.env.KINTSUGI_TEST_AUDIT_LOG), begin, [scene.namespace]));

describe('a person in command', () => {
  test('undoes a remedy while it settles: the old template is back, and the relapse that follows is paged', async () => {
    const scene = world.scenes.settling;
    await createCrashingApp(world.kubernetes, scene.namespace);
    const before = await templateOf(world, scene);
    await sendAlert(world, alertOf(scene));
    await untilRecord(world, scene, ({ recovered }) => recovered !== null);
    expect(messagesOf(scene)).toEqual([]);
    expect(await templateOf(world, scene)).not.toEqual(before);

    await order('undo', scene.workflowId);
    await untilRecord(world, scene, ({ attempts }) => attempts[0]?.stage === 'undone');
    // Nothing is dropped: not one path of the template differs from what it was.
    expect(await templateOf(world, scene)).toEqual(before);

    const { record } = await untilRecord(world, scene, isPaged);
    expect(record.episode.number).toBe(2);
    const [page] = messagesOf(scene);
    expect(page).toMatchObject({ event: 'trigger', key: `${record.recoveryId}/1` });
    await order('close', scene.workflowId, '--root-cause', 'its limit is too low');
    await untilRecord(world, scene, ({ closed }) => closed !== null);
    const last = messagesOf(scene).at(-1);
    expect(last).toMatchObject({ event: 'resolve', key: `${record.recoveryId}/1`, reason: 'closed by ana' });
  });

  test('takes over in the middle of a remedy: nothing is written but the write that was under way, until it is handed back', async () => {
    const scene = world.scenes.hands;
    await createCrashingApp(world.kubernetes, scene.namespace);
    const held = world.proxy.holdNext(isPatchOf(scene), 'before answering');
    await sendAlert(world, alertOf(scene));
    await held.reached;
    const taking = order('take-over', scene.workflowId);
    const { record } = await untilRecord(world, scene, ({ takenOver }) => takenOver !== undefined);
    await held.release();
    await taking;

    await untilRecord(
      world,
      scene,
      ({ inFlight, attempts }) => inFlight.target === null && attempts[0]?.stage === 'taken-over',
    );
    const begin = auditLogEnd(auditLogOf(process.env.KINTSUGI_TEST_AUDIT_LOG));
    const { stdout } = await kintsugi(['show', scene.workflowId], world.kintsugi.environment);
    expect(stdout).toContain('in the hands of ana');
    expect(stdout).toContain(`kintsugi undo ${record.recoveryId} --attempt 1`);
    // It goes on looking: three looks later it has still written nothing.
    await looks(scene, 3, record.now);
    expect(changesSince(scene, begin)).toEqual([]);

    await order('hand-back', scene.workflowId);
    const recovered = await untilRecord(world, scene, (now) => now.takenOver === undefined && now.recovered !== null);
    expect(recovered.record.closed).toBeNull();
    await order('close', scene.workflowId);
  });
});

/** Waits until a recovery has looked at its target as often as that. */
async function looks(scene: Scene, count: number, since: string): Promise<void> {
  let seen = since;
  for (let look = 0; look < count; look += 1) {
    const { record } = await untilRecord(world, scene, (now) => now.look.at !== null && now.look.at > seen);
    seen = record.look.at ?? seen;
    await sleep(100);
  }
}
