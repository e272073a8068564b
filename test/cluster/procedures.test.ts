import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { stringify } from 'yaml';
import { DEVELOPMENT_MARKER, isDevelopmentCluster } from '../../src/kubernetes/development-cluster.ts';
import { readWorkload } from '../../src/kubernetes/workloads.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { kintsugi, kintsugiJson } from '../cli/command.ts';
import { needs } from '../needs.ts';
import { until, untilRolledOut } from './action-world.ts';
import { type ChaosWorld, kill, type Scene, startChaosWorld, untilRecord } from './chaos-world.ts';
import { servingApp } from './serving-app.ts';

needs('cluster', 'temporal');

jest.setTimeout(180_000);

let world: ChaosWorld<'well'>;
let scene: Scene;

beforeAll(async () => {
  world = await startChaosWorld({ well: {} });
  scene = world.scenes.well;
  const { namespace, target } = scene;
  writeFileSync(
    join(world.kintsugi.environment.KINTSUGI_RUNBOOKS ?? '', 'change-app.yaml'),
    stringify(runbook(namespace)),
  );
  await world.kubernetes.apps.createNamespacedDeployment({ namespace, body: servingApp(namespace, target.name) });
  await untilRolledOut(world.kubernetes, target);
}, 240_000);

afterAll(() => world?.stop(), 60_000);

/** Procedures of a target that is well: a change that succeeds, one that is undone, and one in which a worker may die. */
function runbook(namespace: string): object {
  const impact = { level: 'none', text: 'nothing' };
  const approval = 'none';
  return {
    apiVersion: 'kintsugi.dev/v1',
    kind: 'Runbook',
    metadata: {
      name: 'change-app',
      title: 'Change',
      version: '1.0',
      severity: 'info',
      component: 'app',
      service: 'app',
    },
    spec: {
      params: { replicas: { type: 'number', required: true }, wait: { type: 'duration' } },
      symptom: 'somebody wants another number of pods',
      impact: { user: impact, business: impact, data: impact },
      target: { namespace, kinds: ['Deployment'], selector: 'app=app' },
      procedures: [
        {
          name: 'grow',
          text: 'As many pods as are wanted',
          actions: [{ scale: { replicas: '$replicas' } }, { 'wait-ready': { timeout: '$wait' } }],
        },
        { name: 'stop', text: 'No pods, which never verifies', approval, actions: [{ scale: { to: 0 } }] },
        {
          name: 'restart',
          text: 'No pods, and then as many as before',
          approval,
          actions: [{ scale: { to: 0 } }, { scale: { to: 'before' } }, { 'wait-ready': { timeout: '60s' } }],
        },
      ],
      verify: { window: { min: '5s', max: '10s' }, checks: ['ready'] },
      escalation: { team: 'app', steps: ['contact'] },
    },
  };
}

const run = (procedure: string, more: string[] = []) =>
  kintsugiJson(
    [
      ...['run', 'change-app', `${scene.namespace}/deployment/app`, '--procedure', procedure],
      ...['--param', 'replicas=2', '--actor', 'ana', ...more],
    ],
    world.kintsugi.environment,
  );

const readyPods = async (): Promise<number> =>
  (await world.kubernetes.apps.readNamespacedDeployment({ namespace: scene.namespace, name: 'app' })).status
    ?.readyReplicas ?? 0;

async function close(): Promise<void> {
  const { exitCode } = await kintsugi(['close', scene.workflowId, '--actor', 'ana'], world.kintsugi.environment);
  expect(exitCode).toBe(0);
  await until('the recovery to end', async () => {
    const { status } = await world.observer.client.workflow.getHandle(scene.workflowId).describe();
    return status.name !== 'RUNNING';
  });
}

const written = () => world.audit().filter(({ verb }) => verb === 'patch' || verb === 'delete').length;

describe('a procedure on a healthy workload', () => {
  test('shows its plan, is done when a person has approved it, and ends with 0 when it has verified', async () => {
    const running = run('grow');
    const asked = ({ attempts }: RecoveryRecord) => attempts.some(({ stage }) => stage === 'asked');
    const { record } = await untilRecord(world, scene, asked);
    expect(record.diagnosis?.evidence.bytes).toBeGreaterThan(0);
    expect(record.attempts[0]?.plans[0]?.summary).toMatch(/1 to 2/);
    expect((await readWorkload(world.kubernetes, scene.target)).replicas).toBe(1);
    expect((await kintsugi(['approve', scene.workflowId, '--actor', 'bo'], world.kintsugi.environment)).exitCode).toBe(
      0,
    );
    const { exitCode, answer } = await running;
    expect(answer).toMatchObject({ ended: 'recovered', record: { recovered: { by: 'person' } } });
    expect(exitCode).toBe(0);
    expect(await readyPods()).toBe(2);
    await close();
  });

  test('that does not verify is undone, ends with 1 and the reason, and the workload is as before', async () => {
    const { exitCode, answer } = await run('stop');
    expect(answer).toMatchObject({
      outcome: 'not-done',
      why: expect.stringMatching(/did not verify .* everything was undone/),
    });
    expect(exitCode).toBe(1);
    expect(await readyPods()).toBe(2);
    expect(world.pages.pages).toEqual([]);
  });

  test('whose worker is killed when nothing of the workload is left goes on to its end', async () => {
    const before = written();
    const running = run('restart');
    await untilRecord(world, scene, ({ attempts }) => attempts[0]?.actions[0]?.outcome === 'applied');
    await kill(world.kintsugi.worker);
    await world.kintsugi.startWorker();
    const { exitCode, answer } = await running;
    expect(answer).toMatchObject({ ended: 'recovered' });
    expect(exitCode).toBe(0);
    expect(await readyPods()).toBe(2);
    expect(written() - before).toBeLessThanOrEqual(6);
    await close();
  });

  test('whose input is wrong fails at once with every fault, straight through Temporal too', async () => {
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
  expect(await isDevelopmentCluster(world.kubernetes)).toBe(true);
  const { core } = world.kubernetes;
  expect((await core.readNamespacedConfigMap(DEVELOPMENT_MARKER)).metadata?.name).toBe(DEVELOPMENT_MARKER.name);
});
