import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { pushImage } from '../../dev/cluster/cluster.ts';
import { ensureImage } from '../../dev/images/ensure.ts';
import { execInPod } from '../../dev/workloads/exec.ts';
import type { ActionContext } from '../../src/actions/action.ts';
import { actionNamed } from '../../src/actions/parameters.ts';
import { type Artifacts, createArtifacts } from '../../src/artifacts/store.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import { isReady } from '../../src/kubernetes/pods.ts';
import { readOwned } from '../../src/kubernetes/revisions.ts';
import type { WorkloadKind } from '../../src/kubernetes/workloads.ts';
import type { Finding, Plan } from '../../src/recovery/values.ts';
import { readiness } from '../../src/verification/readiness.ts';
import { readTargetState } from '../../src/verification/target-state.ts';
import { contextFor, finding, planned, runbookFor } from '../actions/action-context.ts';
import { registryMirrors } from '../cluster/crashing-app.ts';
import { diagnoseOnce } from '../cluster/diagnosing.ts';
import { createNamespace, deleteNamespace } from '../cluster/namespace.ts';
import {
  container,
  createVerticalAutoscaler,
  createWorkload,
  PROGRAMS,
  provideVerticalAutoscalers,
  uidsOf,
  untilOomKilled,
} from '../cluster/pod-shapes.ts';
import { provideServingApp } from '../cluster/serving-app.ts';
import { until } from '../cluster/until.ts';
import { patchByHand, untilRolledOut } from '../cluster/workloads.ts';
import { needs, provided } from '../needs.ts';

needs('cluster');

// A real cluster starts pods and kills them: seconds as a rule.
jest.setTimeout(180_000);

type Shaped = { namespace: string; kind: WorkloadKind; name: string };

let kubernetes: Kubernetes;
let namespace: string;
let folder: string;
let artifacts: Artifacts;
let forgetAutoscalers: () => Promise<void> = async () => undefined;

beforeAll(async () => {
  kubernetes = connectKubernetes({ kubeconfig: provided('cluster') });
  namespace = await createNamespace(kubernetes, 'shapes');
  folder = mkdtempSync(join(tmpdir(), 'shapes-'));
  artifacts = createArtifacts({ folder });
  await provideServingApp(kubernetes, namespace);
});

afterAll(async () => {
  await forgetAutoscalers();
  rmSync(folder, { recursive: true, force: true });
  await deleteNamespace(kubernetes, namespace);
});

const RAISE = { container: 'app', memory: { request: '32Mi', limit: '160Mi' } };

const of = (kind: WorkloadKind, name: string): Shaped => ({ namespace, kind, name });

/** What the worker's own diagnosis finds first. */
async function found(target: Shaped, cause: string): Promise<Finding> {
  const runbook = runbookFor(target);
  let first: Finding | undefined;
  await until(`${cause} of ${target.name} to be found`, async () => {
    const { classification } = await diagnoseOnce(kubernetes, { target, runbook, artifacts });
    [first] = classification.findings;
    return first?.cause === cause;
  });
  return first ?? finding;
}

function contextOf(target: Shaped, over: Partial<ActionContext> = {}): ActionContext {
  return contextFor(kubernetes, target, { mirrors: registryMirrors(), ...over });
}

/** What a plan comes to, in a line: `refused`, `asks`, or what it changes and whom it deletes. */
function outcomeOf({ refusal, ask, changes }: Plan): string {
  if (refusal !== undefined) return `refused, ${refusal.code}: ${refusal.reason}`;
  if (ask !== undefined) return `asks: ${ask}`;
  const parts = changes.flatMap((change) => {
    if (change.type === 'field') return `sets ${change.path.replace('/spec/template/spec/', '')}`;
    return change.type === 'delete' ? `deletes ${change.object.name}` : [];
  });
  return parts.join(', ') || 'does nothing';
}

