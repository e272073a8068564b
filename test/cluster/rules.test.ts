import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { PatchStrategy, type V1Deployment } from '@kubernetes/client-node';
import type { ActionContext } from '../../src/actions/action.ts';
import { actionNamed } from '../../src/actions/parameters.ts';
import { recordBaseline } from '../../src/activities/record-baseline.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import { findPodOwner } from '../../src/kubernetes/owner.ts';
import { isReady } from '../../src/kubernetes/pods.ts';
import { templateHash } from '../../src/kubernetes/template.ts';
import { callOptions } from '../../src/kubernetes/transport.ts';
import { readWorkload } from '../../src/kubernetes/workloads.ts';
import type { Json, Plan, Target } from '../../src/recovery/values.ts';
import type { Dependency } from '../../src/runbook/schema.ts';
import { needs, provided } from '../needs.ts';
import {
  broken,
  contextFor,
  createNamespace,
  deleteNamespace,
  deployment,
  finding,
  idleImage,
  memoryBaselines,
  runbookFor,
  statefulSet,
  until,
  untilRolledOut,
} from './action-world.ts';

needs('cluster');

// A real cluster schedules and starts pods: seconds as a rule.
jest.setTimeout(120_000);

let kubernetes: Kubernetes;
let image: string;
const namespaces: string[] = [];

beforeAll(async () => {
  kubernetes = connectKubernetes({ kubeconfig: provided('cluster') });
  image = await idleImage(kubernetes);
});

afterAll(async () => {
  for (const namespace of namespaces) await deleteNamespace(kubernetes, namespace);
});

describe('raising memory (safety 8)', () => {
  const raise = { container: 'app', memory: { request: '24Mi', limit: '64Mi' } };

  test('is refused where the LimitRange would not admit the pod', async () => {
    const target = await healthy(await namespace());
    await kubernetes.core.createNamespacedLimitRange({
      namespace: target.namespace,
      body: { metadata: { name: 'small' }, spec: { limits: [{ type: 'Container', max: { memory: '48Mi' } }] } },
    });
    const plan = await planned('set-resources', target, raise);
    expect(plan.refusal).toMatchObject({ code: 'not-admitted', reason: expect.stringContaining('48Mi') });
  });

  test('is refused where the quota has no room for the new pod beside the old one', async () => {
    const target = await healthy(await namespace());
    await kubernetes.core.createNamespacedResourceQuota({
      namespace: target.namespace,
      body: { metadata: { name: 'little' }, spec: { hard: { 'limits.memory': '80Mi' } } },
    });
    await until('the quota to be counted', async () => {
      const quota = await kubernetes.core.readNamespacedResourceQuota({ name: 'little', namespace: target.namespace });
      return quota.status?.used?.['limits.memory'] === '32Mi';
    });
    const plan = await planned('set-resources', target, raise);
    expect(plan.refusal).toMatchObject({ code: 'not-admitted', reason: expect.stringContaining('exceeded quota') });
  });

  test('is refused where no node has room for the request', async () => {
    const target = await healthy(await namespace());
    const plan = await planned('set-resources', target, { container: 'app', memory: { request: '9Ti', limit: '9Ti' } });
    expect(plan.refusal).toMatchObject({ code: 'no-room', reason: expect.stringContaining('free on node') });
  });

  test('at the cap, of another container, or for another cause is handed over', async () => {
    const target = await healthy(await namespace());
    const atCap = { container: 'app', memory: { limit: '32Mi', factor: 2, cap: '32Mi' } };
    expect((await planned('set-resources', target, atCap)).refusal?.code).toBe('at-cap');
    const sidecar = { finding: { ...finding, container: 'sidecar' } };
    expect((await planned('set-resources', target, raise, sidecar)).refusal?.code).toBe('not-oom-killed');
    const startup = { finding: { ...finding, cause: 'application-startup-failure' } };
    expect((await planned('set-resources', target, raise, startup)).refusal?.code).toBe('not-oom-killed');
    const unknown = { container: 'nobody', memory: { limit: '64Mi' } };
    expect((await planned('set-resources', target, unknown)).refusal?.code).toBe('not-found');
  });
});

