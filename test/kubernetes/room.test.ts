import { describe, expect, test } from '@jest/globals';
import type { V1Node, V1Pod, V1PodSpec } from '@kubernetes/client-node';
import { missingReferences, referencesOf } from '../../src/kubernetes/references.ts';
import { podRequests, roomIn } from '../../src/kubernetes/room.ts';
import { startFakeApi } from './fake-api.ts';

const spec = (memory: string, more: Partial<V1PodSpec> = {}): V1PodSpec => ({
  containers: [{ name: 'app', resources: { requests: { memory, cpu: '100m' } } }],
  ...more,
});
const node = (name: string, memory: string, more: Partial<V1Node> = {}): V1Node => ({
  metadata: { name, labels: { zone: name } },
  status: { allocatable: { memory, cpu: '2', pods: '10' }, conditions: [{ type: 'Ready', status: 'True' }] },
  ...more,
});
const pod = (nodeName: string, memory: string): V1Pod => ({ spec: { ...spec(memory), nodeName } });

describe('room for a pod is allocatable minus requests on a node that would take it (safety 8)', () => {
  test('what others request is gone', () => {
    const nodes = [node('a', '4Gi'), node('b', '4Gi')];
    const pods = [pod('a', '3Gi'), pod('b', '1Gi')];
    expect(roomIn(nodes, pods, spec('3Gi')).fits).toBe(true);
    const full = roomIn(nodes, pods, spec('4Gi'));
    expect(full).toEqual({
      fits: false,
      saw: 'it requests 4Gi memory and 100m cpu; 3Gi memory and 1900m cpu free on node b',
    });
  });

  test.each<[string, V1Node, Partial<V1PodSpec>, boolean]>([
    [
      'a taint without a toleration',
      node('a', '4Gi', { spec: { taints: [{ key: 'gpu', effect: 'NoSchedule' }] } }),
      {},
      false,
    ],
    [
      'a taint that is tolerated',
      node('a', '4Gi', { spec: { taints: [{ key: 'gpu', effect: 'NoSchedule' }] } }),
      { tolerations: [{ key: 'gpu', operator: 'Exists' }] },
      true,
    ],
    ['a soft taint', node('a', '4Gi', { spec: { taints: [{ key: 'gpu', effect: 'PreferNoSchedule' }] } }), {}, true],
    ['a cordoned node', node('a', '4Gi', { spec: { unschedulable: true } }), {}, false],
    ['a node that is not ready', node('a', '4Gi', { status: { allocatable: { memory: '4Gi', cpu: '2' } } }), {}, false],
    ['another zone wanted', node('a', '4Gi'), { nodeSelector: { zone: 'b' } }, false],
    ['its own zone wanted', node('a', '4Gi'), { nodeSelector: { zone: 'a' } }, true],
    ['an affinity that excludes it', node('a', '4Gi'), affinity('NotIn', ['a']), false],
    ['an affinity that includes it', node('a', '4Gi'), affinity('In', ['a', 'b']), true],
    ['an affinity for a label that is not there', node('a', '4Gi'), affinity('DoesNotExist', []), false],
  ])('%s', (_, only, more, fits) => {
    expect(roomIn([only], [], spec('1Gi', more)).fits).toBe(fits);
  });

  test('a node that has all the pods it may run is full', () => {
    const pods = Array.from({ length: 10 }, () => pod('a', '1Mi'));
    expect(roomIn([node('a', '4Gi')], pods, spec('1Mi')).fits).toBe(false);
  });

  test('init containers count by their peak, sidecars beside the app, limits where no request is given', () => {
    const container = (name: string, memory: string, restartPolicy?: string) => ({
      name,
      resources: { limits: { memory } },
      ...(restartPolicy === undefined ? {} : { restartPolicy }),
    });
    const requests = podRequests({
      containers: [container('app', '100Mi')],
      initContainers: [container('proxy', '50Mi', 'Always'), container('migrate', '300Mi')],
      overhead: { memory: '10Mi' },
    });
    expect(requests.memory).toBe(360n * 1024n * 1024n * 1_000_000_000n);
  });
});

describe('what a template refers to (safety 6)', () => {
  const template = {
    spec: {
      serviceAccountName: 'runner',
      imagePullSecrets: [{ name: 'pull' }],
      containers: [
        {
          name: 'app',
          env: [
            { name: 'A', valueFrom: { secretKeyRef: { name: 'keys', key: 'a' } } },
            { name: 'B', valueFrom: { secretKeyRef: { name: 'keys', key: 'b' } } },
            { name: 'C', valueFrom: { configMapKeyRef: { name: 'maybe', key: 'c', optional: true } } },
          ],
          envFrom: [{ configMapRef: { name: 'settings' } }],
        },
      ],
      volumes: [
        { name: 'data', persistentVolumeClaim: { claimName: 'data' } },
        { name: 'all', projected: { sources: [{ secret: { name: 'keys', items: [{ key: 'c', path: 'c' }] } }] } },
      ],
    },
  };

  test('is found once each, with its keys and whether it may be missing', () => {
    expect(referencesOf(template)).toEqual([
      { kind: 'ServiceAccount', name: 'runner', keys: [], optional: false, usedBy: ['serviceAccountName'] },
      { kind: 'Secret', name: 'pull', keys: [], optional: false, usedBy: ['imagePullSecrets'] },
      {
        kind: 'Secret',
        name: 'keys',
        keys: ['a', 'b', 'c'],
        optional: false,
        usedBy: ['env A of app', 'env B of app', 'volume all'],
      },
      { kind: 'ConfigMap', name: 'maybe', keys: ['c'], optional: true, usedBy: ['env C of app'] },
      { kind: 'ConfigMap', name: 'settings', keys: [], optional: false, usedBy: ['envFrom of app'] },
      { kind: 'PersistentVolumeClaim', name: 'data', keys: [], optional: false, usedBy: ['volume data'] },
    ]);
  });

  test('is missing with its name or its key, unless it is optional', async () => {
    const at = 'GET /api/v1/namespaces/bruno';
    const api = await startFakeApi({
      [`${at}/secrets/keys`]: { data: { a: 'eA==', c: 'eA==' } },
      [`${at}/serviceaccounts/runner`]: {},
      [`${at}/configmaps/settings`]: { data: {} },
      [`${at}/persistentvolumeclaims/data`]: {},
    });
    try {
      expect(await missingReferences(api.kubernetes, 'bruno', template)).toEqual([
        'Secret bruno/pull is missing',
        'Secret bruno/keys has no key b',
      ]);
    } finally {
      await api.close();
    }
  });
});

function affinity(operator: string, values: string[]): Partial<V1PodSpec> {
  const requirement = { key: 'zone', operator, ...(values.length === 0 ? {} : { values }) };
  return {
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [requirement] }] },
      },
    },
  };
}
