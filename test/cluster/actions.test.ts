import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { IMAGES } from '../../dev/images/catalogue.ts';
import type { Action, ActionContext } from '../../src/actions/action.ts';
import { actionNamed } from '../../src/actions/parameters.ts';
import { GUARD, guardText, readRecipe } from '../../src/actions/write/guard.ts';
import { recordBaseline } from '../../src/activities/record-baseline.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import { differences } from '../../src/kubernetes/differences.ts';
import { atPointer, isBookkeepingPath, templateHash, toJson } from '../../src/kubernetes/template.ts';
import { readWorkload } from '../../src/kubernetes/workloads.ts';
import type { Json, Plan, Target } from '../../src/recovery/values.ts';
import { parseImage } from '../../src/registry/reference.ts';
import { contextFor, finding, RECOVERY, runbookFor } from '../actions/action-context.ts';
import { memoryBaselines } from '../actions/memory-stores.ts';
import type { TestServer } from '../http/server.ts';
import { needs, provided } from '../needs.ts';
import { startFakeRegistry } from '../registry/fake-registry.ts';
import { startLosingProxy } from './losing-proxy.ts';
import { createNamespace, deleteNamespace, readerKubeconfig } from './namespace.ts';
import { providePullableImage } from './pullable-image.ts';
import { until } from './until.ts';
import {
  containerPatch,
  createDeployment,
  deployment,
  idleImage,
  patchByHand,
  podsOf,
  untilRolledOut,
} from './workloads.ts';

needs('cluster');

// A real cluster schedules and starts pods: seconds as a rule.
jest.setTimeout(120_000);

const kubeconfig = provided('cluster');
let kubernetes: Kubernetes;
let namespace: string;
let image: string;
let folder: string;
let registry: TestServer;
let count = 0;
const BUSYBOX = IMAGES.busybox.reference;

const HEALTHY_DIGEST = `sha256:${'a'.repeat(64)}`;

beforeAll(async () => {
  kubernetes = connectKubernetes({ kubeconfig });
  namespace = await createNamespace(kubernetes, 'actions');
  image = await idleImage(kubernetes);
  registry = await startFakeRegistry();
  await providePullableImage(kubernetes, namespace, 'busybox');
  folder = await mkdtemp(join(tmpdir(), 'kintsugi-actions-'));
});

afterAll(async () => {
  await deleteNamespace(kubernetes, namespace);
  await registry.close();
  await rm(folder, { recursive: true });
});

// A node takes 110 pods at most: what one test made must not stand beside that of all the others.
afterEach(async () => {
  await kubernetes.apps.deleteCollectionNamespacedDeployment({ namespace });
});

/** A field-changing action with a workload on which it has something to do. */
interface Case {
  name: string;
  /** Which of several uses of the action it is. */
  as?: string;
  params: { [key: string]: Json };
  /** Makes the workload and says what the action needs to know. */
  arrange(target: Target): Promise<Partial<ActionContext>>;
  /** A change of the same fields by another hand. */
  foreign: Json;
}

