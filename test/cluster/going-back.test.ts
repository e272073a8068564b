import { describe, expect, jest, test } from '@jest/globals';
import { actionNamed } from '../../src/actions/parameters.ts';
import { recordBaseline } from '../../src/activities/record-baseline.ts';
import { findPodOwner } from '../../src/kubernetes/owner.ts';
import { isReady } from '../../src/kubernetes/pods.ts';
import { templateHash } from '../../src/kubernetes/template.ts';
import { readWorkload } from '../../src/kubernetes/workloads.ts';
import type { Dependency } from '../../src/runbook/schema.ts';
import { contextFor, finding, runbookFor } from '../actions/action-context.ts';
import { memoryBaselines } from '../actions/memory-stores.ts';
import { needs } from '../needs.ts';
import { planningWorld } from './planning-world.ts';
import { until } from './until.ts';
import { broken, containerPatch, patchByHand, podsOf, statefulSet, untilRolledOut } from './workloads.ts';

needs('cluster');

// A real cluster schedules and starts pods: seconds as a rule.
jest.setTimeout(120_000);

const { kubernetes, image, namespace, healthy, planFor } = await planningWorld('rules');

describe('going back (safety 3, 6)', () => {
  test('a revision without evidence asks; one whose Secret is gone is refused', async () => {
    const target = await healthy();
    const { namespace: own } = target;
    await kubernetes.core.createNamespacedSecret({
      namespace: own,
      body: { metadata: { name: 'url' }, stringData: { value: 'redis://redis' } },
    });
    const valueFrom = { secretKeyRef: { name: 'url', key: 'value' } };
    await patchByHand(kubernetes, target, containerPatch({ env: [{ name: 'URL', valueFrom }] }));
    await untilRolledOut(kubernetes, target);
    await patchByHand(
      kubernetes,
      target,
      containerPatch({ env: [{ name: 'URL', value: 'redis://other', valueFrom: null }] }),
    );
    await untilRolledOut(kubernetes, target);
    const back = await planFor('rollout-undo', target, {});
    expect(back.summary).toContain('revision 2');
    expect(back.ask).toContain('nothing shows that revision 2 was ever healthy');
    expect(back.refusal).toBeUndefined();
    await kubernetes.core.deleteNamespacedSecret({ name: 'url', namespace: own });
    expect((await planFor('rollout-undo', target, {})).refusal).toMatchObject({
      code: 'reference-missing',
      reason: expect.stringContaining(`Secret ${own}/url is missing`),
    });
  });

  test('is refused where the present template is the one last seen healthy', async () => {
    const target = await healthy();
    const baselines = memoryBaselines();
    await recordBaseline(kubernetes, baselines, target);
    expect((await planFor('rollout-undo', target, {}, { baselines })).refusal?.code).toBe('is-last-healthy');
    expect((await planFor('rollout-undo', target, { to: 7 })).refusal?.code).toBe('no-such-revision');
  });

  test('asks where a migration Job ran since, or init containers differ', async () => {
    const target = await healthy();
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
    await patchByHand(kubernetes, target, { spec: { template: { spec: { initContainers: [sidecar] } } } });
    await untilRolledOut(kubernetes, target);
    const { ask } = await planFor('rollout-undo', target, {});
    expect(ask).toContain('Job app-migrate-2');
    expect(ask).toContain('init containers differ');
  });
});