describe('who else works on the object (safety 5, 11)', () => {
  const raise = { container: 'app', memory: { limit: '64Mi' } };

  test('what Flux or Argo CD would write over is refused with its owner', async () => {
    const target = await healthy(await namespace());
    const labels = {
      'kustomize.toolkit.fluxcd.io/name': 'apps',
      'kustomize.toolkit.fluxcd.io/namespace': 'flux-system',
    };
    await patch(target, { metadata: { labels } });
    const flux = await planned('set-resources', target, raise);
    expect(flux.refusal).toMatchObject({
      code: 'gitops-owned',
      reason: expect.stringContaining('Kustomization flux-system/apps (Flux) reverts changes'),
    });
    await patch(target, { metadata: { annotations: { 'kustomize.toolkit.fluxcd.io/reconcile': 'disabled' } } });
    expect((await planned('set-resources', target, raise)).refusal).toBeUndefined();
    await patch(target, {
      metadata: { annotations: { 'argocd.argoproj.io/tracking-id': 'shop:apps/Deployment:x/app' } },
    });
    expect((await planned('set-resources', target, raise)).refusal?.reason).toContain('Application shop (Argo CD)');
  });

  test("a Helm chart's instance label alone, without any Argo CD, owns nothing", async () => {
    const target = await healthy(await namespace());
    await patch(target, { metadata: { labels: { 'app.kubernetes.io/instance': 'app' } } });
    expect((await planned('set-resources', target, raise)).refusal).toBeUndefined();
  });

  test('a paused rollout and a template changed after it broke ask; the change that broke it does not', async () => {
    const target = await healthy(await namespace());
    await patch(target, containerPatch({ env: [{ name: 'LOG_LEVEL', value: 'debug' }] }));
    await untilRolledOut(kubernetes, target);
    expect((await planned('set-resources', target, raise)).ask ?? '').not.toContain('after it broke');
    const early = { brokenSince: new Date(Date.now() - 3_600_000).toISOString() };
    expect((await planned('set-resources', target, raise, early)).ask).toContain('changed its pod template');
    await patch(target, { spec: { paused: true } });
    await until('the pause to be seen', async () => {
      const { generation, observedGeneration } = await readWorkload(kubernetes, target);
      return generation === observedGeneration;
    });
    expect((await planned('set-resources', target, raise)).ask).toContain('its rollout is paused');
    expect((await planned('rollout-undo', target, { to: 1 })).ask).toContain('its rollout is paused');
  });

  test('while an older revision serves and the new one fails, only going back does not ask for that', async () => {
    const target = await healthy(await namespace());
    await patch(target, containerPatch({ command: ['/nothing-there'] }));
    await until('the new pod to fail', async () => (await readWorkload(kubernetes, target)).status.updated === 1);
    const serving = 'ready pods of an older revision serve';
    expect((await planned('set-resources', target, raise)).ask).toContain(serving);
    const back = await planned('rollout-undo', target, {});
    expect(back.summary).toContain('1 of its pods are ready now');
    expect(back.ask ?? '').not.toContain(serving);
    expect(back.ask ?? '').not.toContain('ever healthy');
  });
});