const CASES: Case[] = [
  {
    name: 'set-resources',
    params: { container: 'app', memory: { request: '24Mi', limit: '64Mi', factor: 1.5, cap: '96Mi' } },
    arrange: async (target) => {
      await healthy(target);
      return {};
    },
    foreign: {
      spec: { template: { spec: { containers: [{ name: 'app', resources: { limits: { memory: '48Mi' } } }] } } },
    },
  },
  {
    name: 'restore-env',
    params: {},
    arrange: async (target) => {
      await healthy(target);
      const baselines = memoryBaselines();
      await recordBaseline(kubernetes, baselines, target);
      await patchByHand(kubernetes, target, containerPatch({ env: [{ name: 'LOG_LEVEL', value: 'lots' }] }));
      await untilRolledOut(kubernetes, target);
      return { baselines, finding: { ...finding, cause: 'configuration-error', subject: 'LOG_LEVEL' } };
    },
    foreign: containerPatch({ env: [{ name: 'LOG_LEVEL', value: 'debug' }] }),
  },
  {
    name: 'rollout-undo',
    params: { to: 'last-healthy' },
    arrange: async (target) => {
      await healthy(target);
      const baselines = memoryBaselines();
      await recordBaseline(kubernetes, baselines, target);
      const env = [
        { name: 'DB_PASSWORD', value: 'second secret' },
        { name: 'NEW', value: 'yes' },
      ];
      await patchByHand(kubernetes, target, containerPatch({ env, command: ['/nothing-there'] }));
      await until('the new pod to fail', async () => (await readWorkload(kubernetes, target)).status.updated === 1);
      return { baselines };
    },
    foreign: containerPatch({ command: ['/another-thing'] }),
  },
  {
    name: 'set-probe',
    params: { probe: 'startup', periodSeconds: 10, failureThreshold: 30 },
    arrange: async (target) => {
      await healthy(target);
      // Nothing listens in this image: the kubelet ends the container as it ends one that starts too slowly.
      const livenessProbe = { tcpSocket: { port: 8080 }, periodSeconds: 1, failureThreshold: 2 };
      await patchByHand(kubernetes, target, containerPatch({ livenessProbe }));
      await until('the probe to fail', async () => {
        const { items } = await kubernetes.core.listNamespacedEvent({ namespace });
        return items.some(
          ({ involvedObject, reason }) => reason === 'Unhealthy' && involvedObject.name?.startsWith(`${target.name}-`),
        );
      });
      return { finding: { ...finding, cause: 'liveness-probe-failure' } };
    },
    foreign: containerPatch({ startupProbe: { tcpSocket: { port: 8080 }, failureThreshold: 7 } }),
  },
  {
    name: 'set-security-context',
    params: { runAsUser: 1000, runAsGroup: 1000 },
    arrange: async (target) => {
      await healthy(target);
      const containers = [{ name: 'app', volumeMounts: [{ name: 'data', mountPath: '/data' }] }];
      const spec = { containers, volumes: [{ name: 'data', emptyDir: {} }] };
      await patchByHand(kubernetes, target, { spec: { template: { spec } } });
      await untilRolledOut(kubernetes, target);
      return { finding: { ...finding, cause: 'permission-denied', subject: '/data/answers.json' } };
    },
    foreign: containerPatch({ securityContext: { runAsUser: 2000 } }),
  },
  {
    name: 'set-command',
    params: { from: 'baseline' },
    arrange: async (target) => {
      await healthy(target);
      const baselines = memoryBaselines();
      await recordBaseline(kubernetes, baselines, target);
      await patchByHand(kubernetes, target, containerPatch({ command: ['/nothing-there'], args: ['twice'] }));
      await until('the new pod to fail', async () => (await readWorkload(kubernetes, target)).status.updated === 1);
      return { baselines, finding: { ...finding, cause: 'port-in-use', subject: '0.0.0.0:8080' } };
    },
    foreign: containerPatch({ command: ['/another-thing'], args: ['thrice'] }),
  },
  {
    name: 'debug-session',
    params: { mode: 'in-place', image: BUSYBOX, duration: '300s' },
    arrange: async (target) => {
      await createDeployment(kubernetes, target, image, true);
      return {};
    },
    foreign: containerPatch({ command: ['/another-thing'] }),
  },
  {
    name: 'scale',
    params: { replicas: 2 },
    arrange: async (target) => {
      await healthy(target);
      return {};
    },
    foreign: { spec: { replicas: 3 } },
  },
  {
    name: 'scale',
    as: 'of a dependency',
    params: { of: 'store' },
    arrange: async (target) => {
      await healthy(target);
      await patchByHand(kubernetes, target, {
        metadata: { annotations: { 'kintsugi.dev/replicas': '2' } },
        spec: { replicas: 0 },
      });
      await until('its pod to go', async () => (await podsOf(kubernetes, target)).length === 0);
      const selector = `app=${target.name}`;
      const dependency = { name: 'store', type: 'redis' as const, namespace, selector, data: 'disposable' as const };
      return { runbook: runbookFor(target, [dependency]) };
    },
    foreign: { spec: { replicas: 3 } },
  },
  {
    name: 'hold-gitops',
    params: {},
    arrange: async (target) => {
      await healthy(target);
      const labels = { 'kustomize.toolkit.fluxcd.io/name': 'apps', 'kustomize.toolkit.fluxcd.io/namespace': namespace };
      await patchByHand(kubernetes, target, { metadata: { labels } });
      return {};
    },
    foreign: { metadata: { annotations: { 'kustomize.toolkit.fluxcd.io/reconcile': 'enabled' } } },
  },
  {
    name: 'set-image',
    params: { to: 'last-healthy' },
    arrange: async (target) => {
      await healthy(target);
      const baselines = memoryBaselines();
      const baseline = await recordBaseline(kubernetes, baselines, target);
      // An image that was loaded by hand has no digest that a registry answers with.
      const containers = baseline.containers.map((container) => ({ ...container, digest: HEALTHY_DIGEST }));
      await baselines.write({ ...baseline, containers });
      const host = parseImage(image)?.registry ?? '';
      return { baselines, mirrors: { [host]: registry.url }, finding: { ...finding, cause: 'image-pull-failure' } };
    },
    foreign: containerPatch({ image: 'registry.invalid/another:1' }),
  },
  {
    name: 'apply-manifests',
    params: { from: 'configMap:$name' },
    arrange: async (target) => {
      await healthy(target);
      const manifest = deployment(namespace, image, target.name);
      const env = [
        { name: 'LOG_LEVEL', value: 'debug' },
        { name: 'DB_PASSWORD', value: 'second secret' },
      ];
      for (const container of manifest.spec?.template.spec?.containers ?? []) container.env = env;
      const data = { 'agent.yaml': JSON.stringify({ apiVersion: 'apps/v1', kind: 'Deployment', ...manifest }) };
      await kubernetes.core.createNamespacedConfigMap({
        namespace,
        body: { metadata: { name: target.name }, data },
      });
      return {};
    },
    foreign: containerPatch({ env: [{ name: 'LOG_LEVEL', value: 'lots' }] }),
  },
];

