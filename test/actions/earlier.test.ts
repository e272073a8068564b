import { expect, test } from '@jest/globals';
import { afterEarlier, isRolledOutBy } from '../../src/actions/plan/changes.ts';
import { toWorkload } from '../../src/kubernetes/workloads.ts';
import type { Plan } from '../../src/recovery/values.ts';
import { startFakeApi } from '../kubernetes/fake-api.ts';
import { contextFor } from './action-context.ts';

const workload = toWorkload('Deployment', {
  metadata: { name: 'app', namespace: 'bruno', uid: 'u', resourceVersion: '1' },
  spec: {
    replicas: 1,
    selector: {},
    template: { spec: { containers: [{ name: 'app', image: 'a', resources: { limits: { memory: '1Gi' } } }] } },
  },
});

const raise: Plan = {
  action: 'set-resources',
  summary: 'raise',
  risk: 'low',
  undo: 'on-failure',
  changes: [
    {
      type: 'field',
      object: workload.ref,
      path: '/spec/template/spec/containers/0/resources/limits/memory',
      before: { value: '1Gi' },
      after: { value: '2Gi' },
    },
    {
      type: 'field',
      object: workload.ref,
      path: '/spec/template/spec/containers/0/resources/requests/memory',
      before: { absent: true },
      after: { value: '512Mi' },
    },
  ],
  args: {},
  waitSeconds: 0,
};

test('an action is planned on the workload as the remedy’s earlier actions leave it, made already or not', async () => {
  const api = await startFakeApi();
  try {
    const context = contextFor(api.kubernetes, workload);
    const planned = afterEarlier(context, workload, [raise]);
    const resources = { limits: { memory: '2Gi' }, requests: { memory: '512Mi' } };
    expect(planned.template.spec?.containers[0]?.resources).toEqual(resources);
    expect(afterEarlier(context, planned, [raise])).toEqual(planned);
    expect(workload.template.spec?.containers[0]?.resources).toEqual({ limits: { memory: '1Gi' } });
    const other = { ...workload, uid: 'another' };
    expect(afterEarlier(context, other, [raise])).toBe(other);
  } finally {
    await api.close();
  }
});

test('a restart after a change of the template is known to be needless', () => {
  expect(isRolledOutBy([raise], workload)).toBe(true);
  expect(isRolledOutBy([raise], { ...workload, uid: 'another' })).toBe(false);
  expect(isRolledOutBy([], workload)).toBe(false);
});
