import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { needs } from '../needs.ts';
import { changesOf } from './audit-log.ts';
import { untilRecord } from './chaos-world.ts';
import { conversationsOf, end, isOver, type RestoreWorld, restore, say, startRestoreWorld } from './restore-world.ts';
import { deleteSnapshotByHand, takeSnapshot } from './volume-world.ts';

needs('cluster', 'temporal', 'snapshots');

jest.setTimeout(300_000);

/** A KOSMOS agent's conversations are restored by the runbook, from the start of it to its end. */
let world: RestoreWorld;

beforeAll(async () => {
  world = await startRestoreWorld();
  await say(world, 'first', 'this is to be found again');
}, 240_000);

afterAll(() => world?.stop(), 60_000);

const writes = (part: string, method: string) => (verb: string, path: string) => verb === method && path.includes(part);

test('a worker that is killed at three of its writes restores the data of the snapshot, and nobody is paged', async () => {
  await takeSnapshot(world.kubernetes, world, 'nightly');
  const saved = await conversationsOf(world);
  await say(world, 'second', 'this is lost');
  const start = world.auditEnd();
  const began = Date.now();
  const kills = [
    world.proxy.holdNext(writes(`/deployments/${world.target.name}`, 'PATCH'), 'before answering'),
    world.proxy.holdNext(writes(`/persistentvolumeclaims/${world.claim}`, 'DELETE'), 'before answering'),
    world.proxy.holdNext(writes('/persistentvolumeclaims', 'POST'), 'before answering'),
  ];
  await restore(world, 'nightly');
  for (const held of kills) {
    await held.reached;
    await world.replaceWorker();
    await held.release();
  }
  const { record } = await untilRecord(world, world, isOver);
  expect(record.attempts.at(-1)).toMatchObject({ stage: 'verified' });
  expect(await conversationsOf(world)).toEqual(saved);
  expect(world.pages.pages.filter(({ body }) => JSON.stringify(body).includes('"event":"trigger"'))).toEqual([]);
  const calls = world.auditSince(start);
  process.stderr.write(
    `restore with three killed workers: ${Math.round((Date.now() - began) / 1000)} s, ${calls.length} Kubernetes calls, ` +
      `changes: ${changesOf(calls).join(', ')}\n`,
  );
  await end(world);
});

test('a snapshot that somebody deletes in mid-restore ends it as it was before, with what was said since', async () => {
  await takeSnapshot(world.kubernetes, world, 'fleeting');
  await say(world, 'third', 'this is kept');
  const before = await conversationsOf(world);
  const held = world.proxy.holdNext(writes(`/persistentvolumeclaims/${world.claim}`, 'DELETE'), 'before answering');
  await restore(world, 'fleeting');
  await held.reached;
  await deleteSnapshotByHand(world.kubernetes, { namespace: world.target.namespace, name: 'fleeting' });
  await held.release();
  const { record } = await untilRecord(world, world, isOver);
  expect(record.attempts.at(-1)).toMatchObject({ stage: 'undone' });
  expect(JSON.stringify(record.attempts.at(-1))).toContain('snapshot-gone');
  expect(await conversationsOf(world)).toEqual(before);
  await end(world);
});