describe.each(CASES.map((row) => ({ as: '', ...row })))('$name $as', (row) => {
  test('plans exactly what apply then changes, without writing anything or showing a secret', async () => {
    const { target, action, context } = await arranged(row);
    const before = await readWorkload(kubernetes, target);
    const plan = await planned(action, context, row);
    expect(plan.refusal).toBeUndefined();
    expect((await readWorkload(kubernetes, target)).generation).toBe(before.generation);
    expect(JSON.stringify(plan)).not.toMatch(/first secret|second secret/);

    expect(await applied(action, context, plan)).toBe('applied');

    const after = await readWorkload(kubernetes, target);
    const found = differences(toJson(before.raw.spec), toJson(after.raw.spec), '/spec');
    const notes = differences(before.annotations, after.annotations, '/metadata/annotations');
    const own = notes.filter(({ path }) => !isBookkeepingPath(path) && !path.endsWith('~1revision'));
    expect([...found, ...own].map(({ path }) => path).sort()).toEqual(
      fields(plan)
        .map(({ path }) => path)
        .sort(),
    );
    for (const change of fields(plan))
      if ('value' in change.after) expect(atPointer(toJson(after.raw), change.path)).toEqual(change.after.value);
    expect(after.annotations[GUARD]).toBe(guardText({ recoveryId: RECOVERY, step: 5 }));
    expect(readRecipe(after.annotations)?.plans).toEqual([plan]);
    expect(after.template.metadata?.annotations ?? {}).not.toHaveProperty([GUARD]);
  });

  test('applied twice equals once, and is unchanged for another step', async () => {
    const { target, action, context } = await arranged(row);
    const plan = await planned(action, context, row);
    await action.apply(context, plan);
    const once = await readWorkload(kubernetes, target);
    expect(await applied(action, context, plan)).toBe('applied');
    expect(await applied(action, { ...context, step: 6 }, plan)).toBe('unchanged');
    expect((await readWorkload(kubernetes, target)).generation).toBe(once.generation);
  });

  test('is made once when its answer is lost, and is still known as applied', async () => {
    const { target, action, context } = await arranged(row);
    const plan = await planned(action, context, row);
    const before = await readWorkload(kubernetes, target);
    const proxy = await startLosingProxy(kubeconfig);
    try {
      const path = join(folder, `proxy-${count}`);
      await writeFile(path, proxy.kubeconfig);
      const through = { ...context, kubernetes: connectKubernetes({ kubeconfig: path }) };
      proxy.lose = 1;
      await expect(action.apply(through, plan)).rejects.toMatchObject({ code: 'unavailable', retryable: true });
      expect(await applied(action, through, plan)).toBe('applied');
    } finally {
      await proxy.close();
    }
    // The generation of a Deployment counts changes of its annotations too (kubernetes pkg/registry/apps/deployment/strategy.go).
    expect((await readWorkload(kubernetes, target)).generation).toBe(before.generation + 1);
    expect(await action.revert({ ...context, step: 9 }, plan)).toMatchObject({ outcome: 'undone' });
  });

  test('is taken back to the very template and replicas of before', async () => {
    const { target, action, context } = await arranged(row);
    const before = await readWorkload(kubernetes, target);
    const plan = await planned(action, context, row);
    await action.apply(context, plan);
    expect(await action.revert({ ...context, step: 9 }, plan)).toMatchObject({ outcome: 'undone' });
    const after = await readWorkload(kubernetes, target);
    expect(templateHash(after.template)).toBe(templateHash(before.template));
    expect(after.replicas).toBe(before.replicas);
    expect(readRecipe(after.annotations)).toBeNull();
    expect(await action.revert({ ...context, step: 9 }, plan)).toMatchObject({ outcome: 'undone' });
    expect(await action.revert({ ...context, step: 10 }, plan)).toMatchObject({ outcome: 'not-needed' });
  });

  test('is neither applied nor taken back over a change by another hand', async () => {
    const { target, action, context } = await arranged(row);
    const plan = await planned(action, context, row);
    await patchByHand(kubernetes, target, row.foreign);
    await expect(action.apply(context, plan)).rejects.toMatchObject({ code: 'conflict', retryable: false });
    const foreign = await readWorkload(kubernetes, target);
    const result = await action.revert({ ...context, step: 9 }, plan);
    expect(result).toMatchObject({ outcome: 'refused', saw: expect.stringContaining('changed by another hand') });
    expect((await readWorkload(kubernetes, target)).generation).toBe(foreign.generation);
  });

  test('a late write after its undo is refused and writes nothing', async () => {
    const { target, action, context } = await arranged(row);
    const plan = await planned(action, context, row);
    expect(await action.revert({ ...context, step: 9 }, plan)).toMatchObject({ outcome: 'not-needed' });
    const undone = await readWorkload(kubernetes, target);
    await expect(action.apply(context, plan)).rejects.toMatchObject({
      code: 'refused',
      where: expect.stringContaining(GUARD),
    });
    expect((await readWorkload(kubernetes, target)).generation).toBe(undone.generation);
  });

  test('another open recovery that has written holds it off, one that has ended does not', async () => {
    const { target, action, context } = await arranged(row);
    const plan = await planned(action, context, row);
    await patchByHand(kubernetes, target, { metadata: { annotations: { [GUARD]: 'recovery/other@12345678#3' } } });
    const whileOpen = { ...context, isRunOpen: async () => true };
    await expect(action.apply(whileOpen, plan)).rejects.toMatchObject({ code: 'refused' });
    expect(await applied(action, context, plan)).toBe('applied');
  });

  test('says that the object is gone, or may not be written', async () => {
    const { target, action, context } = await arranged(row);
    const plan = await planned(action, context, row);
    const reader = { ...context, kubernetes: await asReader() };
    await expect(action.apply(reader, plan)).rejects.toMatchObject({
      code: 'forbidden',
      where: `patch deployments ${namespace}/${target.name}`,
      retryable: false,
    });
    await kubernetes.apps.deleteNamespacedDeployment({ name: target.name, namespace });
    await until('the Deployment to go', async () => gone(target));
    await expect(action.apply(context, plan)).rejects.toMatchObject({ code: 'not-found' });
    expect(await action.revert({ ...context, step: 9 }, plan)).toMatchObject({ outcome: 'refused' });
    await healthy(target);
    await expect(action.apply(context, plan)).rejects.toMatchObject({
      message: expect.stringContaining('another of its name'),
    });
  });
});

