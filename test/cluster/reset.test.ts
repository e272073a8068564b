import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { needs } from '../needs.ts';
import { changesOf } from './audit-log.ts';
import { untilRecord } from './chaos-world.ts';
import { keepManifests, resetAgent } from './reset-world.ts';
import { approveAs, conversationsOf, end, isOver, type RestoreWorld, say, startRestoreWorld } from './restore-world.ts';
import { stateOf } from './volume-world.ts';

needs('cluster', 'temporal', 'snapshots');

jest.setTimeout(180_000);

/** A KOSMOS agent that is reset by the runbook: from a person's start, over its two approvals, to its end. */
let world: RestoreWorld;

beforeAll(async () => {
  world = await startRestoreWorld();
  await say(world, 'first', 'this is to be there afterwards');
}, 180_000);

afterAll(() => world?.stop(), 60_000);

test('nothing is written for one person, however often; for two the agent is redeployed with its state', async () => {
  const said = await conversationsOf(world);
  const before = await stateOf(world.kubernetes, world, { cronJob: false });
  await keepManifests(world, 'manifests', { env: ({ env }) => [...env, { name: 'RESET', value: 'yes' }] });
  const start = world.auditEnd();
  const began = Date.now();
  await resetAgent(world, { manifests: 'configMap:manifests' });
  await approveAs(world, 'ben');
  await expect(approveAs(world, 'ben')).rejects.toThrow();
  const waiting = await world.observer.read(world.workflowId);
  expect(waiting?.record.attempts.at(-1)).toMatchObject({ stage: 'asked' });
  expect(changesOf(world.auditSince(start)).filter((change) => /deployments|claims|pods/.test(change))).toEqual([]);

  await approveAs(world, 'cleo');
  const { record } = await untilRecord(world, world, isOver);
  const attempt = record.attempts.at(-1);
  expect(attempt).toMatchObject({ stage: 'verified' });
  expect(attempt?.plans.map(({ dataLoss }) => dataLoss).filter((loss) => loss !== undefined)).toEqual([]);
  expect(await conversationsOf(world)).toEqual(said);
  expect(await stateOf(world.kubernetes, world, { cronJob: false })).toEqual(before);
  const { spec } = await world.kubernetes.apps.readNamespacedDeployment(world.target);
  expect(spec?.template.spec?.containers[0]?.env).toContainEqual({ name: 'RESET', value: 'yes' });
  const calls = world.auditSince(start);
  process.stderr.write(
    `reset with its state kept: ${Math.round((Date.now() - began) / 1000)} s, ${calls.length} Kubernetes calls, ` +
      `changes: ${changesOf(calls).join(', ')}\n`,
  );
  await end(world);
});