describe('going back (safety 3, 6)', () => {
  test('a revision without evidence asks; one whose Secret is gone is refused', async () => {
    const target = await healthy(await namespace());
    const { namespace: own } = target;
    await kubernetes.core.createNamespacedSecret({
      namespace: own,
      body: { metadata: { name: 'url' }, stringData: { value: 'redis://redis' } },
    });
    const valueFrom = { secretKeyRef: { name: 'url', key: 'value' } };
    await patch(target, containerPatch({ env: [{ name: 'URL', valueFrom }] }));
    await untilRolledOut(kubernetes, target);
    await patch(target, containerPatch({ env: [{ name: 'URL', value: 'redis://other', valueFrom: null }] }));
    await untilRolledOut(kubernetes, target);
    const back = await planned('rollout-undo', target, {});
    expect(back.summary).toContain('revision 2');
    expect(back.ask).toContain('nothing shows that revision 2 was ever healthy');
    expect(back.refusal).toBeUndefined();
    await kubernetes.core.deleteNamespacedSecret({ name: 'url', namespace: own });
    expect((await planned('rollout-undo', target, {})).refusal).toMatchObject({
      code: 'reference-missing',
      reason: expect.stringContaining(`Secret ${own}/url is missing`),
    });
  });

  test('is refused where the present template is the one last seen healthy', async () => {
    const target = await healthy(await namespace());
    const baselines = memoryBaselines();
    await recordBaseline(kubernetes, baselines, target);
    expect((await planned('rollout-undo', target, {}, { baselines })).refusal?.code).toBe('is-last-healthy');
    expect((await planned('rollout-undo', target, { to: 7 })).refusal?.code).toBe('no-such-revision');
  });

  test('asks where a migration Job ran since, or init containers differ', async () => {
    const target = await healthy(await namespace());
    await kubernetes.batch.createNamespacedJob({
      namespace: target.namespace,
      body: {
        metadata: { name: 'app-migrate-2' },
        spec: {
          suspend: true,
          template: {
            spec: { restartPolicy: 'Never', containers: [{ name: 'migrate', image, imagePullPolicy: 'Never' }] },
          },
        },
      },
    });
    const sidecar = { name: 'prepare', image, imagePullPolicy: 'Never', restartPolicy: 'Always' };
    await patch(target, { spec: { template: { spec: { initContainers: [sidecar] } } } });
    await untilRolledOut(kubernetes, target);
    const { ask } = await planned('rollout-undo', target, {});
    expect(ask).toContain('Job app-migrate-2');
    expect(ask).toContain('init containers differ');
  });
});

describe('restoring a variable (safety 7)', () => {
  const broke = { finding: { ...finding, cause: 'configuration-error', subject: 'LOG_LEVEL' } };

  test('without a healthy baseline, with more than it changed, or from a literal over a reference is refused', async () => {
    const target = await healthy(await namespace());
    expect((await planned('restore-env', target, {}, broke)).refusal?.code).toBe('no-baseline');
    const baselines = memoryBaselines();
    await recordBaseline(kubernetes, baselines, target);
    expect((await planned('restore-env', target, {}, { ...broke, baselines })).refusal?.code).toBe('not-changed');
    const env = [
      { name: 'LOG_LEVEL', value: 'lots' },
      { name: 'NEW', value: 'yes' },
    ];
    await patch(target, containerPatch({ env }));
    await untilRolledOut(kubernetes, target);
    expect((await planned('restore-env', target, {}, { ...broke, baselines })).refusal?.code).toBe('more-differs');
    const valueFrom = { fieldRef: { fieldPath: 'metadata.name' } };
    await patch(target, containerPatch({ env: [{ name: 'LOG_LEVEL', value: null, valueFrom }] }));
    await untilRolledOut(kubernetes, target);
    expect((await planned('restore-env', target, {}, { ...broke, baselines })).refusal?.code).toBe('value-from');
  });

  test('asks where the crash does not name it, or Helm owns it', async () => {
    const target = await healthy(await namespace());
    const baselines = memoryBaselines();
    await recordBaseline(kubernetes, baselines, target);
    await patch(target, containerPatch({ env: [{ name: 'LOG_LEVEL', value: 'lots' }] }));
    await untilRolledOut(kubernetes, target);
    await patch(target, { metadata: { annotations: { 'meta.helm.sh/release-name': 'shop' } } });
    const other = { finding: { ...broke.finding, subject: 'OTHER' }, baselines };
    const plan = await planned('restore-env', target, { variable: 'LOG_LEVEL' }, other);
    expect(plan.ask).toContain('the crash does not name LOG_LEVEL');
    expect(plan.ask).toContain(`Helm release ${target.namespace}/shop owns the value`);
    expect(plan.refusal).toBeUndefined();
  });

  test('brings a removed variable back where it stood, from the revision that keeps it', async () => {
    const target = await healthy(await namespace());
    const before = await readWorkload(kubernetes, target);
    const baselines = memoryBaselines();
    await recordBaseline(kubernetes, baselines, target);
    await patch(target, containerPatch({ env: [{ name: 'LOG_LEVEL', $patch: 'delete' }] }));
    await untilRolledOut(kubernetes, target);
    const context = contextFor(kubernetes, target, { ...broke, baselines });
    const plan = await actionNamed('restore-env').plan(context, {});
    expect(plan.refusal).toBeUndefined();
    expect(JSON.stringify(plan)).not.toContain('first secret');
    expect(await actionNamed('restore-env').apply(context, plan)).toBe('applied');
    const after = await readWorkload(kubernetes, target);
    expect(templateHash(after.template)).toBe(templateHash(before.template));
  });
});

