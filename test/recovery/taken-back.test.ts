import { describe, expect, test } from '@jest/globals';
import { takenBack } from '../../src/recovery/taken-back.ts';
import type { Plan } from '../../src/recovery/values.ts';
import { holdPlan, raisePlan, waitPlan } from './samples.ts';
import { applied, begun, diagnosed, given, happen, planned, started, undoFinished, verified } from './story.ts';

const raised = happen(
  started(),
  1,
  ...diagnosed(),
  planned(1, 'raise-memory', [holdPlan, raisePlan, waitPlan]),
  begun(1),
  applied(1),
  verified('pass', true),
  { kind: 'recovered', by: 'remedy' },
);
const undone = happen(happen(raised, 2, given('undo', { n: 1 })), 3, ...undoFinished(1));

const rollback: Plan = { ...raisePlan, action: 'rollout-undo', summary: 'roll back to revision 2' };

describe('what a person had undone', () => {
  test('is known again in a rollback that would make the same changes', () => {
    expect(takenBack(undone, [holdPlan, rollback, waitPlan])).toEqual({ n: 1, remedy: 'raise-memory', by: 'ana' });
  });

  test('is known again where more is changed with it', () => {
    const more = { ...raisePlan.changes[0], path: '/spec/template/spec/containers/0/image' } as Plan['changes'][number];
    expect(takenBack(undone, [{ ...rollback, changes: [...raisePlan.changes, more] }])).not.toBeNull();
  });

  test('is another remedy where the same field gets another value', () => {
    const [change] = raisePlan.changes;
    const lower = { ...change, after: { value: '1536Mi' } } as Plan['changes'][number];
    expect(takenBack(undone, [{ ...rollback, changes: [lower] }])).toBeNull();
  });

  test('is nothing where only its hold is made again', () => {
    expect(takenBack(undone, [holdPlan, waitPlan])).toBeNull();
  });

  test('is not what automation undid by itself', () => {
    const failed = happen(raised, 2, ...undoFinished(1));
    expect(takenBack(failed, [rollback])).toBeNull();
  });
});
