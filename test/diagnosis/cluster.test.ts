import { describe, expect, test } from '@jest/globals';
import { readCluster } from '../../src/diagnosis/collect/cluster.ts';
import type { Attempt } from '../../src/diagnosis/collect/collect.ts';
import { readDelivery } from '../../src/diagnosis/collect/delivery.ts';
import type { ClusterEvidence } from '../../src/diagnosis/evidence/cluster.ts';
import { lastChange } from '../../src/kubernetes/managed-fields.ts';
import type { Workload } from '../../src/kubernetes/workloads.ts';
import { startFakeApi } from '../kubernetes/fake-api.ts';

const NODES = 'GET /api/v1/nodes';
const SYSTEM = 'GET /api/v1/namespaces/kube-system/pods';
const workloads = (plural: string) => `GET /apis/apps/v1/${plural}`;
const target = { namespace: 'bruno', kind: 'Deployment', name: 'agent-bruno' };

const list = (...items: object[]) => ({ kind: 'List', apiVersion: 'v1', metadata: {}, items });
const node = (name: string, conditions: [string, string][], unschedulable = false) => ({
  metadata: { name },
  spec: { unschedulable },
  status: { conditions: conditions.map(([type, status]) => ({ type, status })) },
});
const pod = (name: string, ready: string) => ({
  metadata: { name },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready }] },
});
const deployment = (name: string, replicas: number, readyReplicas: number, namespace = 'shop') => ({
  metadata: { namespace, name },
  spec: { replicas },
  status: { readyReplicas },
});

/** What is seen of a cluster that answers so, and what could not be read. */
async function seen(
  answers: Record<string, object | number>,
): Promise<{ cluster: ClusterEvidence; missing: string[] }> {
  const api = await startFakeApi(answers);
  const missing: string[] = [];
  const attempt: Attempt = (source, read, otherwise) =>
    read().catch(() => {
      missing.push(source);
      return otherwise;
    });
  try {
    const { kubernetes } = api;
    const { signal } = new AbortController();
    return { cluster: await readCluster({ kubernetes, target, attempt, signal }), missing };
  } finally {
    await api.close();
  }
}

const well = {
  [NODES]: list(
    node('n1', [
      ['Ready', 'True'],
      ['DiskPressure', 'False'],
    ]),
  ),
  [SYSTEM]: list(pod('coredns-1', 'True')),
  [workloads('deployments')]: list(deployment('agent-bruno', 1, 0, 'bruno'), deployment('cart', 2, 2)),
  [workloads('statefulsets')]: list(),
  [workloads('daemonsets')]: list(),
};

describe('whether the trouble is wider than the target', () => {
  test('it is not where only the target lacks pods', async () => {
    const { cluster, missing } = await seen(well);
    expect(missing).toEqual([]);
    expect(cluster).toEqual({
      nodes: { count: 1, unwell: [], more: 0 },
      system: { count: 1, unwell: [], more: 0 },
      others: { count: 0, unwell: [], more: 0 },
    });
  });

  test('it is told by nodes, by kube-system and by other workloads, some by name', async () => {
    const many = Array.from({ length: 9 }, (_, i) => deployment(`cart-${i}`, 1, 0));
    const { cluster } = await seen({
      ...well,
      [NODES]: list(
        node('n1', [['Ready', 'True']]),
        node('n2', [['Ready', 'Unknown']]),
        node('n3', [
          ['Ready', 'True'],
          ['MemoryPressure', 'True'],
        ]),
        node('n4', [['Ready', 'True']], true),
      ),
      [SYSTEM]: list(pod('coredns-1', 'False'), { metadata: { name: 'job-1' }, status: { phase: 'Succeeded' } }),
      [workloads('deployments')]: list(...many),
      [workloads('daemonsets')]: list({
        metadata: { namespace: 'logs', name: 'shipper' },
        status: { desiredNumberScheduled: 3, numberReady: 2 },
      }),
    });
    expect(cluster.nodes).toEqual({ count: 4, unwell: ['n2', 'n3', 'n4'], more: 0 });
    expect(cluster.system).toEqual({ count: 2, unwell: ['coredns-1'], more: 0 });
    expect(cluster.others).toMatchObject({ count: 10, more: 4 });
    expect(cluster.others?.unwell[0]).toBe('shop/Deployment/cart-0 0 of 1 ready');
  });

  test('what may not be read is said, and costs nothing else', async () => {
    const { cluster, missing } = await seen({ ...well, [NODES]: 403, [workloads('deployments')]: 403 });
    expect(missing).toEqual(['nodes of the cluster', 'deployments of the cluster']);
    expect(cluster.nodes).toBeUndefined();
    expect(cluster.system?.count).toBe(1);
  });
});