/** Applies a plan, waits for its rollout, and says which pods were replaced. */
async function applied(context: ActionContext, target: Shaped, plan: Plan): Promise<string[]> {
  const before = await uidsOf(kubernetes, target);
  await actionNamed(plan.action).apply(context, plan);
  await until(`${target.name} to be wholly there again`, async () => {
    const state = await readTargetState(kubernetes, target);
    return readiness(state, Object.keys(before).length).result === 'pass';
  });
  const after = await uidsOf(kubernetes, target);
  return Object.keys(before).filter((name) => after[name] !== before[name]);
}

describe('a pod of several containers (safety 8)', () => {
  test('whose sidecar is OOM-killed is raised only for a runbook that means the sidecar; any other hands it over by name', async () => {
    const target = of('Deployment', 'sidecar-oom');
    const containers = [container('app', PROGRAMS.idle), container('sidecar', PROGRAMS.hog)];
    await createWorkload(kubernetes, target, containers);
    const seen = await found(target, 'oom-killed');
    expect(seen.container).toBe('sidecar');
    const context = contextOf(target, { finding: seen });
    expect(outcomeOf(await planned(context, 'set-resources', RAISE))).toBe(
      'refused, not-oom-killed: container sidecar was OOM-killed, not app',
    );
    await untilOomKilled(kubernetes, target, 'sidecar');
    const plan = await planned(context, 'set-resources', { ...RAISE, container: 'sidecar' });
    expect(outcomeOf(plan)).toBe(
      'sets containers/1/resources/requests/memory, sets containers/1/resources/limits/memory',
    );
    await applied(context, target, plan);
    const { workload } = await readOwned(kubernetes, target);
    const limits = workload.template.spec?.containers.map(({ resources }) => resources?.limits?.memory);
    expect(limits).toEqual(['40Mi', '160Mi']);
  });

  test('whose sidecar crashes does not get a variable of the app restored', async () => {
    const target = of('Deployment', 'sidecar-crash');
    const healthy = container('sidecar', PROGRAMS.wantsVariable, { env: [{ name: 'SIDE_NAME', value: 'a' }] });
    await createWorkload(kubernetes, target, [container('app', PROGRAMS.idle), healthy]);
    await untilRolledOut(kubernetes, target);
    await patchByHand(kubernetes, target, {
      spec: {
        template: { spec: { containers: [{ name: 'sidecar', env: [{ name: 'SIDE_NAME', $patch: 'delete' }] }] } },
      },
    });
    const seen = await found(target, 'configuration-error');
    expect(seen).toMatchObject({ container: 'sidecar', subject: 'SIDE_NAME' });
    const context = contextOf(target, { finding: seen });
    // The pod that was healthy serves on: going back is what may be done, and it takes nothing away.
    expect(outcomeOf(await planned(context, 'set-resources', RAISE))).toMatch(/^refused, not-oom-killed/);
    expect(outcomeOf(await planned(context, 'rollout-restart'))).toBe('does nothing');
    expect(outcomeOf(await planned(context, 'rollout-undo'))).toMatch(/^sets containers\/1\/env/);
  });
});

