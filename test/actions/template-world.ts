import type {
  CoreV1Event,
  V1Container,
  V1ContainerStatus,
  V1PodSpec,
  V1PodTemplateSpec,
} from '@kubernetes/client-node';
import type { ActionContext } from '../../src/actions/action.ts';
import { actionNamed } from '../../src/actions/parameters.ts';
import type { Baseline } from '../../src/activities/baseline.ts';
import { templateHash } from '../../src/kubernetes/template.ts';
import type { Finding, Json, Plan, Target } from '../../src/recovery/values.ts';
import { type FakeApiServer, type Route, startApiServer } from '../checks/api-server.ts';
import { contextFor, finding, runbookFor } from './action-context.ts';
import { memoryBaselines } from './memory-stores.ts';

/**
 * A Deployment behind a small API server, as it is after somebody changed its template: the revision that was healthy, the
 * present one, and the present one's pod, which is not ready.
 */
export interface TemplateWorld {
  server: FakeApiServer;
  context: ActionContext;
  /** The plan of an action, with its parameters as the action's schema makes them. */
  plan(action: string, params?: { [key: string]: Json }): Promise<Plan>;
}

export interface TemplateStory {
  healthy?: Partial<V1Container>;
  healthyPod?: Partial<V1PodSpec>;
  present?: Partial<V1Container>;
  presentPod?: Partial<V1PodSpec>;
  finding: Partial<Finding>;
  status?: Partial<V1ContainerStatus>;
  events?: { reason?: string; message: string; count?: number }[];
  routes?: Record<string, Route>;
  runbook?: Partial<ActionContext['runbook']['spec']>;
  /** Without one the target was never seen healthy. */
  baseline?: boolean;
}

export const TARGET: Target = { namespace: 'bruno', kind: 'Deployment', name: 'app' };
export const PROXY = '/api/v1/namespaces/bruno/pods/app-new-1:8080/proxy';

const BASE = '/apis/apps/v1/namespaces/bruno';
const CHANGED_AT = '2025-10-15T11:55:00Z';

export async function startTemplateWorld(story: TemplateStory): Promise<TemplateWorld> {
  const before = template(story.healthy, story.healthyPod);
  const after = template({ ...story.healthy, ...story.present }, { ...story.healthyPod, ...story.presentPod });
  const server = await startApiServer({ ...routes(before, after, story), ...story.routes });
  const baselines = memoryBaselines();
  if (story.baseline !== false) baselines.known = baselineOf(before);
  const runbook = runbookFor(TARGET);
  const context = contextFor(server.kubernetes, TARGET, {
    baselines,
    brokenSince: '2025-10-15T12:00:00Z',
    finding: { ...finding, ...story.finding },
    runbook: { ...runbook, spec: { ...runbook.spec, ...story.runbook } },
  });
  return {
    server,
    context,
    plan: (name, params = {}) => {
      const action = actionNamed(name);
      return action.plan(context, action.params.parse(params));
    },
  };
}

function template(container: Partial<V1Container> = {}, pod: Partial<V1PodSpec> = {}): V1PodTemplateSpec {
  const own = { name: 'app', image: 'app:1', imagePullPolicy: 'Never', ports: [{ containerPort: 8080 }], ...container };
  return { metadata: { labels: { app: 'app' } }, spec: { containers: [own], ...pod } };
}

function routes(before: V1PodTemplateSpec, after: V1PodTemplateSpec, story: TemplateStory): Record<string, Route> {
  const selector = { matchLabels: { app: 'app' } };
  const owner = (kind: string, name: string) => ({
    apiVersion: 'apps/v1',
    kind,
    name,
    uid: `uid-${name}`,
    controller: true,
  });
  const revision = (name: string, number: number, of: V1PodTemplateSpec) => ({
    metadata: {
      name,
      namespace: 'bruno',
      uid: `uid-${name}`,
      creationTimestamp: number === 1 ? '2025-10-15T09:00:00Z' : CHANGED_AT,
      labels: { app: 'app', 'pod-template-hash': name },
      annotations: { 'deployment.kubernetes.io/revision': String(number) },
      ownerReferences: [owner('Deployment', 'app')],
    },
    spec: { template: of },
  });
  const pod = {
    metadata: {
      name: 'app-new-1',
      namespace: 'bruno',
      uid: 'uid-pod',
      labels: { app: 'app', 'pod-template-hash': 'app-new' },
      ownerReferences: [owner('ReplicaSet', 'app-new')],
    },
    spec: after.spec,
    status: { phase: 'Running', containerStatuses: [{ ...RUNNING, ...story.status }] },
  };
  const unchanged = templateHash(before) === templateHash(after);
  return {
    [`${BASE}/deployments/app`]: {
      metadata: { name: 'app', namespace: 'bruno', uid: 'uid-app', resourceVersion: '7', generation: 2 },
      spec: { replicas: 1, selector, template: after },
      status: { observedGeneration: 2 },
    },
    [`${BASE}/replicasets`]: {
      items: [...(unchanged ? [] : [revision('app-old', 1, before)]), revision('app-new', 2, after)],
    },
    '/api/v1/namespaces/bruno/pods': { items: [pod] },
    '/api/v1/namespaces/bruno/pods/app-new-1': pod,
    '/api/v1/namespaces/bruno/events': { items: (story.events ?? []).map(event) },
  };
}

const RUNNING: V1ContainerStatus = {
  name: 'app',
  image: 'app:1',
  imageID: '',
  ready: false,
  restartCount: 1,
  state: { running: { startedAt: new Date('2025-10-15T11:59:00Z') } },
};

function event(
  { reason = 'Unhealthy', message, count = 3 }: { reason?: string; message: string; count?: number },
  at: number,
): CoreV1Event {
  return {
    metadata: { name: `event-${at}`, namespace: 'bruno' },
    involvedObject: { kind: 'Pod', name: 'app-new-1', uid: 'uid-pod', fieldPath: 'spec.containers{app}' },
    type: 'Warning',
    reason,
    message,
    count,
    lastTimestamp: new Date(Date.parse('2025-10-15T12:00:00Z') + at * 1000),
  };
}

function baselineOf(before: V1PodTemplateSpec): Baseline {
  return {
    target: TARGET,
    seenAt: '2025-10-15T11:00:00Z',
    revision: '1',
    templateHash: templateHash(before),
    replicas: 1,
    containers: [{ name: 'app', image: 'app:1', digest: '', env: {} }],
    references: {},
  };
}
