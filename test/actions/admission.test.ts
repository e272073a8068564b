import { afterEach, describe, expect, test } from '@jest/globals';
import type { ActionContext } from '../../src/actions/action.ts';
import { admitsPod } from '../../src/actions/rules/admission.ts';
import { toWorkload } from '../../src/kubernetes/workloads.ts';
import { startApiServer } from '../checks/api-server.ts';
import { type FakeApi, startFakeApi } from '../kubernetes/fake-api.ts';

const workload = toWorkload('Deployment', {
  metadata: { name: 'agent-bruno', namespace: 'bruno', uid: 'u', resourceVersion: '1' },
  spec: { selector: {}, template: { spec: { containers: [{ name: 'agent-bruno' }] } } },
});
const node = {
  metadata: { name: 'a' },
  status: { allocatable: { memory: '4Gi', cpu: '2', pods: '10' }, conditions: [{ type: 'Ready', status: 'True' }] },
};
const CREATE = 'POST /api/v1/namespaces/bruno/pods';

const FORBIDDEN = {
  refusedWith: 403,
  message: 'pods is forbidden: User "kintsugi" cannot create resource "pods" in API group "" in the namespace "bruno"',
};

let api: FakeApi | undefined;
afterEach(async () => {
  await api?.close();
  api = undefined;
});

/** The verdict where the dry run is answered so. */
async function verdict(answer: object | number, onlyShown = false) {
  api = await startFakeApi({
    [CREATE]: answer,
    'GET /api/v1/nodes': { items: [node] },
    'GET /api/v1/pods': { items: [] },
  });
  const context = { kubernetes: api.kubernetes, signal: AbortSignal.timeout(10_000), onlyShown } as ActionContext;
  return admitsPod(context, { workload, revisions: [], pods: [] });
}

describe('whether a pod would be admitted (safety 8)', () => {
  test('one that the dry run takes, and that a node has room for, is fine', async () => {
    expect(await verdict({ kind: 'Pod' })).toEqual({ asks: [] });
  });

  test('in observe mode a right that is missing to try it is told, and the plan is shown all the same', async () => {
    const { refusal, asks } = await verdict(FORBIDDEN, true);
    expect(refusal).toBeUndefined();
    expect(asks).toEqual([expect.stringContaining('whether such a pod is admitted could not be tried')]);
  });

  test('where it would be applied, a right that is missing is a fault', async () => {
    await expect(verdict(FORBIDDEN)).rejects.toMatchObject({ code: 'forbidden' });
  });

  test("a StatefulSet's is tried with the claims that it makes for each pod: without them its mounts name nothing", async () => {
    const server = await startApiServer({
      '/api/v1/namespaces/mongodb/pods': { kind: 'Pod' },
      '/api/v1/nodes': { items: [node] },
      '/api/v1/pods': { items: [] },
    });
    const containers = [{ name: 'mongodb', volumeMounts: [{ name: 'data', mountPath: '/data' }] }];
    const set = toWorkload('StatefulSet', {
      metadata: { name: 'mongodb', namespace: 'mongodb', uid: 'u', resourceVersion: '1' },
      spec: {
        selector: {},
        template: { spec: { containers, volumes: [{ name: 'settings', configMap: { name: 'settings' } }] } },
        ...{ volumeClaimTemplates: [{ metadata: { name: 'data' } }] },
      },
    });
    const context = { kubernetes: server.kubernetes, signal: AbortSignal.timeout(10_000) } as ActionContext;
    await admitsPod(context, { workload: set, revisions: [], pods: [] });
    await server.close();
    const tried = JSON.parse(server.seen.find(({ method }) => method === 'POST')?.body ?? '{}');
    expect(tried.spec.volumes).toEqual([
      { name: 'settings', configMap: { name: 'settings' } },
      { name: 'data', persistentVolumeClaim: { claimName: 'data-mongodb-0' } },
    ]);
  });

  test('one that is invalid is refused', async () => {
    expect((await verdict(422)).refusal).toMatchObject({ code: 'not-admitted' });
  });
});