describe('a Deployment', () => {
  test('of which one pod of three is bad has that one replaced, and the others stay', async () => {
    const target = of('Deployment', 'one-of-three');
    await createWorkload(kubernetes, target, [container('app', PROGRAMS.idle)], { replicas: 3 });
    const { pods } = await untilRolledOut(kubernetes, target);
    const bad = pods[1]?.metadata?.name ?? '';
    await execInPod(kubernetes.config, { namespace, pod: bad, container: 'app', command: ['touch', '/tmp/wedged'] });
    await until(`${bad} not to be ready`, async () =>
      (await readOwned(kubernetes, target)).pods.some((p) => !isReady(p)),
    );
    const context = contextOf(target);
    expect(outcomeOf(await planned(context, 'rollout-restart'))).toBe('does nothing');
    const plan = await planned(context, 'delete-pod');
    expect(outcomeOf(plan)).toBe(`deletes ${bad}`);
    expect(await applied(context, target, plan)).toEqual([bad]);
  });

  test('whose rollout began after the break is left to whoever began it', async () => {
    const target = of('Deployment', 'in-progress');
    await createWorkload(kubernetes, target, [container('app', PROGRAMS.hog)]);
    await untilOomKilled(kubernetes, target, 'app');
    const brokenSince = new Date().toISOString();
    // A change in the same second as the break counts as before it.
    await until('the next second', async () => Date.now() - Date.parse(brokenSince) > 1_100);
    await patchByHand(kubernetes, target, {
      spec: { template: { spec: { containers: [{ name: 'app', env: [{ name: 'MEND', value: 'b' }] }] } } },
    });
    const context = contextOf(target, { brokenSince });
    for (const [action, params] of [
      ['set-resources', RAISE],
      ['delete-pod', {}],
    ] as const)
      expect(outcomeOf(await planned(context, action, params))).toContain('changed its pod template at');
  });

  test('that is paused asks before anything, and a restart that could not begin is refused', async () => {
    const target = of('Deployment', 'paused');
    await createWorkload(kubernetes, target, [container('app', PROGRAMS.hog)]);
    await untilOomKilled(kubernetes, target, 'app');
    await patchByHand(kubernetes, target, { spec: { paused: true } });
    const context = contextOf(target);
    await until('the pause to be seen', async () => {
      const { workload } = await readOwned(kubernetes, target);
      return workload.observedGeneration === workload.generation;
    });
    for (const [action, params] of [
      ['set-resources', RAISE],
      ['delete-pod', {}],
    ] as const)
      expect(outcomeOf(await planned(context, action, params))).toContain('asks: its rollout is paused');
    expect(outcomeOf(await planned(context, 'rollout-restart'))).toMatch(/^refused, paused/);
  });

  test('under an autoscaler keeps its number of pods, and under a vertical one asks before its memory is raised', async () => {
    forgetAutoscalers = await provideVerticalAutoscalers(kubernetes);
    const target = of('Deployment', 'autoscaled');
    await createWorkload(kubernetes, target, [container('app', PROGRAMS.hog)]);
    await untilOomKilled(kubernetes, target, 'app');
    const context = contextOf(target);
    expect(outcomeOf(await planned(context, 'set-resources', RAISE))).toMatch(/^sets /);
    await createVerticalAutoscaler(kubernetes, target);
    expect(outcomeOf(await planned(context, 'set-resources', RAISE))).toBe(
      'asks: VerticalPodAutoscaler autoscaled (Recreate) sets the memory of app and would write over the raise',
    );
    await kubernetes.autoscaling.createNamespacedHorizontalPodAutoscaler({
      namespace,
      body: {
        metadata: { name: 'autoscaled' },
        spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'autoscaled' } },
      },
    });
    expect(outcomeOf(await planned(context, 'scale', { replicas: 2 }))).toMatch(/^refused, autoscaled/);
  });

  test('whose tag stands for another build by now asks before a new pod would run that', async () => {
    const target = of('Deployment', 'tag-moved');
    const image = `docker.io/kintsugi/${namespace}:stable`;
    await pushImage(await ensureImage('ollama', () => undefined), image);
    await createWorkload(kubernetes, target, [container('app', PROGRAMS.hog, { image })]);
    await untilOomKilled(kubernetes, target, 'app');
    const context = contextOf(target);
    expect(outcomeOf(await planned(context, 'set-resources', RAISE))).toMatch(/^sets /);
    await pushImage(await ensureImage('redis', () => undefined), image);
    for (const [action, params] of [
      ['set-resources', RAISE],
      ['delete-pod', {}],
      ['rollout-restart', {}],
    ] as const)
      expect(outcomeOf(await planned(context, action, params))).toContain('a new pod may run another image');
  });
});

