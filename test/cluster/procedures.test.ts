import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import { isDevelopmentCluster } from '../../src/kubernetes/development-cluster.ts';
import { readWorkload } from '../../src/kubernetes/workloads.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { kintsugi, kintsugiJson } from '../cli/command.ts';
import { needs } from '../needs.ts';
import { kill, untilRecord } from './chaos-world.ts';
import {
  callsToPeople,
  type ProcedureScene,
  readyPods,
  startApproved,
  startProcedureScene,
} from './procedure-scene.ts';
import { until } from './until.ts';

needs('cluster', 'temporal');

jest.setTimeout(180_000);

let own: ProcedureScene;

beforeAll(async () => {
  own = await startProcedureScene();
}, 240_000);

afterAll(() => own?.world.stop(), 60_000);

async function close(): Promise<void> {
  const { world, scene } = own;
  const { exitCode } = await kintsugi(['close', scene.workflowId, '--actor', 'ana'], world.kintsugi.environment);
  expect(exitCode).toBe(0);
  await until('the recovery to end', async () => {
    const { status } = await world.observer.client.workflow.getHandle(scene.workflowId).describe();
    return status.name !== 'RUNNING';
  });
}

const writes = () => own.world.audit().filter(({ verb }) => verb === 'patch' || verb === 'delete').length;

describe('a procedure on a healthy workload', () => {
  test('shows its plan, is done when a person has approved it, and ends with 0 when it has verified', async () => {
    const { world, scene } = own;
    const { environment } = world.kintsugi;
    const target = `${scene.namespace}/deployment/app`;
    const start = ['run', 'change-app', target, '--procedure', 'grow', '--param', 'replicas=2', '--actor', 'ana'];
    const running = kintsugiJson(start, environment);
    const asked = ({ attempts }: RecoveryRecord) => attempts.some(({ stage }) => stage === 'asked');
    const { record } = await untilRecord(world, scene, asked);
    expect(record.diagnosis?.evidence.bytes).toBeGreaterThan(0);
    expect(record.attempts[0]?.plans[0]?.summary).toMatch(/1 to 2/);
    expect((await readWorkload(world.kubernetes, scene.target)).replicas).toBe(1);
    expect((await kintsugi(['approve', scene.workflowId, '--actor', 'bo'], environment)).exitCode).toBe(0);
    const { exitCode, answer } = await running;
    expect(answer).toMatchObject({ ended: 'recovered', record: { recovered: { by: 'person' } } });
    expect(exitCode).toBe(0);
    expect(await readyPods(own)).toBe(2);
    await close();
  });

  test('whose worker is killed when nothing of the workload is left goes on to its end', async () => {
    const { world, scene } = own;
    const before = writes();
    await startApproved(own, 'restart');
    await untilRecord(world, scene, ({ attempts }) => attempts[0]?.actions[0]?.outcome === 'applied');
    await kill(world.kintsugi.worker);
    await world.kintsugi.startWorker();
    const { record } = await untilRecord(
      world,
      scene,
      ({ recovered, closed }) => recovered !== null || closed !== null,
    );
    expect(record).toMatchObject({ recovered: { by: 'person' }, attempts: [{ remedy: 'restart', stage: 'verified' }] });
    expect(await readyPods(own)).toBe(2);
    expect(writes() - before).toBeLessThanOrEqual(8);
    expect(callsToPeople(own)).toEqual([]);
    await close();
  });

  test('whose input is wrong fails at once with every fault, straight through Temporal too', async () => {
    const { world, scene } = own;
    const start = { workflowId: scene.workflowId, taskQueue: `kintsugi-${world.cluster}` };
    const input = { target: `${scene.namespace}/deployment/app`, procedure: 'growing', params: { replicas: 'two' } };
    const ended = world.observer.client.workflow.execute('change-app', { ...start, args: [input] });
    await expect(ended).rejects.toMatchObject({
      cause: {
        type: 'InvalidStart',
        message: expect.stringMatching(/no procedure "growing"; did you mean "grow"\?.*"two" is not a number/),
      },
    });
  });
});

test('the development cluster says that it is one, and Kintsugi may read it', async () => {
  const { KUBECONFIG = '' } = own.world.kintsugi.environment;
  expect(await isDevelopmentCluster(connectKubernetes({ kubeconfig: KUBECONFIG }))).toBe(true);
});