function nextTarget(): Target {
  count += 1;
  return { namespace, kind: 'Deployment', name: `app-${count}` };
}

async function arranged(row: Case): Promise<{ target: Target; action: Action<unknown>; context: ActionContext }> {
  const target = nextTarget();
  const over = await row.arrange(target);
  return { target, action: actionNamed(row.name), context: contextFor(kubernetes, target, over) };
}

async function planned(action: Action<unknown>, context: ActionContext, row: Case): Promise<Plan> {
  return action.plan({ ...context, step: 0 }, action.params.parse(row.params));
}

/** What apply did; some actions tell what they saw besides. */
async function applied(action: Action<unknown>, context: ActionContext, plan: Plan): Promise<string> {
  const done = await action.apply(context, plan);
  return typeof done === 'string' ? done : done.outcome;
}

async function healthy(target: Target): Promise<void> {
  await createDeployment(kubernetes, target, image, false);
  await untilRolledOut(kubernetes, target);
}

async function gone(target: Target): Promise<boolean> {
  const list = await kubernetes.apps.listNamespacedDeployment({ namespace });
  return list.items.every(({ metadata }) => metadata?.name !== target.name);
}

function fields(plan: Plan) {
  return plan.changes.flatMap((change) => (change.type === 'field' ? [change] : []));
}

/** The same cluster as a user who may read everything there and write nothing. */
async function asReader(): Promise<Kubernetes> {
  const path = join(folder, 'reader');
  await writeFile(path, await readerKubeconfig(kubernetes, namespace));
  return connectKubernetes({ kubeconfig: path });
}
