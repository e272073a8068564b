import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { PatchStrategy } from '@kubernetes/client-node';
import type { ActionContext } from '../../src/actions/action.ts';
import { actionNamed } from '../../src/actions/parameters.ts';
import { GUARD } from '../../src/actions/write/guard.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import { sendPatch } from '../../src/kubernetes/namespaced-objects.ts';
import { readWorkload } from '../../src/kubernetes/workloads.ts';
import type { Plan, Target } from '../../src/recovery/values.ts';
import { contextFor, planned } from '../actions/action-context.ts';
import { memoryArtifacts } from '../actions/memory-stores.ts';
import { needs, provided } from '../needs.ts';
import { createNamespace, deleteNamespace } from './namespace.ts';
import { createDeployment, deployment, idleImage } from './workloads.ts';

needs('cluster');

jest.setTimeout(60_000);

/** Redeploying from manifests, where the API server's own rules decide. */
let kubernetes: Kubernetes;
let namespace: string;
let image: string;
let target: Target;
let context: ActionContext;
let count = 0;
const signal = new AbortController().signal;

beforeAll(async () => {
  kubernetes = connectKubernetes({ kubeconfig: provided('cluster') });
  namespace = await createNamespace(kubernetes, 'manifests');
  image = await idleImage(kubernetes);
});

afterEach(() => kubernetes.apps.deleteCollectionNamespacedDeployment({ namespace }));
afterAll(() => deleteNamespace(kubernetes, namespace));

/** A target, and manifests of it in a ConfigMap of its name. */
async function withManifests(change: (body: ReturnType<typeof own>) => object[]): Promise<void> {
  count += 1;
  target = { namespace, kind: 'Deployment', name: `app-${count}` };
  context = contextFor(kubernetes, target, { artifacts: memoryArtifacts() });
  await createDeployment(kubernetes, target, image, false);
  const data = { 'all.json': JSON.stringify({ kind: 'List', items: change(own()) }) };
  await kubernetes.core.createNamespacedConfigMap({ namespace, body: { metadata: { name: target.name }, data } });
}

function own() {
  return { apiVersion: 'apps/v1', kind: 'Deployment', ...deployment(namespace, image, target.name) };
}

function service(app: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: target.name },
    spec: { selector: { app }, ports: [{ name: 'http', port: 80 }] },
  };
}

const plan = (over: Partial<ActionContext> = {}) =>
  planned({ ...context, ...over }, 'apply-manifests', { from: 'configMap:$name' });
const action = actionNamed('apply-manifests');

describe('redeploying from manifests', () => {
  test('makes what is missing, marked, and takes exactly that away again', async () => {
    await withManifests((body) => [body, service(target.name)]);
    const made: Plan = await plan();
    expect(made).not.toHaveProperty('refusal');
    expect(made).not.toHaveProperty('ask');
    expect(made.changes).toEqual([
      { type: 'create', object: { apiVersion: 'v1', kind: 'Service', namespace, name: target.name } },
    ]);
    expect(await action.apply(context, made)).toBe('applied');
    const live = await kubernetes.core.readNamespacedService({ namespace, name: target.name });
    expect(live.metadata?.annotations).toHaveProperty([GUARD]);
    expect(await action.hasWritten?.(context, made)).toBe(true);
    expect(await action.apply(context, made)).toBe('unchanged');
    expect((await plan()).changes).toEqual([]);

    expect(await action.revert({ ...context, step: 9 }, made)).toMatchObject({ outcome: 'undone' });
    const { items } = await kubernetes.core.listNamespacedService({ namespace });
    expect(items.map(({ metadata }) => metadata?.name)).not.toContain(target.name);
    expect(await action.revert({ ...context, step: 9 }, made)).toMatchObject({ outcome: 'not-needed' });
    await expect(action.apply(context, made)).rejects.toMatchObject({ code: 'refused' });
  });

  test('asks before it takes a field of another manager, names both, and refuses a manager that came since', async () => {
    await withManifests((body) => [{ ...body, spec: { ...body.spec, minReadySeconds: 3 } }]);
    await ownedBy('somebody', { minReadySeconds: 1 });
    const made = await plan();
    expect(made.ask).toBe(
      `it takes .spec.minReadySeconds (owned by somebody) of Deployment ${namespace}/${target.name} over`,
    );
    await ownedBy('another', { minReadySeconds: 1 });
    const before = await readWorkload(kubernetes, target);
    await expect(action.apply(context, made)).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('.spec.minReadySeconds (owned by another)'),
    });
    expect((await readWorkload(kubernetes, target)).generation).toBe(before.generation);
    expect(await action.apply(context, await plan())).toBe('applied');
    expect((await readWorkload(kubernetes, target)).raw.spec).toMatchObject({ minReadySeconds: 3 });
  });

  test('asks where an autoscaler sets the replicas, and about another image of which nobody can tell the age', async () => {
    await withManifests((body) => {
      const [container] = body.spec?.template.spec?.containers ?? [];
      if (container !== undefined) container.image = 'registry.invalid/app:0';
      return [{ ...body, spec: { ...body.spec, replicas: 2 } }];
    });
    await kubernetes.autoscaling.createNamespacedHorizontalPodAutoscaler({
      namespace,
      body: {
        metadata: { name: target.name },
        spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: target.name } },
      },
    });
    const { ask = '' } = await plan();
    expect(ask).toContain(`2 replicas, and HorizontalPodAutoscaler ${target.name} sets them`);
    expect(ask).toContain('a different image of app');
  });

  test('refuses another workload, what the API server does not take, and what nobody could start', async () => {
    await withManifests((body) => [body, service('somebody-else')]);
    expect((await plan()).refusal?.code).toBe('another-workload');
    await withManifests((body) => [{ ...body, spec: { ...body.spec, selector: { matchLabels: { app: 'other' } } } }]);
    await expect(plan()).rejects.toMatchObject({ code: 'invalid', message: expect.stringContaining('selector') });
    await withManifests((body) => {
      const [container] = body.spec?.template.spec?.containers ?? [];
      if (container !== undefined) container.envFrom = [{ configMapRef: { name: 'not-there' } }];
      return [body];
    });
    expect((await plan()).refusal).toEqual({
      code: 'reference-missing',
      reason: `ConfigMap ${namespace}/not-there is missing`,
    });
  });

  test('has nothing to do from what is live', async () => {
    await withManifests((body) => [body]);
    const made = await planned(context, 'apply-manifests', { from: 'live' });
    expect(made.changes).toEqual([]);
    expect(made.summary).toContain('nothing differs from what is there');
  });
});

/** Another manager's server-side apply. */
async function ownedBy(fieldManager: string, spec: { [field: string]: number }): Promise<void> {
  const ref = { apiVersion: 'apps/v1', ...target };
  const body = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: target.name }, spec };
  const strategy = PatchStrategy.ServerSideApply;
  await sendPatch(kubernetes, ref, { body, fieldManager, force: true, strategy, signal });
}
