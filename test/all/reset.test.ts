import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { untilRecord } from '../cluster/chaos-world.ts';
import { keepManifests, resetAgent } from '../cluster/reset-world.ts';
import {
  approveAs,
  conversationsOf,
  end,
  isOver,
  type RestoreWorld,
  say,
  startRestoreWorld,
} from '../cluster/restore-world.ts';
import { stateOf } from '../cluster/volume-world.ts';
import { needs } from '../needs.ts';

needs('cluster', 'temporal', 'snapshots');

jest.setTimeout(420_000);

/** The reset that clears the agent's state, and the one that cannot work. */
let world: RestoreWorld;

beforeAll(async () => {
  world = await startRestoreWorld();
  await say(world, 'first', 'this is on the volume');
}, 240_000);

afterEach(() => end(world));
afterAll(() => world?.stop(), 60_000);

const now = () => stateOf(world.kubernetes, world, { cronJob: false });

async function approved(): Promise<void> {
  await approveAs(world, 'ben');
  await approveAs(world, 'cleo');
}

test('manifests that cannot start leave the agent as it was, on its old claim, with every conversation', async () => {
  const said = await conversationsOf(world);
  const before = await now();
  await keepManifests(world, 'broken', { command: () => ['/nothing-there'] });
  const began = Date.now();
  await resetAgent(world, { manifests: 'configMap:broken', clearState: true });
  await approved();
  const { record } = await untilRecord(world, world, isOver);
  expect(record.attempts.at(-1)).toMatchObject({ stage: 'undone' });
  expect(await conversationsOf(world)).toEqual(said);
  expect(await now()).toEqual(before);
  process.stderr.write(`a reset to broken manifests, undone: ${Math.round((Date.now() - began) / 1000)} s\n`);
});

test('a reset that clears the state says first what is lost, leaves the agent empty, and keeps and names the old volume', async () => {
  const before = await now();
  const began = Date.now();
  await keepManifests(world, 'same', {});
  await resetAgent(world, { manifests: 'configMap:same', clearState: true });
  const asked = await world.observer.read(world.workflowId);
  const losses = asked?.record.attempts.at(-1)?.plans.flatMap(({ dataLoss }) => dataLoss ?? []);
  expect(losses).toEqual([expect.stringContaining(`claim ${world.claim}`)]);
  await approved();
  const { record } = await untilRecord(world, world, isOver);
  expect(record.attempts.at(-1)).toMatchObject({ stage: 'verified' });
  expect((await conversationsOf(world)).conversations).toBe(0);
  const after = await now();
  expect(after).toMatchObject({ claim: 'Bound', replicas: before.replicas });
  expect(after.volume).not.toBe(before.volume);
  const old = await world.kubernetes.core.readPersistentVolume({ name: before.volume ?? '' });
  expect([old.spec?.persistentVolumeReclaimPolicy, old.status?.phase]).toEqual(['Retain', 'Released']);
  expect(JSON.stringify(record.attempts.at(-1)?.actions)).toContain(`kubectl delete pv ${before.volume}`);
  process.stderr.write(`a reset that clears the state: ${Math.round((Date.now() - began) / 1000)} s\n`);
});