describe('scaling', () => {
  test('leaves to the autoscaler what it sets, and asks before it stops every pod', async () => {
    const target = await healthy(await namespace());
    expect((await planned('scale', target, { replicas: 0 })).ask).toContain('it would stop every pod');
    await kubernetes.autoscaling.createNamespacedHorizontalPodAutoscaler({
      namespace: target.namespace,
      body: {
        metadata: { name: 'app' },
        spec: {
          minReplicas: 1,
          maxReplicas: 3,
          scaleTargetRef: { kind: 'Deployment', name: 'app', apiVersion: 'apps/v1' },
        },
      },
    });
    expect((await planned('scale', target, { replicas: 2 })).refusal?.code).toBe('autoscaled');
  });
});

describe('StatefulSets and dependencies (safety 10, 13)', () => {
  const dependency = (namespace: string): Dependency => ({
    name: 'store',
    type: 'redis',
    namespace,
    selector: 'app=store',
  });

  test('a template change also deletes the failing pod that the controller would wait for', async () => {
    const own = await namespace();
    const target = { namespace: own, kind: 'StatefulSet', name: 'store' };
    const body = statefulSet(own, image);
    await kubernetes.apps.createNamespacedStatefulSet({ namespace: own, body });
    const healthyState = await untilRolledOut(kubernetes, target);
    const baselines = memoryBaselines();
    await recordBaseline(kubernetes, baselines, target);
    await patchSet(target, containerPatch({ command: ['/nothing-there'] }));
    await until('the new pod to fail', async () => {
      const { pods } = await read(target);
      return pods.length === 1 && pods.every((pod) => !isReady(pod)) && uid(pods) !== uid(healthyState.pods);
    });
    const context = contextFor(kubernetes, target, { baselines });
    const action = actionNamed('rollout-undo');
    const plan = await action.plan(context, { to: 'last-healthy' });
    expect(plan.changes.map(({ type }) => type)).toContain('delete');
    expect(await action.apply(context, plan)).toBe('applied');
    await untilRolledOut(kubernetes, target);
  });

  test('taking a template back deletes the pod that it left failing', async () => {
    const own = await namespace();
    const target = { namespace: own, kind: 'StatefulSet', name: 'store' };
    const body = statefulSet(own, image);
    const working = body.spec?.template;
    if (body.spec === undefined || working === undefined) throw new Error('the StatefulSet has a template');
    await kubernetes.apps.createNamespacedStatefulSet({
      namespace: own,
      body: { ...body, spec: { ...body.spec, template: broken(working) } },
    });
    await until('its pod', async () => (await read(target)).pods.length === 1);
    await patchSet(target, containerPatch({ command: null }));
    const [stuck] = (await read(target)).pods;
    await kubernetes.core.deleteNamespacedPod({ name: stuck?.metadata?.name ?? '', namespace: own });
    await untilRolledOut(kubernetes, target);
    const context = contextFor(kubernetes, target);
    const action = actionNamed('rollout-undo');
    const plan = await action.plan(context, { to: 1 });
    expect(await action.apply(context, plan)).toBe('applied');
    await until('the old revision to fail again', async () => (await read(target)).pods.some((pod) => !isReady(pod)));
    expect(await action.revert({ ...context, step: 9 }, plan)).toEqual({ outcome: 'undone' });
    await untilRolledOut(kubernetes, target);
  });

  test("a dependency's failing pod is replaced only where its data outlives it, or a person agrees", async () => {
    const own = await namespace();
    const target = { namespace: own, kind: 'StatefulSet', name: 'store' };
    const body = statefulSet(own, image);
    if (body.spec?.template !== undefined) body.spec.template = broken(body.spec.template);
    await kubernetes.apps.createNamespacedStatefulSet({ namespace: own, body });
    await until('its pod', async () => (await read(target)).pods.length === 1);
    const app = { namespace: own, kind: 'Deployment', name: 'app' };
    const plan = await planned('delete-pod', app, { of: 'store' }, { runbook: runbookFor(app, [dependency(own)]) });
    expect(plan.ask).toContain('keeps its data on no claim');
    expect(plan.changes).toHaveLength(1);
    const disposable = runbookFor(app, [{ ...dependency(own), data: 'disposable' }]);
    const free = await planned('delete-pod', app, { of: 'store' }, { runbook: disposable });
    expect(free.ask ?? '').not.toContain('claim');
    const wait = await planned('wait-ready', app, { of: 'store', timeout: '300s' }, { runbook: disposable });
    expect(wait.summary).toBe(`Wait up to 300 s for StatefulSet ${own}/store to be ready`);
  });

  test('a pod that nobody owns is never deleted', async () => {
    const own = await namespace();
    await kubernetes.core.createNamespacedPod({
      namespace: own,
      body: {
        metadata: { name: 'store', labels: { app: 'store' } },
        spec: { containers: [{ name: 'app', image, imagePullPolicy: 'Never', command: ['/nothing-there'] }] },
      },
    });
    const app = { namespace: own, kind: 'Deployment', name: 'app' };
    const plan = await planned('delete-pod', app, { of: 'store' }, { runbook: runbookFor(app, [dependency(own)]) });
    expect(plan.refusal?.code).toBe('no-controller');
  });
});

