import { describe, expect, test } from '@jest/globals';
import { keepsRefusal } from '../../src/recovery/orders.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import {
  applied,
  begun,
  diagnosed,
  given,
  happen,
  planned,
  refusal,
  started,
  undoFinished,
  verified,
} from './story.ts';

/** A remedy verified, and the recovery settles. */
const settling = happen(
  started(),
  2,
  ...[...diagnosed(), planned(), begun(), applied(), begun(1), applied(1), verified('pass')],
  { kind: 'recovered', by: 'remedy' },
  { kind: 'released' },
);

describe('what one person has ordered on the target', () => {
  test('is not crossed by another: an undo while a rollback waits, a rollback while an undo is under way', () => {
    const rolling = happen(settling, 3, given('rollback', {}, 'bo'));
    expect(refusal(rolling, 'undo', {}, 'ana')).toMatch(/^rollback, which bo ordered, is still under way; possible/);
    const undoing = happen(settling, 3, given('undo', { n: 1 }, 'ana'));
    const why = /^undoing raise-memory, which ana ordered, is still under way; possible/;
    expect(refusal(undoing, 'rollback', {}, 'bo')).toMatch(why);
    expect(refusal(undoing, 'run', { action: 'debug-session' }, 'bo')).toMatch(why);
    const undone = happen(undoing, 4, ...undoFinished(0));
    expect(refusal(undone, 'rollback', {}, 'bo')).toBeNull();
  });

  test('keeps nobody from taking back what is under way at this moment', () => {
    const applying = happen(started(), 2, ...diagnosed(), planned(), begun(), given('rollback', {}, 'bo'));
    expect(refusal(applying, 'undo', {}, 'ana')).toBeNull();
  });

  test('waits, as ever, for what automation takes back by itself', () => {
    const undoing = happen(
      started(),
      2,
      ...[...diagnosed(), planned(), begun(), applied(), verified('fail')],
      { kind: 'assessed', n: 1, better: false, healthy: false, saw: 'no better' },
      { kind: 'undo-started', n: 1, i: 0, why: 'it did not help' },
    );
    expect(refusal(undoing, 'rollback', {}, 'bo')).toBeNull();
  });
});

describe('an order that is refused', () => {
  const order = { id: 'late', name: 'approve' as const, actor: 'bo', verified: false, args: {} };
  const keeps = (record: RecoveryRecord, recoveryId = record.recoveryId) =>
    keepsRefusal(record, { ...order, recoveryId });

  test('stands in the record of its recovery, once', () => {
    expect(keeps(settling)).toBe(true);
    expect(keeps(settling, 'recovery/default/bruno/deployment/agent-bruno@00000000')).toBe(false);
    const refused = happen(settling, 3, { kind: 'order', ...order, accepted: false, reason: 'nothing waits' });
    expect(refused.orders.late).toMatchObject({ actor: 'bo', accepted: false, reason: 'nothing waits' });
    expect(keeps(refused)).toBe(false);
  });

  test('does not fill the record, however often a script repeats it', () => {
    const refused = Array.from({ length: 100 }, (_, i) => ({
      ...{ kind: 'order' as const, ...order, id: `late-${i}`, accepted: false, reason: 'nothing waits' },
    }));
    expect(keeps(happen(settling, 3, ...refused))).toBe(false);
    expect(keeps(happen(settling, 3, ...refused.slice(1)))).toBe(true);
  });
});
