import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  KubeConfig,
  PatchStrategy,
  RbacAuthorizationV1Api,
  type V1Deployment,
  type V1StatefulSet,
} from '@kubernetes/client-node';
import type { ActionContext } from '../../src/actions/action.ts';
import { actionNamed } from '../../src/actions/parameters.ts';
import { createSecrets } from '../../src/actions/write/secrets.ts';
import type { Baseline, Baselines } from '../../src/activities/baseline.ts';
import type { Artifacts } from '../../src/artifacts/store.ts';
import type { Builds } from '../../src/builds/builds.ts';
import { KintsugiError } from '../../src/errors.ts';
import type { Executions, NotedExecution } from '../../src/executions/notes.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { isReady } from '../../src/kubernetes/pods.ts';
import { type OwnedWorkload, readOwned } from '../../src/kubernetes/revisions.ts';
import { rolloutProgress } from '../../src/kubernetes/rollout.ts';
import { callOptions } from '../../src/kubernetes/transport.ts';
import type { RunbookContent } from '../../src/recovery/activities.ts';
import type { Finding, Json, Plan, Target } from '../../src/recovery/values.ts';

/** The recovery that the tests' writes belong to. */
export const RECOVERY = 'recovery/test/world/deployment/app@0badcafe';

/** Redaction as the tests need it: what is called a password is a secret. */
export const secrets = createSecrets('a key for tests', (text) => text.replace(/(PASSWORD=).*/, '$1[cut]'));

/** Makes a namespace of its own that says it belongs to development; returns its name. */
export async function createNamespace(
  kubernetes: Kubernetes,
  prefix: string,
  labels: Record<string, string> = {},
): Promise<string> {
  const name = `${prefix}-${randomBytes(4).toString('hex')}`;
  await kubernetes.core.createNamespace({
    body: { metadata: { name, labels: { ...labels, 'kintsugi.dev/development': 'true' } } },
  });
  await until(`the ServiceAccount of ${name}`, async () => {
    const list = await kubernetes.core.listNamespacedServiceAccount({ namespace: name });
    return list.items.length > 0;
  });
  return name;
}

export async function deleteNamespace(kubernetes: Kubernetes, name: string): Promise<void> {
  await kubernetes.core.deleteNamespace({ name, body: { gracePeriodSeconds: 0 } });
}

/** An image on the node that does nothing for ever. */
export async function idleImage(kubernetes: Kubernetes): Promise<string> {
  const nodes = await kubernetes.core.listNode();
  const names = nodes.items.flatMap(({ status }) => status?.images?.flatMap((image) => image.names ?? []) ?? []);
  return names.find((name) => /pause:[^@]+$/.test(name)) ?? 'registry.k8s.io/pause:3.10';
}

/** A Deployment whose pods are ready at once. */
export function deployment(namespace: string, image: string, name = 'app'): V1Deployment {
  const labels = { app: name };
  const template = podTemplate(image, labels);
  return { metadata: { name, namespace, labels }, spec: { replicas: 1, selector: { matchLabels: labels }, template } };
}

/** Makes the target, failing or not, and waits for its first pod. */
export async function createDeployment(
  kubernetes: Kubernetes,
  target: Target,
  image: string,
  failing: boolean,
): Promise<void> {
  const { namespace, name } = target;
  const body = deployment(namespace, image, name);
  if (failing && body.spec !== undefined) body.spec.template = broken(body.spec.template);
  await kubernetes.apps.createNamespacedDeployment({ namespace, body });
  await until('its pod', async () => (await podsOf(kubernetes, target)).length === 1);
}

/** A StatefulSet `store` of the same pods. */
export function statefulSet(namespace: string, image: string): V1StatefulSet {
  const labels = { app: 'store' };
  return {
    metadata: { name: 'store', namespace, labels },
    spec: {
      replicas: 1,
      serviceName: 'store',
      selector: { matchLabels: labels },
      template: podTemplate(image, labels),
    },
  };
}

