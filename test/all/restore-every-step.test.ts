import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { untilRecord } from '../cluster/chaos-world.ts';
import type { HoldPoint } from '../cluster/holding-proxy.ts';
import {
  type AgentState,
  conversationsOf,
  end,
  isOver,
  type RestoreWorld,
  restore,
  say,
  startRestoreWorld,
} from '../cluster/restore-world.ts';
import { deleteSnapshotByHand, letVolumesGo, stateOf, takeSnapshot } from '../cluster/volume-world.ts';
import { needs } from '../needs.ts';

needs('cluster', 'temporal', 'snapshots');

jest.setTimeout(300_000);

/** The worker is killed at every write of a restore, and of its undo: it ends restored or as before, and nobody is paged. */
let world: RestoreWorld;
let saved: AgentState;
let count = 0;

beforeAll(async () => {
  world = await startRestoreWorld();
  await say(world, 'first', 'this is to be found again');
  await takeSnapshot(world.kubernetes, world, 'nightly');
  saved = await conversationsOf(world);
}, 240_000);

afterAll(() => world?.stop(), 60_000);

afterEach(async () => {
  await end(world);
  await letVolumesGo(world.kubernetes, world.target.namespace);
});

interface Write {
  method: string;
  part: string;
  /** Of several such writes, which one; the first if not given. */
  nth?: number;
}

const DEPLOYMENT = { method: 'PATCH', part: '/deployments/' };
const VOLUME = { method: 'PATCH', part: '/persistentvolumes/' };
const CLAIM_DELETED = { method: 'DELETE', part: '/persistentvolumeclaims/' };
const CLAIM_MADE = { method: 'POST', part: '/persistentvolumeclaims' };
const SNAPSHOT_MADE = { method: 'POST', part: '/volumesnapshots' };

/** Kills the worker at a write that is about to come; resolves when another works. */
async function killAt({ method, part, nth = 1 }: Write, point: HoldPoint): Promise<void> {
  let seen = 0;
  const held = world.proxy.holdNext((verb, path) => {
    if (verb !== method || !path.includes(part)) return false;
    seen += 1;
    return seen === nth;
  }, point);
  await held.reached;
  await world.replaceWorker();
  await held.release();
}

describe('a worker that is killed in a restore', () => {
  test.each<[string, Write, HoldPoint]>([
    ['stopping', DEPLOYMENT, 'before answering'],
    ['taking the safety snapshot', SNAPSHOT_MADE, 'before answering'],
    ['keeping the volume', VOLUME, 'before answering'],
    ['deleting the claim', CLAIM_DELETED, 'before answering'],
    ['deleting the claim, late', CLAIM_DELETED, 'before forwarding'],
    ['making the claim', CLAIM_MADE, 'before answering'],
    ['making the claim, late', CLAIM_MADE, 'before forwarding'],
    ['bringing back', { ...DEPLOYMENT, nth: 2 }, 'before answering'],
  ])('while %s is followed by one that restores the data', async (_step, write, point) => {
    count += 1;
    await say(world, `lost-${count}`, 'this is lost');
    const killed = killAt(write, point);
    await restore(world, 'nightly');
    await killed;
    const { record } = await untilRecord(world, world, isOver);
    expect(record.attempts.at(-1)).toMatchObject({ stage: 'verified' });
    expect(await conversationsOf(world)).toEqual(saved);
    expect(triggered()).toEqual([]);
  });
});

describe('a worker that is killed in the undo of a restore', () => {
  test.each<[string, Write]>([
    ['marking the target', { ...DEPLOYMENT, nth: 1 }],
    ['freeing the former volume', { ...VOLUME, nth: 1 }],
    ['making the claim around it', CLAIM_MADE],
    ['giving back its policy', { ...VOLUME, nth: 2 }],
    ['bringing the agent back', { ...DEPLOYMENT, nth: 2 }],
  ])('while %s is followed by one that puts all back', async (_step, write) => {
    count += 1;
    await say(world, `kept-${count}`, 'this is kept');
    const snapshot = await takeSnapshot(world.kubernetes, world, `fleeting-${count}`);
    const before = { said: await conversationsOf(world), state: await settled() };
    const deleted = world.proxy.holdNext(
      (verb, path) => verb === 'DELETE' && path.includes(CLAIM_DELETED.part),
      'before answering',
    );
    await restore(world, snapshot);
    await deleted.reached;
    await deleteSnapshotByHand(world.kubernetes, { namespace: world.target.namespace, name: snapshot });
    const killed = killAt(write, 'before answering');
    await deleted.release();
    await killed;
    const { record } = await untilRecord(world, world, isOver);
    expect(record.attempts.at(-1)).toMatchObject({ stage: 'undone' });
    expect(await conversationsOf(world)).toEqual(before.said);
    expect(await settled()).toEqual(before.state);
    expect(triggered()).toEqual([]);
  });
});

/** The state of target, claim and volume, but for the CronJob that this agent has not. */
async function settled() {
  return stateOf(world.kubernetes, world, { cronJob: false });
}

function triggered() {
  return world.pages.pages.filter(({ body }) => JSON.stringify(body).includes('"event":"trigger"'));
}
