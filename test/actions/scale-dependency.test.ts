import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import scale from '../../src/actions/scale.ts';
import type { Plan } from '../../src/recovery/values.ts';
import { type FakeApi, startFakeApi } from '../kubernetes/fake-api.ts';
import { contextFor, runbookFor } from './action-context.ts';
import { memoryBaselines } from './memory-stores.ts';

const APPS = 'GET /apis/apps/v1/namespaces/mongodb';
const none = { items: [] };
const target = { namespace: 'bruno', kind: 'Deployment', name: 'agent-bruno' };
const claims = [{ metadata: { name: 'data' } }];
const byKubectl = [
  {
    manager: 'kubectl-scale',
    subresource: 'scale',
    time: '2026-01-02T00:00:00Z',
    fieldsV1: { 'f:spec': { 'f:replicas': {} } },
  },
];

let api: FakeApi;
beforeEach(async () => {
  api = await startFakeApi({
    'GET /api/v1/namespaces/mongodb/pods': none,
    'POST /api/v1/namespaces/mongodb/pods': { kind: 'Pod' },
    'GET /api/v1/nodes': {
      items: [
        {
          metadata: { name: 'n' },
          spec: {},
          status: {
            allocatable: { cpu: '4', memory: '8Gi', pods: '110' },
            conditions: [{ type: 'Ready', status: 'True' }],
          },
        },
      ],
    },
    'GET /api/v1/pods': none,
    [`${APPS}/deployments`]: none,
    [`${APPS}/daemonsets`]: none,
    [`${APPS}/controllerrevisions`]: none,
    'GET /apis/autoscaling/v2/namespaces/mongodb/horizontalpodautoscalers': none,
  });
});
afterEach(() => api.close());

interface Set {
  replicas?: number;
  annotations?: Record<string, string>;
  labels?: Record<string, string>;
  claims?: object[];
}

/** The plan for a StatefulSet `mongodb` as given; by default at 0, with its data on a claim. */
async function planFor(set: Set, recorded?: number): Promise<Plan> {
  const object = {
    metadata: {
      name: 'mongodb',
      namespace: 'mongodb',
      uid: 'u',
      resourceVersion: '7',
      labels: set.labels ?? {},
      annotations: set.annotations ?? {},
      managedFields: byKubectl,
    },
    spec: {
      replicas: set.replicas ?? 0,
      selector: { matchLabels: { app: 'mongodb' } },
      template: { metadata: { labels: { app: 'mongodb' } }, spec: { containers: [{ name: 'm', image: 'i' }] } },
      volumeClaimTemplates: set.claims ?? claims,
    },
    status: { replicas: 0 },
  };
  api.answers[`${APPS}/statefulsets`] = { items: [object] };
  api.answers[`${APPS}/statefulsets/mongodb`] = object;
  const baselines = memoryBaselines();
  if (recorded !== undefined)
    baselines.known = {
      target,
      seenAt: '2026-01-01T00:00:00.000Z',
      revision: '1',
      templateHash: '',
      replicas: 1,
      containers: [],
      references: {},
      dependencies: { mongodb: [{ kind: 'StatefulSet', name: 'mongodb', replicas: recorded }] },
    };
  const dependency = { name: 'mongodb', type: 'mongodb' as const, namespace: 'mongodb', selector: 'app=mongodb' };
  const context = contextFor(api.kubernetes, target, { baselines, runbook: runbookFor(target, [dependency]) });
  return scale.plan(context, { of: 'mongodb', also: [], timeout: '120s' });
}

const changeOf = ({ changes }: Plan) =>
  changes.map((change) => (change.type === 'field' ? [change.path, change.before, change.after] : change));

describe('a dependency that was scaled to 0', () => {
  test('goes back to as many as it had when the target was healthy, and it is told who took them away', async () => {
    const plan = await planFor({}, 3);
    expect(plan.refusal).toBeUndefined();
    expect(plan.ask).toBeUndefined();
    expect(changeOf(plan)).toEqual([['/spec/replicas', { value: 0 }, { value: 3 }]]);
    expect(plan.summary).toBe(
      'Scale StatefulSet mongodb/mongodb from 0 (set by kubectl-scale at 2026-01-02T00:00:00.000Z) to 3 pods, as when the target was last seen healthy (2026-01-01T00:00:00.000Z)',
    );
  });

  const applied = { 'kubectl.kubernetes.io/last-applied-configuration': '{"spec":{"replicas":4}}' };
  test.each<[string, Set, number | undefined, number, string]>([
    [
      'its annotation',
      { annotations: { 'kintsugi.dev/replicas': '2', ...applied } },
      undefined,
      2,
      'annotation kintsugi.dev/replicas',
    ],
    ['what kubectl apply said', { annotations: applied }, undefined, 4, 'kubectl apply'],
    [
      'its annotation, where it was recorded at 0',
      { annotations: { 'kintsugi.dev/replicas': '2' } },
      0,
      2,
      'annotation',
    ],
  ])('goes back to %s', async (_, set, recorded, replicas, source) => {
    const plan = await planFor(set, recorded);
    expect(changeOf(plan)).toEqual([['/spec/replicas', { value: 0 }, { value: replicas }]]);
    expect(plan.summary).toContain(source);
  });

  test("goes back to its autoscaler's least", async () => {
    api.answers['GET /apis/autoscaling/v2/namespaces/mongodb/horizontalpodautoscalers'] = {
      items: [
        {
          metadata: { name: 'hpa' },
          spec: { scaleTargetRef: { kind: 'StatefulSet', name: 'mongodb' }, minReplicas: 2, maxReplicas: 5 },
        },
      ],
    };
    expect(changeOf(await planFor({}))).toEqual([['/spec/replicas', { value: 0 }, { value: 2 }]]);
  });

  test('is left to a person where nothing tells how many it had', async () => {
    const plan = await planFor({});
    expect(plan.refusal?.code).toBe('replicas-unknown');
    expect(plan.changes).toEqual([]);
  });

  test.each<[string, Set, string]>([
    ['a release owns it', { labels: { 'app.kubernetes.io/managed-by': 'Helm' } }, 'release mongodb/mongodb owns'],
    ['its data is on no claim', { claims: [] }, 'keeps its data on no claim'],
  ])('asks where %s', async (_, set, reason) => {
    expect((await planFor(set, 1)).ask).toContain(reason);
  });

  test('is not touched where it is scaled to anything', async () => {
    const plan = await planFor({ replicas: 1 }, 3);
    expect(plan.refusal?.code).toBe('not-scaled-down');
    expect(plan.changes).toEqual([]);
  });
});
