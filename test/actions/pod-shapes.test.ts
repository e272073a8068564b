import { afterEach, describe, expect, test } from '@jest/globals';
import type { ActionContext } from '../../src/actions/action.ts';
import { withinBudgets } from '../../src/actions/rules/disruption.ts';
import { reachesFailingPods } from '../../src/actions/rules/rollout.ts';
import { verticalAutoscaling } from '../../src/actions/rules/vertical-autoscaler.ts';
import type { OwnedWorkload } from '../../src/kubernetes/revisions.ts';
import { type FakeApi, startFakeApi } from '../kubernetes/fake-api.ts';
import { ownedWorkload, PRESENT, templateOf } from '../kubernetes/owned-workload.ts';

let api: FakeApi | undefined;
afterEach(async () => {
  await api?.close();
  api = undefined;
});

async function contextWith(answers: FakeApi['answers']): Promise<ActionContext> {
  api = await startFakeApi(answers);
  return { kubernetes: api.kubernetes, signal: AbortSignal.timeout(10_000) } as ActionContext;
}

describe('a PodDisruptionBudget', () => {
  const BUDGETS = 'GET /apis/policy/v1/namespaces/shop/poddisruptionbudgets';
  const budget = (allowed: number, matchLabels: Record<string, string> = { app: 'web' }) => ({
    items: [
      { metadata: { name: 'web' }, spec: { selector: { matchLabels } }, status: { disruptionsAllowed: allowed } },
    ],
  });
  const two = ownedWorkload('StatefulSet', { 'web-0': { ready: true }, 'web-1': { ready: false } });

  test('that allows nobody to be missing makes a rollout ask that takes a ready pod away', async () => {
    const { asks } = await withinBudgets(await contextWith({ [BUDGETS]: budget(0) }), two, templateOf('web:3'));
    expect(asks).toEqual([
      'PodDisruptionBudget web allows 0 pods to be missing now, and the rollout takes 1 of 1 ready ones away before new ones are ready',
    ]);
  });

  test.each<[string, OwnedWorkload, ReturnType<typeof budget>, string]>([
    ['that allows one', two, budget(1), 'web:3'],
    ['of other pods', two, budget(0, { app: 'other' }), 'web:3'],
    ['beside pods that have the template already', two, budget(0), PRESENT],
    ['beside pods that surge replaces', ownedWorkload('Deployment', { 'web-a': { ready: true } }), budget(0), 'web:3'],
    ['beside no ready pod', ownedWorkload('StatefulSet', { 'web-0': { ready: false } }), budget(0), 'web:3'],
  ])('%s asks nothing', async (_, of, answer, image) => {
    expect((await withinBudgets(await contextWith({ [BUDGETS]: answer }), of, templateOf(image))).asks).toEqual([]);
  });
});

describe('a VerticalPodAutoscaler', () => {
  const SERVED = {
    'GET /apis/autoscaling.k8s.io/v1': { resources: [{ name: 'verticalpodautoscalers' }] },
  };
  const LIST = 'GET /apis/autoscaling.k8s.io/v1/namespaces/shop/verticalpodautoscalers';
  const { workload } = ownedWorkload('Deployment', { 'web-a': { ready: false } });
  const targetRef = { kind: 'Deployment', name: 'web' };

  function verdict(spec: object, resources = ['memory']) {
    const list = { items: [{ metadata: { name: 'web' }, spec: { targetRef, ...spec } }] };
    return contextWith({ ...SERVED, [LIST]: list }).then((context) =>
      verticalAutoscaling(context, workload, 'web', resources),
    );
  }
  const policy = (...containerPolicies: object[]) => ({ resourcePolicy: { containerPolicies } });

  test.each<[string, object, string]>([
    ['by default', {}, '(Auto)'],
    ['when pods are made', { updatePolicy: { updateMode: 'Initial' } }, '(Initial)'],
    ['of every container', policy({ containerName: '*', controlledResources: ['memory'] }), '(Auto)'],
    ['of this container', policy({ containerName: '*', mode: 'Off' }, { containerName: 'web' }), '(Auto)'],
  ])('that sets the memory %s makes a raise ask', async (_, spec, mode) => {
    expect((await verdict(spec)).asks).toEqual([
      `VerticalPodAutoscaler web ${mode} sets the memory of web and would write over the raise`,
    ]);
  });

  test.each<[string, object]>([
    ['only recommends', { updatePolicy: { updateMode: 'Off' } }],
    ['leaves this container alone', policy({ containerName: 'web', mode: 'Off' })],
    ['sets the cpu alone', policy({ containerName: '*', controlledResources: ['cpu'] })],
    ['is of another workload', { targetRef: { kind: 'StatefulSet', name: 'web' } }],
  ])('that %s asks nothing', async (_, spec) => {
    expect((await verdict(spec)).asks).toEqual([]);
  });

  test('that the API server does not know is not asked for', async () => {
    const context = await contextWith({});
    expect((await verticalAutoscaling(context, workload, 'web', ['memory'])).asks).toEqual([]);
    expect(api?.calls).toEqual(['GET /apis/autoscaling.k8s.io/v1']);
  });
});

describe('a template change', () => {
  const statefulSet = (...ready: boolean[]) =>
    ownedWorkload('StatefulSet', Object.fromEntries(ready.map((is, index) => [`web-${index}`, { ready: is }])), {
      updateStrategy: { rollingUpdate: { partition: 1 } },
    });

  test('that a partition keeps from the failing pod is refused, with its name', () => {
    const { refusal } = reachesFailingPods(statefulSet(false, true));
    expect(refusal).toEqual({
      code: 'partitioned',
      reason: 'its partition 1 keeps web-0 at the old revision: the change would not reach it',
    });
  });

  test('that reaches the failing pod is not', () => {
    expect(reachesFailingPods(statefulSet(true, false)).refusal).toBeUndefined();
    expect(reachesFailingPods(ownedWorkload('StatefulSet', { 'web-0': { ready: false } })).refusal).toBeUndefined();
  });
});