describe('what Flux brought last', () => {
  const HELM = 'GET /apis/helm.toolkit.fluxcd.io/v2/namespaces/bruno/helmreleases/agent';
  const KUSTOMIZE = 'GET /apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/apps';

  async function delivered(labels: Record<string, string>) {
    const api = await startFakeApi({
      [HELM]: {
        apiVersion: 'helm.toolkit.fluxcd.io/v2',
        kind: 'HelmRelease',
        metadata: { name: 'agent', namespace: 'bruno', uid: 'u', resourceVersion: '1', generation: 1 },
        spec: {},
        status: {
          history: [
            {
              name: 'agent',
              version: 4,
              status: 'deployed',
              chartVersion: '1.2.3',
              configDigest: 'd',
              lastDeployed: '2026-01-31T02:00:00Z',
            },
          ],
          conditions: [{ type: 'Ready', status: 'True', observedGeneration: 1 }],
        },
      },
      [KUSTOMIZE]: {
        apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
        kind: 'Kustomization',
        metadata: { name: 'apps', namespace: 'flux-system', uid: 'u', resourceVersion: '1', generation: 1 },
        spec: { sourceRef: { kind: 'GitRepository', name: 'apps' } },
        status: {
          lastAppliedRevision: 'main@sha1:0f3a',
          conditions: [
            { type: 'Ready', status: 'True', observedGeneration: 1, lastTransitionTime: '2026-01-31T02:10:00Z' },
          ],
        },
      },
    });
    try {
      const workload = { namespace: 'bruno', name: 'agent', kind: 'Deployment', annotations: {}, labels };
      return await readDelivery(
        api.kubernetes,
        { workload: workload as unknown as Workload },
        new AbortController().signal,
      );
    } finally {
      await api.close();
    }
  }

  test('is the chart of its release', async () => {
    expect(
      await delivered({ 'helm.toolkit.fluxcd.io/name': 'agent', 'helm.toolkit.fluxcd.io/namespace': 'bruno' }),
    ).toEqual([
      {
        owner: 'HelmRelease bruno/agent',
        revision: 'chart 1.2.3, release version 4',
        at: '2026-01-31T02:00:00Z',
        state: 'ready',
      },
    ]);
  });

  test('is the revision of its Kustomization', async () => {
    expect(await delivered({ 'kustomize.toolkit.fluxcd.io/name': 'apps' })).toEqual([
      {
        owner: 'Kustomization flux-system/apps',
        revision: 'main@sha1:0f3a',
        at: '2026-01-31T02:10:00Z',
        state: 'ready',
      },
    ]);
  });

  test('is nothing for a target that Flux does not bring', async () => {
    expect(await delivered({})).toEqual([]);
  });
});

test('who changed an object last is its newest writer, its status aside', () => {
  const at = (minute: number) => new Date(Date.UTC(2026, 0, 31, 3, minute));
  const fields = [
    { manager: 'kubectl-edit', time: at(5) },
    { manager: 'helm', time: at(1) },
    { manager: 'controller', subresource: 'status', time: at(9) },
  ];
  expect(lastChange(fields)).toEqual({ manager: 'kubectl-edit', at: '2026-01-31T03:05:00.000Z' });
  expect(lastChange([])).toBeUndefined();
});