function podTemplate(image: string, labels: Record<string, string>): NonNullable<V1Deployment['spec']>['template'] {
  return {
    metadata: { labels },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'app',
          image,
          imagePullPolicy: 'Never',
          env: [
            { name: 'LOG_LEVEL', value: 'info' },
            { name: 'DB_PASSWORD', value: 'first secret' },
          ],
          resources: { requests: { memory: '16Mi', cpu: '1m' }, limits: { memory: '32Mi', cpu: '100m' } },
        },
      ],
    },
  };
}

/** The same template with a container that can never start. */
export function broken(template: NonNullable<V1Deployment['spec']>['template']): typeof template {
  const spec = template.spec;
  if (spec === undefined) return template;
  return {
    ...template,
    spec: { ...spec, containers: spec.containers.map((container) => ({ ...container, command: ['/nothing-there'] })) },
  };
}

/** Waits until a condition holds; fails after a minute with what was waited for. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited a minute for ${what}`);
    await sleep(200);
  }
}

export async function untilRolledOut(kubernetes: Kubernetes, target: Target): Promise<OwnedWorkload> {
  let owned = await readOwned(kubernetes, target);
  await until(`${target.kind} ${target.name} to be rolled out`, async () => {
    owned = await readOwned(kubernetes, target);
    return rolloutProgress(owned.workload).state === 'ready' && owned.pods.every(isReady);
  });
  return owned;
}

/** No build hook is configured. */
export const noBuilds: Builds = {
  hook: () => undefined,
  names: [],
  notes: { read: async () => null, write: async () => undefined },
};

/** Artifacts in memory. */
export function memoryArtifacts(): Artifacts & { kept: Map<string, Buffer> } {
  const kept = new Map<string, Buffer>();
  async function put(content: string | Uint8Array) {
    const bytes = Buffer.from(content);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    kept.set(sha256, bytes);
    return { sha256, bytes: bytes.length };
  }
  async function* contentOf(bytes: Buffer) {
    yield bytes;
  }
  return {
    kept,
    put,
    putStream: async (content, { maxBytes } = {}) => put(await whole(content, maxBytes)),
    get: async (sha256) => kept.get(sha256) ?? null,
    async open(sha256) {
      const bytes = kept.get(sha256);
      return bytes === undefined ? null : { bytes: bytes.length, content: contentOf(bytes) };
    },
    list: async () => [],
    prune: async () => 0,
  };
}

async function whole(content: AsyncIterable<Uint8Array>, maxBytes = Number.POSITIVE_INFINITY): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  if (bytes.length > maxBytes) throw new Error(`too large: ${bytes.length}`);
  return bytes;
}

/** Notes of executions in memory, as strict as those in the cluster about what follows what. */
export function memoryExecutions(): Executions & { notes: Map<string, NotedExecution> } {
  const notes = new Map<string, NotedExecution>();
  return {
    notes,
    read: async (key) => notes.get(key) ?? null,
    async write(key, note, follows) {
      if (notes.get(key)?.version !== follows?.version)
        throw new KintsugiError('refused', 'another step has gone on with it', {
          where: `ConfigMap execution-${key}`,
          fix: 'none',
        });
      const written = { note, version: String(Number(follows?.version ?? 0) + 1) };
      notes.set(key, written);
      return written;
    },
  };
}

/** Baselines in memory. */
export function memoryBaselines(): Baselines & { known: Baseline | null } {
  return {
    secrets,
    known: null,
    async read() {
      return this.known;
    },
    async write(baseline) {
      this.known = baseline;
    },
  };
}