describe('restoring a variable (safety 7)', () => {
  const broke = { finding: { ...finding, cause: 'configuration-error', subject: 'LOG_LEVEL' } };

  test('without a healthy baseline, with more than it changed, or from a literal over a reference is refused', async () => {
    const target = await healthy();
    expect((await planFor('restore-env', target, {}, broke)).refusal?.code).toBe('no-baseline');
    const baselines = memoryBaselines();
    await recordBaseline(kubernetes, baselines, target);
    expect((await planFor('restore-env', target, {}, { ...broke, baselines })).refusal?.code).toBe('not-changed');
    const env = [
      { name: 'LOG_LEVEL', value: 'lots' },
      { name: 'NEW', value: 'yes' },
    ];
    await patchByHand(kubernetes, target, containerPatch({ env }));
    await untilRolledOut(kubernetes, target);
    expect((await planFor('restore-env', target, {}, { ...broke, baselines })).refusal?.code).toBe('more-differs');
    const valueFrom = { fieldRef: { fieldPath: 'metadata.name' } };
    await patchByHand(kubernetes, target, containerPatch({ env: [{ name: 'LOG_LEVEL', value: null, valueFrom }] }));
    await untilRolledOut(kubernetes, target);
    expect((await planFor('restore-env', target, {}, { ...broke, baselines })).refusal?.code).toBe('value-from');
  });

  test('asks where the crash does not name it, or Helm owns it', async () => {
    const target = await healthy();
    const baselines = memoryBaselines();
    await recordBaseline(kubernetes, baselines, target);
    await patchByHand(kubernetes, target, containerPatch({ env: [{ name: 'LOG_LEVEL', value: 'lots' }] }));
    await untilRolledOut(kubernetes, target);
    await patchByHand(kubernetes, target, { metadata: { annotations: { 'meta.helm.sh/release-name': 'shop' } } });
    const other = { finding: { ...broke.finding, subject: 'OTHER' }, baselines };
    const plan = await planFor('restore-env', target, { variable: 'LOG_LEVEL' }, other);
    expect(plan.ask).toContain('the crash does not name LOG_LEVEL');
    expect(plan.ask).toContain(`Helm release ${target.namespace}/shop owns the value`);
    expect(plan.refusal).toBeUndefined();
  });

  test('brings a removed variable back where it stood, from the revision that keeps it', async () => {
    const target = await healthy();
    const before = await readWorkload(kubernetes, target);
    const baselines = memoryBaselines();
    await recordBaseline(kubernetes, baselines, target);
    await patchByHand(kubernetes, target, containerPatch({ env: [{ name: 'LOG_LEVEL', $patch: 'delete' }] }));
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
    const target = await healthy();
    expect((await planFor('scale', target, { replicas: 0 })).ask).toContain('it would stop every pod');
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
    expect((await planFor('scale', target, { replicas: 2 })).refusal?.code).toBe('autoscaled');
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
    await patchByHand(kubernetes, target, containerPatch({ command: ['/nothing-there'] }));
    await until('the new pod to fail', async () => {
      const pods = await podsOf(kubernetes, target);
      return (
        pods.length === 1 &&
        pods.every((pod) => !isReady(pod)) &&
        pods[0]?.metadata?.uid !== healthyState.pods[0]?.metadata?.uid
      );
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
    await until('its pod', async () => (await podsOf(kubernetes, target)).length === 1);
    await patchByHand(kubernetes, target, containerPatch({ command: null }));
    const [stuck] = await podsOf(kubernetes, target);
    await kubernetes.core.deleteNamespacedPod({ name: stuck?.metadata?.name ?? '', namespace: own });
    await untilRolledOut(kubernetes, target);
    const context = contextFor(kubernetes, target);
    const action = actionNamed('rollout-undo');
    const plan = await action.plan(context, { to: 1 });
    expect(await action.apply(context, plan)).toBe('applied');
    await until('the old revision to fail again', async () =>
      (await podsOf(kubernetes, target)).some((pod) => !isReady(pod)),
    );
    expect(await action.revert({ ...context, step: 9 }, plan)).toEqual({ outcome: 'undone' });
    await untilRolledOut(kubernetes, target);
  });

  test("a dependency's failing pod is replaced only where its data outlives it, or a person agrees", async () => {
    const own = await namespace();
    const target = { namespace: own, kind: 'StatefulSet', name: 'store' };
    const body = statefulSet(own, image);
    if (body.spec?.template !== undefined) body.spec.template = broken(body.spec.template);
    await kubernetes.apps.createNamespacedStatefulSet({ namespace: own, body });
    await until('its pod', async () => (await podsOf(kubernetes, target)).length === 1);
    const app = { namespace: own, kind: 'Deployment', name: 'app' };
    const plan = await planFor('delete-pod', app, { of: 'store' }, { runbook: runbookFor(app, [dependency(own)]) });
    expect(plan.ask).toContain('keeps its data on no claim');
    expect(plan.changes).toHaveLength(1);
    const disposable = runbookFor(app, [{ ...dependency(own), data: 'disposable' }]);
    const free = await planFor('delete-pod', app, { of: 'store' }, { runbook: disposable });
    expect(free.ask ?? '').not.toContain('claim');
    const wait = await planFor('wait-ready', app, { of: 'store', timeout: '300s' }, { runbook: disposable });
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
    const plan = await planFor('delete-pod', app, { of: 'store' }, { runbook: runbookFor(app, [dependency(own)]) });
    expect(plan.refusal?.code).toBe('no-controller');
  });
});

test('the owner of a pod is found by reference, and for a pod that is gone by its name', async () => {
  const target = await healthy();
  const [pod] = await podsOf(kubernetes, target);
  const name = pod?.metadata?.name ?? '';
  const found = { found: 'workload', target };
  expect(await findPodOwner(kubernetes, { namespace: target.namespace, name })).toEqual(found);
  const sibling = name.replace(/-[^-]+$/, '-zzzzz');
  expect(await findPodOwner(kubernetes, { namespace: target.namespace, name: sibling })).toEqual(found);
  const strange = await findPodOwner(kubernetes, { namespace: target.namespace, name: 'other-6c5b7d9f8-zzzzz' });
  expect(strange.found).toBe('gone');
});