describe('a StatefulSet (safety 13)', () => {
  const partition = (ordinal: number) => ({ updateStrategy: { rollingUpdate: { partition: ordinal } } });

  test.each([
    ['OnDelete', { updateStrategy: { type: 'OnDelete' } }],
    ['a partition below the bad pod', partition(1)],
  ] as const)(
    'with %s has the bad pod alone replaced, by the new template, and is healthy with the others as they are',
    async (shape, strategy) => {
      const target = of('StatefulSet', shape === 'OnDelete' ? 'on-delete' : 'partition');
      await createWorkload(kubernetes, target, [container('app', PROGRAMS.hogIn(1))], { replicas: 2, ...strategy });
      expect(await untilOomKilled(kubernetes, target, 'app')).toBe(`${target.name}-1`);
      const context = contextOf(target);
      const plan = await planned(context, 'set-resources', RAISE);
      expect(outcomeOf(plan)).toContain(`limits/memory, deletes ${target.name}-1`);
      expect(await applied(context, target, plan)).toEqual([`${target.name}-1`]);
      const limits = (await readOwned(kubernetes, target)).pods.map(
        ({ metadata, spec }) => `${metadata?.name} ${spec?.containers[0]?.resources?.limits?.memory}`,
      );
      expect(limits.sort()).toEqual([`${target.name}-0 40Mi`, `${target.name}-1 160Mi`]);
    },
  );

  test('with a partition above the bad pod is handed over: the change would never reach it', async () => {
    const target = of('StatefulSet', 'kept');
    const parallel = { podManagementPolicy: 'Parallel' };
    await createWorkload(kubernetes, target, [container('app', PROGRAMS.hogIn(0))], {
      replicas: 2,
      ...parallel,
      ...partition(1),
    });
    await untilOomKilled(kubernetes, target, 'app');
    expect(outcomeOf(await planned(contextOf(target), 'set-resources', RAISE))).toBe(
      'refused, partitioned: its partition 1 keeps kept-0 at the old revision: the change would not reach it',
    );
  });

  test('with a budget that lets nobody be missing asks before its controller takes the ready pod away', async () => {
    const target = of('StatefulSet', 'budget');
    await createWorkload(kubernetes, target, [container('app', PROGRAMS.hogIn(1))], { replicas: 2 });
    await untilOomKilled(kubernetes, target, 'app');
    const selector = { matchLabels: { app: 'budget' } };
    await kubernetes.policy.createNamespacedPodDisruptionBudget({
      namespace,
      body: { metadata: { name: 'budget' }, spec: { minAvailable: 1, selector } },
    });
    await until('the budget to be counted', async () => {
      const { status } = await kubernetes.policy.readNamespacedPodDisruptionBudget({ name: 'budget', namespace });
      return status?.expectedPods === 2 && status.currentHealthy === 1;
    });
    const context = contextOf(target);
    expect(outcomeOf(await planned(context, 'set-resources', RAISE))).toBe(
      'asks: PodDisruptionBudget budget allows 0 pods to be missing now, and the rollout takes 1 of 1 ready ones away before new ones are ready',
    );
    // What is not ready is missing already: a budget has nothing against its replacement.
    expect(outcomeOf(await planned(context, 'delete-pod'))).toBe('deletes budget-1');
  });
});

test('a DaemonSet is raised, rolled out by its controller, and never scaled', async () => {
  const target = of('DaemonSet', 'on-each-node');
  await createWorkload(kubernetes, target, [container('app', PROGRAMS.hog)]);
  const seen = await found(target, 'oom-killed');
  const context = contextOf(target, { finding: seen });
  expect(outcomeOf(await planned(context, 'scale', { replicas: 2 }))).toMatch(/^refused, not-scalable/);
  await untilOomKilled(kubernetes, target, 'app');
  const plan = await planned(context, 'set-resources', RAISE);
  expect(outcomeOf(plan)).toBe(
    'sets containers/0/resources/requests/memory, sets containers/0/resources/limits/memory',
  );
  expect(await applied(context, target, plan)).toHaveLength(1);
  expect(await actionNamed('set-resources').revert({ ...context, step: 6 }, plan)).toEqual({ outcome: 'undone' });
});
