import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { KubeConfig, PatchStrategy, RbacAuthorizationV1Api } from '@kubernetes/client-node';
import type { Action, ActionContext } from '../../src/actions/action.ts';
import { actionNamed } from '../../src/actions/parameters.ts';
import { GUARD, guardText, readRecipe } from '../../src/actions/write/guard.ts';
import { recordBaseline } from '../../src/activities/record-baseline.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import { differences } from '../../src/kubernetes/differences.ts';
import { isReady } from '../../src/kubernetes/pods.ts';
import { atPointer, isBookkeepingPath, templateHash, toJson } from '../../src/kubernetes/template.ts';
import { callOptions } from '../../src/kubernetes/transport.ts';
import { readWorkload } from '../../src/kubernetes/workloads.ts';
import type { Json, Plan, Target } from '../../src/recovery/values.ts';
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
  RECOVERY,
  until,
  untilRolledOut,
} from './action-world.ts';
import { startLosingProxy } from './losing-proxy.ts';

needs('cluster');

// A real cluster schedules and starts pods: seconds as a rule.
jest.setTimeout(120_000);

const kubeconfig = provided('cluster');
let kubernetes: Kubernetes;
let namespace: string;
let image: string;
let folder: string;
let count = 0;

beforeAll(async () => {
  kubernetes = connectKubernetes({ kubeconfig });
  namespace = await createNamespace(kubernetes, 'actions');
  image = await idleImage(kubernetes);
  folder = await mkdtemp(join(tmpdir(), 'kintsugi-actions-'));
});

afterAll(async () => {
  await deleteNamespace(kubernetes, namespace);
  await rm(folder, { recursive: true });
});

/** A field-changing action with a workload on which it has something to do. */
interface Case {
  name: string;
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
      await patch(target, containerPatch({ env: [{ name: 'LOG_LEVEL', value: 'lots' }] }));
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
      await patch(target, containerPatch({ env, command: ['/nothing-there'] }));
      await until('the new pod to fail', async () => (await readWorkload(kubernetes, target)).status.updated === 1);
      return { baselines };
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
];

