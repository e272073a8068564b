import { describe, expect, test } from '@jest/globals';
import type { Change, Plan } from '../../src/recovery/values.ts';
import { type Judgement, readiness, recordedReplicas } from '../../src/verification/readiness.ts';
import { pod, type StateShape, targetState, waiting } from './objects.ts';

describe('a target is wholly there (safety 18)', () => {
  const hpa = { name: 'app', min: 1, max: 3 };
  const good = pod({ name: 'app-1', readyFor: 120 });
  const bad = pod({ name: 'app-2', state: waiting('CrashLoopBackOff') });

  test.each<[string, StateShape, number | undefined, Judgement['result'], RegExp]>([
    ['with its one pod ready', {}, 1, 'pass', /^1 of 1 pods/],
    ['with three of three ready', { replicas: 3 }, 3, 'pass', /^3 of 3 pods/],
    ['even if nothing was recorded', {}, undefined, 'pass', /^1 of 1/],
    ['scaled up since', { replicas: 3 }, 1, 'pass', /^3 of 3/],
    ['with what its HPA set, fewer than before', { replicas: 2, autoscaler: hpa }, 3, 'pass', /^2 of 2/],
    ['as a DaemonSet on every node', { kind: 'DaemonSet', replicas: 2 }, 3, 'pass', /^2 of 2/],
    [
      'but not with two of three ready',
      { replicas: 3, current: [good, good, bad] },
      3,
      'fail',
      /^2 of 3.*app-2 .*CrashLoopBackOff/,
    ],
    ['but not with one good replica of three left', { replicas: 1 }, 3, 'fail', /1 pods wanted, 3 before/],
    ['but not with no pod at all', { replicas: 0, current: [] }, 0, 'fail', /its replicas are 0/],
    ['but not with a pod still missing', { replicas: 2, current: [good] }, 2, 'fail', /^1 of 2/],
    ['but not with one more than wanted', { replicas: 1, current: [good, good] }, 1, 'fail', /more than wanted/],
    [
      'but not with an old revision beside it',
      { older: [pod({ name: 'old-1' })] },
      1,
      'fail',
      /old-1 of an older revision/,
    ],
    ['but not with a pod terminating', { terminating: [pod({ name: 'old-1' })] }, 1, 'fail', /old-1 still terminating/],
    [
      'but not before its controller has seen the change',
      { generation: 2, observedGeneration: 1 },
      1,
      'fail',
      /not seen/,
    ],
    ["but not outside its HPA's bounds", { replicas: 4, autoscaler: hpa }, 1, 'fail', /outside the bounds 1 to 3/],
    [
      'which is unknown where fewer are wanted and HPAs may not be read',
      { autoscaler: 'unknown' },
      3,
      'unknown',
      /HPAs may not be read/,
    ],
  ])('%s', (_sentence, shape, recorded, result, saw) => {
    const judged = readiness(targetState(shape), recorded);
    expect(judged.result).toBe(result);
    expect(judged.saw).toMatch(saw);
  });

  test("a pod that cannot be made is told in the controller's words", () => {
    const conditions = [{ type: 'ReplicaFailure', status: 'True', message: 'exceeded quota: pods' }];
    expect(readiness(targetState({ current: [], conditions }), 1).saw).toContain('exceeded quota: pods');
  });
});

describe('how many pods were wanted', () => {
  const scale: Plan = {
    action: 'scale',
    summary: 'app is scaled from 1 to 2',
    risk: 'low',
    undo: 'on-failure',
    args: {},
    waitSeconds: 0,
    changes: [
      {
        type: 'field',
        object: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'test', name: 'app' },
        path: '/spec/replicas',
        before: { value: 1 },
        after: { value: 2 },
      },
    ],
  };

  const elsewhere = (change: Change): Change =>
    change.type === 'field' ? { ...change, object: { ...change.object, name: 'redis' } } : change;

  test.each<[string, Plan[], (number | undefined)[], number | undefined]>([
    ['is what a plan scaled it to', [scale], [3, 3], 2],
    ['is not what a plan scaled a dependency to', [{ ...scale, changes: scale.changes.map(elsewhere) }], [3], 3],
    ['is the baseline, before the diagnosis', [], [3, 1], 3],
    ['is the diagnosis where there is no baseline', [], [undefined, 2], 2],
    ['is not known where the diagnosis found it at 0', [], [undefined, 0], undefined],
  ])('%s', (_sentence, plans, records, expected) => {
    expect(recordedReplicas({ namespace: 'test', kind: 'Deployment', name: 'app' }, plans, ...records)).toBe(expected);
  });
});
