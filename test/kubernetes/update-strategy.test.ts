import { describe, expect, test } from '@jest/globals';
import type { V1Pod } from '@kubernetes/client-node';
import { keepsRevision, takenAtOnce } from '../../src/kubernetes/update-strategy.ts';
import { toWorkload, type Workload, type WorkloadKind, type WorkloadObject } from '../../src/kubernetes/workloads.ts';

function workload(kind: WorkloadKind, replicas: number, spec: Partial<WorkloadObject['spec']> = {}): Workload {
  return toWorkload(kind, {
    metadata: { name: 'web', namespace: 'shop', uid: 'u', resourceVersion: '1' },
    spec: { replicas, selector: {}, template: {}, ...spec },
    status: { desiredNumberScheduled: replicas },
  });
}

const pod = (name: string): V1Pod => ({ metadata: { name } });

describe('a pod stays at its revision', () => {
  test.each<[string, Workload, string, boolean]>([
    ['under OnDelete', workload('DaemonSet', 1, { updateStrategy: { type: 'OnDelete' } }), 'web-x2b', true],
    ['below the partition', partitioned(2), 'web-1', true],
    ['never from the partition on', partitioned(2), 'web-2', false],
    ['by its place, not by its ordinal', partitioned(2, 5), 'web-6', true],
    ['never from the partition on, counted from the first ordinal', partitioned(2, 5), 'web-7', false],
    ['never in a Deployment', workload('Deployment', 1), 'web-5d9-x2b', false],
    ['never in a StatefulSet without a partition', workload('StatefulSet', 3), 'web-0', false],
  ])('%s', (_, of, name, keeps) => {
    expect(keepsRevision(of, pod(name))).toBe(keeps);
  });
});

describe('a new template takes ready pods away before new ones are ready', () => {
  const deployment = (replicas: number, maxSurge: number | string, maxUnavailable: number | string) =>
    workload('Deployment', replicas, { strategy: { rollingUpdate: { maxSurge, maxUnavailable } } });

  test.each<[string, Workload, number, number]>([
    ['none of one, by a share of a quarter', deployment(1, '25%', '25%'), 1, 0],
    ['one of four, by a share of a quarter', deployment(4, '25%', '25%'), 4, 1],
    ['none where one is missing already', deployment(4, '25%', '25%'), 3, 0],
    ['one where neither surge nor absence is allowed', deployment(2, 0, '25%'), 2, 1],
    ['all by Recreate', workload('Deployment', 3, { strategy: { type: 'Recreate' } }), 2, 2],
    ['one of a StatefulSet, however many are missing', workload('StatefulSet', 3), 2, 1],
    ['one of a DaemonSet', workload('DaemonSet', 3), 3, 1],
    ['none of a DaemonSet that misses one', workload('DaemonSet', 3), 2, 0],
    [
      'none of a DaemonSet with surge',
      workload('DaemonSet', 3, { updateStrategy: { rollingUpdate: { maxSurge: 1 } } }),
      3,
      0,
    ],
    ['none under OnDelete', workload('StatefulSet', 3, { updateStrategy: { type: 'OnDelete' } }), 3, 0],
  ])('%s', (_, of, ready, taken) => {
    expect(takenAtOnce(of, ready)).toBe(taken);
  });
});

function partitioned(partition: number, start = 0): Workload {
  return workload('StatefulSet', 3, { ordinals: { start }, updateStrategy: { rollingUpdate: { partition } } });
}
