import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { inAgent } from '../../dev/workloads/faults/in-agent.ts';
import { applyFault } from '../../dev/workloads/faults/registry.ts';
import { namespacesWithSuffix } from '../../dev/workloads/namespaces.ts';
import { RUNTIME } from '../../dev/workloads/targets.ts';
import { readWorkload } from '../../src/kubernetes/workloads.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { kintsugi } from '../cli/command.ts';
import { changesOf } from '../cluster/audit-log.ts';
import { untilRecord } from '../cluster/chaos-world.ts';
import {
  conversationsOf,
  end,
  isOver,
  type RestoreWorld,
  say,
  startProcedure,
  startRestoreWorld,
} from '../cluster/restore-world.ts';
import { until } from '../cluster/until.ts';
import { needs } from '../needs.ts';

needs('cluster', 'temporal');

jest.setTimeout(300_000);

/** A KOSMOS agent's conversations are carried by the runbook, from the start of each procedure to its end. */
let world: RestoreWorld;
const RUNBOOK = 'kosmos-conversation-state';

beforeAll(async () => {
  world = await startRestoreWorld();
  await say(world, 'first', 'this is to be found again');
}, 240_000);

afterAll(() => world?.stop(), 120_000);

const lastAttempt = ({ attempts }: RecoveryRecord) => attempts.at(-1);
const isDone = (record: RecoveryRecord) => isOver(record) || lastAttempt(record)?.stage === 'done';

/** Runs a procedure to the end of its attempt; tells what it found out, in how many seconds and calls. */
async function carried(procedure: string, params: Record<string, string> = {}): Promise<string[]> {
  const [start, began] = [world.auditEnd(), Date.now()];
  await startProcedure(world, { runbook: RUNBOOK, procedure, params }, procedure !== 'export');
  const { record } = await untilRecord(world, world, isDone);
  const attempt = lastAttempt(record);
  expect(attempt?.stage).toBe(procedure === 'export' ? 'done' : 'verified');
  const calls = world.auditSince(start);
  process.stderr.write(
    `${procedure}: ${((Date.now() - began) / 1000).toFixed(1)} s, ${calls.length} Kubernetes calls, ` +
      `changes: ${changesOf(calls).join(', ')}\n`,
  );
  await end(world);
  return attempt?.actions.flatMap(({ saw = [] }) => saw) ?? [];
}

/** How the development cluster's faults find the world's agent. */
function faulty() {
  const namespaces = namespacesWithSuffix(world.target.namespace.replace(/^kosmos-/, ''));
  return { kube: world.kubernetes, namespaces, progress: () => undefined };
}

let exported = '';

test('they are exported without a word from anybody else, and given out by the command line', async () => {
  const state = await conversationsOf(world);
  const saw = await carried('export');
  exported = /artifact ([0-9a-f]{64})/.exec(saw.join())?.[1] ?? '';
  const { stdout, stderr } = await kintsugi(['artifact', 'get', exported], world.kintsugi.environment);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toMatchObject({ sha256: state.sha256 });
});

test('lost, they are imported by approval, and the agent is verified with them', async () => {
  const before = await conversationsOf(world);
  await inAgent(faulty(), RUNTIME, { command: ['find', '/data', '-mindepth', '1', '-delete'] });
  await until('them to be lost', async () => (await conversationsOf(world)).conversations === 0);
  await carried('import', { artifact: exported });
  expect(await conversationsOf(world)).toEqual(before);
});

test('a worker that is killed when the import begins: nobody knows, a person is asked, and the undo is made by order', async () => {
  await say(world, 'second', 'this is what was there before');
  const former = await conversationsOf(world);
  let writes = 0;
  const isStart = (method: string, path: string) =>
    method === 'PUT' && path.includes('/configmaps/execution-') && ++writes === 2;
  const held = world.proxy.holdNext(isStart, 'before answering');
  await startProcedure(world, { runbook: RUNBOOK, procedure: 'import', params: { artifact: exported } });
  await held.reached;
  await world.replaceWorker();
  await held.release();
  const { record } = await untilRecord(world, world, (now) => lastAttempt(now)?.stage === 'undo-refused');
  expect(lastAttempt(record)?.actions[0]).toMatchObject({
    outcome: 'unknown',
    undo: { outcome: 'refused', saw: expect.stringContaining('its outcome is not known') },
  });
  expect(await conversationsOf(world)).toEqual(former);

  const { exitCode, stderr } = await kintsugi(['undo', world.workflowId, '--actor', 'ana'], world.kintsugi.environment);
  expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
  await untilRecord(world, world, (now) => lastAttempt(now)?.stage === 'undone');
  expect(await conversationsOf(world)).toEqual(former);
  await end(world);
});

test('they are moved from a pod that does not answer any more into the one in its place', async () => {
  await applyFault('kosmos-deadlock', faulty());
  await until('it to be seen', async () => (await readWorkload(world.kubernetes, world.target)).status.ready === 0);
  const saw = await carried('move');
  expect(saw.filter((line) => /^(exported from|imported into)/.test(line))).toHaveLength(2);
  expect((await conversationsOf(world)).conversations).toBeGreaterThan(1);
});
