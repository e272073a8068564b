import { describe, expect, test } from '@jest/globals';
import type { Change, Plan, Value } from '../../src/recovery/values.ts';
import { plannedValues } from '../../src/verification/plan-values.ts';
import { pod, targetState } from './objects.ts';

const MEMORY = '/spec/template/spec/containers/0/resources/limits/memory';
const app = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'test', name: 'app' };

function plan(path: string, after: Value, object = app): Plan {
  const changes: Change[] = [{ type: 'field', object, path, before: { absent: true }, after }];
  return { action: 'x', summary: 'x', risk: 'low', undo: 'on-failure', changes, args: {}, waitSeconds: 0 };
}

/** The target whose template and live pods have this memory limit; in the pods admission has put a sidecar before the app. */
function limited(template: string, live: string) {
  const container = (memory: string) => ({
    name: 'app',
    resources: { limits: { memory } },
    env: [{ name: 'REDIS_URL', value: `redis://:live-${memory}@redis` }],
  });
  return targetState({
    template: { spec: { containers: [container(template)] } },
    current: [pod({ readyFor: 90, spec: { containers: [{ name: 'injected' }, container(live)] } })],
  });
}

describe('the live pods have what the plans gave the template (safety 8)', () => {
  test.each<[string, ReturnType<typeof limited>, Value, 'pass' | 'fail']>([
    ['with the planned limit', limited('2Gi', '2Gi'), { value: '2Gi' }, 'pass'],
    ['with the same quantity written otherwise', limited('2Gi', '2048Mi'), { value: '2Gi' }, 'pass'],
    ['not with one that admission has changed', limited('2Gi', '1Gi'), { value: '2Gi' }, 'fail'],
    ['not with one that should be gone', limited('2Gi', '2Gi'), { absent: true }, 'fail'],
  ])('%s', (_sentence, state, after, result) => {
    expect(plannedValues(state, [plan(MEMORY, after)])?.result).toBe(result);
  });

  test('and a difference is told with both values', () => {
    expect(plannedValues(limited('2Gi', '1Gi'), [plan(MEMORY, { value: '2Gi' })])?.saw).toBe(
      'app.resources.limits.memory of app-1 is 1Gi, planned 2Gi',
    );
  });

  test("and a variable's live value, which may hold a password, is not told", () => {
    const path = '/spec/template/spec/containers/0/env/0/value';
    const judged = plannedValues(limited('2Gi', '2Gi'), [plan(path, { value: 'redis://redis' })]);
    expect(judged).toEqual({ result: 'fail', saw: 'app.env.REDIS_URL.value of app-1 is not as planned' });
  });

  test('and of two plans for one field the later counts', () => {
    const plans = [plan(MEMORY, { value: '2Gi' }), plan(MEMORY, { value: '3Gi' })];
    expect(plannedValues(limited('3Gi', '3Gi'), plans)?.result).toBe('pass');
  });

  test.each<[string, Plan]>([
    [
      'only a restart mark',
      plan('/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt', { value: 'x' }),
    ],
    ['only the replicas', plan('/spec/replicas', { value: 2 })],
    ['another workload', plan(MEMORY, { value: '9Gi' }, { ...app, name: 'redis' })],
    ['a secret kept by reference', plan(MEMORY, { secret: { from: app, path: MEMORY, hmac: 'x' } })],
  ])('which is not asked where the plans changed %s', (_sentence, made) => {
    expect(plannedValues(limited('2Gi', '1Gi'), [made])).toBeNull();
  });
});
