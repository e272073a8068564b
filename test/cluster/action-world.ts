import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Deployment, V1StatefulSet } from '@kubernetes/client-node';
import type { ActionContext } from '../../src/actions/action.ts';
import { createSecrets } from '../../src/actions/write/secrets.ts';
import type { Baseline, Baselines } from '../../src/activities/baseline.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { isReady } from '../../src/kubernetes/pods.ts';
import { type OwnedWorkload, readOwned } from '../../src/kubernetes/revisions.ts';
import { rolloutProgress } from '../../src/kubernetes/rollout.ts';
import type { RunbookContent } from '../../src/recovery/activities.ts';
import type { Finding, Target } from '../../src/recovery/values.ts';

/** The recovery that the tests' writes belong to. */
export const RECOVERY = 'recovery/test/world/deployment/app@0badcafe';

/** Redaction as the tests need it: what is called a password is a secret. */
export const secrets = createSecrets('a key for tests', (text) => text.replace(/(PASSWORD=).*/, '$1[cut]'));

/** Makes a namespace of its own that says it belongs to development; returns its name. */
export async function createNamespace(kubernetes: Kubernetes, prefix: string): Promise<string> {
  const name = `${prefix}-${randomBytes(4).toString('hex')}`;
  await kubernetes.core.createNamespace({
    body: { metadata: { name, labels: { 'kintsugi.dev/development': 'true' } } },
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

const LABELS = { app: 'app' };

/** A Deployment `app` whose pods are ready at once. */
export function deployment(namespace: string, image: string, name = 'app'): V1Deployment {
  return {
    metadata: { name, namespace, labels: LABELS },
    spec: {
      replicas: 1,
      selector: { matchLabels: LABELS },
      template: podTemplate(image, LABELS),
    },
  };
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
    secrets,
    isRunOpen: async () => false,
    heartbeat: () => undefined,
    signal: new AbortController().signal,
    ...over,
  };
}