describe.each(CASES)('$name', (row) => {
  test('plans exactly what apply then changes, without writing anything or showing a secret', async () => {
    const { target, action, context } = await arranged(row);
    const before = await readWorkload(kubernetes, target);
    const plan = await planned(action, context, row);
    expect(plan.refusal).toBeUndefined();
    expect((await readWorkload(kubernetes, target)).generation).toBe(before.generation);
    expect(JSON.stringify(plan)).not.toMatch(/first secret|second secret/);

    expect(await action.apply(context, plan)).toBe('applied');

    const after = await readWorkload(kubernetes, target);
    const found = differences(toJson(before.raw.spec), toJson(after.raw.spec), '/spec');
    expect(found.map(({ path }) => path).sort()).toEqual(
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
    expect(await action.apply(context, plan)).toBe('applied');
    expect(await action.apply({ ...context, step: 6 }, plan)).toBe('unchanged');
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
      expect(await action.apply(through, plan)).toBe('applied');
    } finally {
      await proxy.close();
    }
    expect((await readWorkload(kubernetes, target)).generation).toBe(before.generation + 1);
    expect(await action.revert({ ...context, step: 9 }, plan)).toEqual({ outcome: 'undone' });
  });

  test('is taken back to the very template and replicas of before', async () => {
    const { target, action, context } = await arranged(row);
    const before = await readWorkload(kubernetes, target);
    const plan = await planned(action, context, row);
    await action.apply(context, plan);
    expect(await action.revert({ ...context, step: 9 }, plan)).toEqual({ outcome: 'undone' });
    const after = await readWorkload(kubernetes, target);
    expect(templateHash(after.template)).toBe(templateHash(before.template));
    expect(after.replicas).toBe(before.replicas);
    expect(readRecipe(after.annotations)).toBeNull();
    expect(await action.revert({ ...context, step: 9 }, plan)).toEqual({ outcome: 'undone' });
    expect(await action.revert({ ...context, step: 10 }, plan)).toEqual({ outcome: 'not-needed' });
  });

  test('is neither applied nor taken back over a change by another hand', async () => {
    const { target, action, context } = await arranged(row);
    const plan = await planned(action, context, row);
    await patch(target, row.foreign);
    await expect(action.apply(context, plan)).rejects.toMatchObject({ code: 'conflict', retryable: false });
    const foreign = await readWorkload(kubernetes, target);
    const result = await action.revert({ ...context, step: 9 }, plan);
    expect(result).toMatchObject({ outcome: 'refused', saw: expect.stringContaining('changed by another hand') });
    expect((await readWorkload(kubernetes, target)).generation).toBe(foreign.generation);
  });

  test('a late write after its undo is refused and writes nothing', async () => {
    const { target, action, context } = await arranged(row);
    const plan = await planned(action, context, row);
    expect(await action.revert({ ...context, step: 9 }, plan)).toEqual({ outcome: 'not-needed' });
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
    await patch(target, { metadata: { annotations: { [GUARD]: 'recovery/other@12345678#3' } } });
    const whileOpen = { ...context, isRunOpen: async () => true };
    await expect(action.apply(whileOpen, plan)).rejects.toMatchObject({ code: 'refused' });
    expect(await action.apply(context, plan)).toBe('applied');
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

describe('rollout-restart', () => {
  test('restarts a workload without a ready pod once, by Kubernetes own annotation', async () => {
    const target = nextTarget();
    await create(target, true);
    const action = actionNamed('rollout-restart');
    const context = contextFor(kubernetes, target);
    const plan = await action.plan(context, action.params.parse({}));
    const before = await readWorkload(kubernetes, target);
    expect(await action.apply(context, plan)).toBe('applied');
    expect(await action.apply(context, plan)).toBe('applied');
    const after = await readWorkload(kubernetes, target);
    const found = differences(toJson(before.raw.spec), toJson(after.raw.spec), '/spec');
    expect(found.every(({ path }) => isBookkeepingPath(path) || path.endsWith('/annotations'))).toBe(true);
    expect(after.generation).toBe(before.generation + 1);
    expect(templateHash(after.template)).toBe(templateHash(before.template));
    expect(plan.undo).toBe('none');
  });

  test('leaves ready pods alone', async () => {
    const target = nextTarget();
    await healthy(target);
    const action = actionNamed('rollout-restart');
    const context = contextFor(kubernetes, target);
    const plan = await action.plan(context, action.params.parse({}));
    expect(plan.changes).toEqual([]);
    expect(await action.apply(context, plan)).toBe('unchanged');
  });
});

describe('delete-pod', () => {
  test('deletes exactly the pod that is not ready, once, and lets a late one alone', async () => {
    const target = nextTarget();
    await create(target, true);
    const action = actionNamed('delete-pod');
    const context = contextFor(kubernetes, target);
    const plan = await action.plan(context, action.params.parse({}));
    const [doomed] = plan.changes.flatMap((change) => (change.type === 'delete' ? [change.object.uid] : []));
    expect(await action.apply(context, plan)).toBe('applied');
    expect(await action.apply(context, plan)).toBe('unchanged');
    await until('a new pod', async () => {
      const pods = await podsOf(target);
      return pods.length === 1 && pods[0]?.metadata?.uid !== doomed;
    });
    expect(await action.apply(context, plan)).toBe('unchanged');
    expect(await action.revert(context, plan)).toEqual({ outcome: 'not-needed' });
  });

  test('refuses where every pod is ready, and does not begin after a later step of the recovery', async () => {
    const target = nextTarget();
    await healthy(target);
    const action = actionNamed('delete-pod');
    const context = contextFor(kubernetes, target);
    expect((await action.plan(context, {})).refusal?.code).toBe('none-unready');
    const failing = nextTarget();
    await create(failing, true);
    const plan = await action.plan(contextFor(kubernetes, failing), {});
    await patch(failing, { metadata: { annotations: { [GUARD]: `${RECOVERY}#9` } } });
    await expect(action.apply(contextFor(kubernetes, failing), plan)).rejects.toMatchObject({ code: 'refused' });
    expect((await podsOf(failing)).length).toBe(1);
  });
});

describe('wait-ready', () => {
  test('waits for the rollout, and says what it saw when it does not come in time', async () => {
    const action = actionNamed('wait-ready');
    const target = nextTarget();
    await create(target, false);
    const context = contextFor(kubernetes, target);
    const plan = await action.plan(context, action.params.parse({ timeout: '60s' }));
    expect(plan).toMatchObject({ waitSeconds: 60, undo: 'none', changes: [{ type: 'effect' }] });
    await expect(action.apply(context, plan)).resolves.toMatch(/applied|unchanged/);
    expect((await podsOf(target)).every(isReady)).toBe(true);
    const failing = nextTarget();
    await create(failing, true);
    const short = await action.plan(contextFor(kubernetes, failing), action.params.parse({ timeout: '1s' }));
    await expect(action.apply(contextFor(kubernetes, failing), short)).rejects.toMatchObject({
      code: 'timeout',
      retryable: false,
      message: expect.stringContaining('0 of 1 pods are ready'),
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

async function create(target: Target, failing: boolean): Promise<void> {
  const body = deployment(namespace, image, target.name);
  if (body.spec === undefined) throw new Error('the Deployment has a spec');
  body.spec.selector = { matchLabels: { app: target.name } };
  body.spec.template.metadata = { labels: { app: target.name } };
  if (failing) body.spec.template = broken(body.spec.template);
  await kubernetes.apps.createNamespacedDeployment({ namespace, body });
  await until('its pod', async () => (await podsOf(target)).length === 1);
}

async function healthy(target: Target): Promise<void> {
  await create(target, false);
  await untilRolledOut(kubernetes, target);
}

async function podsOf(target: Target) {
  const list = await kubernetes.core.listNamespacedPod({ namespace, labelSelector: `app=${target.name}` });
  return list.items.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
}

async function patch(target: Target, body: Json): Promise<void> {
  await kubernetes.apps.patchNamespacedDeployment(
    { name: target.name, namespace, body },
    callOptions({ patch: PatchStrategy.StrategicMergePatch }),
  );
}

function containerPatch(container: { [key: string]: Json }): Json {
  return { spec: { template: { spec: { containers: [{ name: 'app', ...container }] } } } };
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
  const name = 'kintsugi-test-reader';
  const bindings = await kubernetes.core.listNamespacedServiceAccount({ namespace });
  if (bindings.items.every(({ metadata }) => metadata?.name !== name)) {
    await kubernetes.core.createNamespacedServiceAccount({ namespace, body: { metadata: { name } } });
    await kubernetes.config.makeApiClient(RbacAuthorizationV1Api).createNamespacedRoleBinding({
      namespace,
      body: {
        metadata: { name },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
        subjects: [{ kind: 'ServiceAccount', name, namespace }],
      },
    });
  }
  const token = await kubernetes.core.createNamespacedServiceAccountToken({
    namespace,
    name,
    body: { spec: { audiences: [] } },
  });
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error('the kubeconfig names a cluster');
  config.loadFromClusterAndUser(cluster, { name, token: token.status?.token ?? '' });
  const path = join(folder, 'reader');
  await writeFile(path, config.exportConfig());
  return connectKubernetes({ kubeconfig: path });
}
