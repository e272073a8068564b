import { describe, expect, test } from '@jest/globals';
import type { Plan } from '../../src/recovery/values.ts';
import { plannedValues } from '../../src/verification/plan-values.ts';
import { readiness } from '../../src/verification/readiness.ts';
import { targetStateOf } from '../../src/verification/target-state.ts';
import { type OwnedPod, ownedWorkload, PRESENT } from '../kubernetes/owned-workload.ts';

const OLD = 'web:1';

/** Two pods, the first of the older revision, as the update strategy of a StatefulSet or DaemonSet has left them. */
function state(
  kind: 'StatefulSet' | 'DaemonSet',
  updateStrategy: object,
  first: OwnedPod = { ready: true, image: OLD },
) {
  return targetStateOf(ownedWorkload(kind, { 'web-0': first, 'web-1': { ready: true } }, { updateStrategy }), null);
}

describe('a pod of an older revision (safety 13, 18)', () => {
  test.each([
    ['a partition', state('StatefulSet', { rollingUpdate: { partition: 1 } })],
    ['OnDelete', state('DaemonSet', { type: 'OnDelete' })],
  ])('that %s keeps is one of those wanted', (_, kept) => {
    expect(readiness(kept, 2)).toEqual({ result: 'pass', saw: '2 of 2 pods of the current revision ready' });
    expect(kept.kept.map(({ metadata }) => metadata?.name)).toEqual(['web-0']);
  });

  test('that is kept has to be ready as all the others', () => {
    const failing = state('StatefulSet', { rollingUpdate: { partition: 1 } }, { ready: false, image: OLD });
    expect(readiness(failing, 2)).toMatchObject({ result: 'fail', saw: expect.stringContaining('1 of 2 pods') });
  });

  test('that nothing keeps is a leftover', () => {
    expect(readiness(state('StatefulSet', { rollingUpdate: { partition: 0 } }), 2).result).toBe('fail');
  });

  test('that is kept does not have what a plan gave the template, and is not asked for it', () => {
    const plan: Plan = {
      action: 'x',
      summary: 'x',
      risk: 'low',
      undo: 'on-failure',
      changes: [
        {
          type: 'field',
          object: { apiVersion: 'apps/v1', kind: 'StatefulSet', namespace: 'shop', name: 'web' },
          path: '/spec/template/spec/containers/0/image',
          before: { value: OLD },
          after: { value: PRESENT },
        },
      ],
      args: {},
      waitSeconds: 0,
    };
    expect(plannedValues(state('StatefulSet', { rollingUpdate: { partition: 1 } }), [plan])).toEqual({
      result: 'pass',
      saw: '1 planned value(s) found in each of 1 pod(s)',
    });
  });
});