test('the owner of a pod is found by reference, and for a pod that is gone by its name', async () => {
  const target = await healthy(await namespace());
  const [pod] = (await read(target)).pods;
  const name = pod?.metadata?.name ?? '';
  const found = { found: 'workload', target };
  expect(await findPodOwner(kubernetes, { namespace: target.namespace, name })).toEqual(found);
  const sibling = name.replace(/-[^-]+$/, '-zzzzz');
  expect(await findPodOwner(kubernetes, { namespace: target.namespace, name: sibling })).toEqual(found);
  const strange = await findPodOwner(kubernetes, { namespace: target.namespace, name: 'other-6c5b7d9f8-zzzzz' });
  expect(strange.found).toBe('gone');
});

async function namespace(): Promise<string> {
  const name = await createNamespace(kubernetes, 'rules');
  namespaces.push(name);
  return name;
}

async function healthy(own: string): Promise<Target> {
  const target = { namespace: own, kind: 'Deployment', name: 'app' };
  const body: V1Deployment = deployment(own, image);
  await kubernetes.apps.createNamespacedDeployment({ namespace: own, body });
  await untilRolledOut(kubernetes, target);
  return target;
}

async function planned(
  name: string,
  target: Target,
  params: { [key: string]: Json },
  over: Partial<ActionContext> = {},
): Promise<Plan> {
  const action = actionNamed(name);
  return action.plan(contextFor(kubernetes, target, over), action.params.parse(params));
}

async function read(target: Target) {
  const pods = await kubernetes.core.listNamespacedPod({
    namespace: target.namespace,
    labelSelector: `app=${target.name}`,
  });
  return { pods: pods.items };
}

function uid(pods: { metadata?: { uid?: string } }[]): string | undefined {
  return pods[0]?.metadata?.uid;
}

async function patch(target: Target, body: Json): Promise<void> {
  await kubernetes.apps.patchNamespacedDeployment(
    { name: target.name, namespace: target.namespace, body },
    callOptions({ patch: PatchStrategy.StrategicMergePatch }),
  );
}

async function patchSet(target: Target, body: Json): Promise<void> {
  await kubernetes.apps.patchNamespacedStatefulSet(
    { name: target.name, namespace: target.namespace, body },
    callOptions({ patch: PatchStrategy.StrategicMergePatch }),
  );
}

function containerPatch(container: { [key: string]: Json }): Json {
  return { spec: { template: { spec: { containers: [{ name: 'app', ...container }] } } } };
}