export function runbookFor(target: Target, dependencies: RunbookContent['spec']['dependencies'] = []): RunbookContent {
  const text = 'said in a test';
  return {
    metadata: { name: 'test', title: 'Test', version: '1', severity: 'critical', component: 'app', service: 'app' },
    spec: {
      params: {},
      procedures: [],
      symptom: text,
      impact: { user: { level: 'none', text }, business: { level: 'none', text }, data: { level: 'none', text } },
      alerts: { trigger: ['TestAlert'], related: [] },
      target: {
        namespace: target.namespace,
        kinds: ['Deployment', 'StatefulSet'],
        name: target.name,
        container: 'app',
      },
      variables: [],
      dependencies,
      causes: [],
      verify: { window: { crashes: 3, min: '60s', max: '300s' }, checks: ['ready'] },
      escalation: { team: 'test', steps: ['contact'], rungs: [{ after: '15m', notify: ['log'] }] },
      settle: '30m',
      prevention: [],
      checklist: [],
      links: [],
    },
  };
}

export const finding: Finding = {
  cause: 'oom-killed',
  label: 'oom-killed',
  key: 'oom-killed|app|',
  summary: 'app was OOM-killed',
  container: 'app',
  root: true,
  score: 1,
  quotes: [],
};

/** An action's surroundings for the target; anything may be put in its place. */
export function contextFor(kubernetes: Kubernetes, target: Target, over: Partial<ActionContext> = {}): ActionContext {
  return {
    kubernetes,
    target,
    runbook: runbookFor(target),
    finding,
    recoveryId: RECOVERY,
    step: 5,
    brokenSince: new Date(Date.now() + 60_000).toISOString(),
    earlier: [],
    baselines: memoryBaselines(),
    mirrors: {},
    runbooks: '/nowhere/runbooks',
    builds: noBuilds,
    secrets,
    artifacts: memoryArtifacts(),
    executions: memoryExecutions(),
    isRunOpen: async () => false,
    heartbeat: () => undefined,
    signal: new AbortController().signal,
    ...over,
  };
}

/** An action's plan for the target, with the parameters as its schema makes them. */
export async function planned(
  context: ActionContext,
  name: string,
  params: { [key: string]: Json } = {},
): Promise<Plan> {
  const action = actionNamed(name);
  return action.plan(context, action.params.parse(params));
}

/** A healthy Deployment `app` in a namespace of its own. */
export async function healthyDeployment(kubernetes: Kubernetes, namespace: string, image: string): Promise<Target> {
  const target = { namespace, kind: 'Deployment', name: 'app' };
  await kubernetes.apps.createNamespacedDeployment({ namespace, body: deployment(namespace, image) });
  await untilRolledOut(kubernetes, target);
  return target;
}

/** A change by another hand, as `kubectl patch` makes it. */
export async function patchByHand(kubernetes: Kubernetes, target: Target, body: Json): Promise<void> {
  const { namespace, name } = target;
  const options = callOptions({ patch: PatchStrategy.StrategicMergePatch });
  if (target.kind === 'StatefulSet')
    await kubernetes.apps.patchNamespacedStatefulSet({ name, namespace, body }, options);
  else await kubernetes.apps.patchNamespacedDeployment({ name, namespace, body }, options);
}

/** A patch of the container `app`. */
export function containerPatch(container: { [key: string]: Json }): Json {
  return { spec: { template: { spec: { containers: [{ name: 'app', ...container }] } } } };
}

/** The pods that carry the label `app` with the target's name, without those that are going. */
export async function podsOf(kubernetes: Kubernetes, { namespace, name }: Target) {
  const list = await kubernetes.core.listNamespacedPod({ namespace, labelSelector: `app=${name}` });
  return list.items.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
}

/** A kubeconfig, as text, for a user who may read everything in the namespace and write nothing. */
export async function readerKubeconfig(kubernetes: Kubernetes, namespace: string): Promise<string> {
  const name = 'kintsugi-test-reader';
  const accounts = await kubernetes.core.listNamespacedServiceAccount({ namespace });
  if (accounts.items.every(({ metadata }) => metadata?.name !== name)) {
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
  const cluster = kubernetes.config.getCurrentCluster();
  if (cluster === null) throw new Error('the kubeconfig names a cluster');
  const config = new KubeConfig();
  config.loadFromClusterAndUser(cluster, { name, token: token.status?.token ?? '' });
  return config.exportConfig();
}
