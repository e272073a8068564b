import type { V1Pod } from '@kubernetes/client-node';
import type { Baseline, Baselines } from '../../src/activities/baseline.ts';
import type { Route } from '../checks/api-server.ts';
import { NOW, type PodShape, pod } from '../verification/objects.ts';

/** The paths at which a fake API server keeps the Deployment test/app. */
export const paths = {
  deployments: '/apis/apps/v1/namespaces/test/deployments',
  deployment: '/apis/apps/v1/namespaces/test/deployments/app',
  replicaSets: '/apis/apps/v1/namespaces/test/replicasets',
  pods: '/api/v1/namespaces/test/pods',
  autoscalers: '/apis/autoscaling/v2/namespaces/test/horizontalpodautoscalers',
  services: '/api/v1/namespaces/test/services',
  endpointSlices: '/apis/discovery.k8s.io/v1/namespaces/test/endpointslices',
  health: '/api/v1/namespaces/test/pods/app-1:8080/proxy/health',
} as const;

const template = {
  metadata: { labels: { app: 'app' } },
  spec: {
    containers: [
      { name: 'app', image: 'app:1', ports: [{ containerPort: 8080 }], resources: { limits: { memory: '1Gi' } } },
    ],
  },
};

/** The Deployment with its one ReplicaSet and these pods, which are made its own. */
export function targetRoutes(pods: V1Pod[], replicas = pods.length): Record<string, Route> {
  const deployment = {
    metadata: { name: 'app', namespace: 'test', uid: 'uid-app', resourceVersion: '7', generation: 1 },
    spec: { replicas, selector: { matchLabels: { app: 'app' } }, template },
    status: {
      observedGeneration: 1,
      replicas,
      readyReplicas: replicas,
      updatedReplicas: replicas,
      availableReplicas: replicas,
    },
  };
  const replicaSet = {
    metadata: {
      name: 'app-5d',
      namespace: 'test',
      uid: 'uid-app-5d',
      creationTimestamp: '2025-10-15T11:00:00Z',
      labels: { 'pod-template-hash': '5d' },
      annotations: { 'deployment.kubernetes.io/revision': '1' },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'app', uid: 'uid-app', controller: true }],
    },
    spec: { template },
  };
  return {
    [paths.deployments]: { items: [deployment] },
    [paths.deployment]: deployment,
    [paths.replicaSets]: { items: [replicaSet] },
    [paths.pods]: { items: pods.map(owned) },
    [paths.autoscalers]: { items: [] },
    [paths.services]: { items: [] },
    [paths.endpointSlices]: { items: [] },
    [paths.health]: 'ok',
  };
}

/** A pod of the tables as the ReplicaSet's own, its times moved from the tables' moment to this one. */
export function livePod(shape: PodShape): V1Pod {
  const shift = Date.now() - NOW.getTime();
  const text = JSON.stringify(pod(shape), (_key, value: unknown) =>
    typeof value === 'string' && /^\d{4}-.*Z$/.test(value) ? new Date(Date.parse(value) + shift).toISOString() : value,
  );
  return owned(JSON.parse(text));
}

/** A pod as the ReplicaSet's own, with the template's container. */
function owned(pod: V1Pod): V1Pod {
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      labels: { app: 'app', 'pod-template-hash': '5d' },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'app-5d', uid: 'uid-app-5d', controller: true },
      ],
    },
    spec: template.spec,
  };
}

/** Baselines in memory. */
export function memoryBaselines(written: Baseline[] = []): Baselines & { written: Baseline[] } {
  return {
    written,
    secrets: { isSecret: () => false, hmac: (text) => text },
    read: async () => written.at(-1) ?? null,
    write: async (baseline) => void written.push(baseline),
  };
}
