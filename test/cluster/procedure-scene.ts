import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { stringify } from 'yaml';
import { kintsugi } from '../cli/command.ts';
import { type ChaosWorld, type Scene, startChaosWorld, untilRecord } from './chaos-world.ts';
import { servingApp } from './serving-app.ts';
import { untilRolledOut } from './workloads.ts';

/** A workload that is well, and a runbook whose procedures people start on it. */
export interface ProcedureScene {
  world: ChaosWorld<'well'>;
  scene: Scene;
}

export async function startProcedureScene(): Promise<ProcedureScene> {
  const world = await startChaosWorld({ well: {} });
  const scene = world.scenes.well;
  const { namespace, target } = scene;
  const folder = world.kintsugi.environment.KINTSUGI_RUNBOOKS ?? '';
  writeFileSync(join(folder, 'change-app.yaml'), stringify(runbook(namespace)));
  await world.kubernetes.apps.createNamespacedDeployment({ namespace, body: servingApp(namespace, target.name) });
  await untilRolledOut(world.kubernetes, target);
  return { world, scene };
}

/** A procedure that succeeds, one that never verifies, and one in which a worker may die. */
function runbook(namespace: string): object {
  const impact = { level: 'none', text: 'nothing' };
  const approval = 'none';
  const metadata = { title: 'Change', version: '1.0', severity: 'info', component: 'app', service: 'app' };
  return {
    apiVersion: 'kintsugi.dev/v1',
    kind: 'Runbook',
    metadata: { name: 'change-app', ...metadata },
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

/** Starts a procedure as Temporal's UI does, and approves its plan: stopping a workload asks, whatever the runbook says. */
export async function startApproved({ world, scene }: ProcedureScene, procedure: string): Promise<void> {
  const input = { procedure, params: { replicas: 2 }, actor: 'ana' };
  const { workflowId } = scene;
  const taskQueue = `kintsugi-${world.cluster}`;
  await world.observer.client.workflow.start('change-app', { workflowId, taskQueue, args: [input] });
  await untilRecord(world, scene, ({ attempts }) => attempts.some(({ stage }) => stage === 'asked'));
  expect((await kintsugi(['approve', workflowId, '--actor', 'bo'], world.kintsugi.environment)).exitCode).toBe(0);
}

/** How many pods of the workload are ready now. */
export async function readyPods({ world, scene: { namespace, target } }: ProcedureScene): Promise<number> {
  const { status } = await world.kubernetes.apps.readNamespacedDeployment({ namespace, name: target.name });
  return status?.readyReplicas ?? 0;
}

/** Pages that called somebody; a question is none. */
export function callsToPeople({ world }: ProcedureScene): unknown[] {
  return world.pages.pages.filter(({ body }) => body.event === 'trigger');
}
