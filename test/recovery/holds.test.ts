import { describe, expect, test } from '@jest/globals';
import { detailsOf } from '../../src/recovery/details.ts';
import type { EventBody } from '../../src/recovery/events.ts';
import { openPage } from '../../src/recovery/fold-pages.ts';
import { pageOf } from '../../src/recovery/page.ts';
import { standingChanges } from '../../src/recovery/policy.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import type { GitComparison } from '../../src/recovery/values.ts';
import { holdPlan, raisePlan, waitPlan } from './samples.ts';
import {
  alert,
  applied,
  assessed,
  begun,
  decided,
  decidedAt,
  diagnosed,
  happen,
  ordered,
  paged,
  planned,
  started,
  undoFinished,
  verified,
} from './story.ts';

const plans = [holdPlan, raisePlan, waitPlan];
const differs: GitComparison = { git: 'differs', saw: 'limits.memory is 1Gi in Git' };
const equal: GitComparison = { git: 'equal', saw: 'release redis has 2Gi' };
const looked = (hold: GitComparison, broken = false) =>
  ({ kind: 'watched', healthy: !broken, broken, saw: '1 of 1 pods ready', hold }) as const;

/** Held, raised, verified at minute 3, the lease given back. */
function mitigated(): RecoveryRecord {
  const acted = happen(
    started(),
    1,
    ...diagnosed(),
    planned(1, 'raise-memory', plans),
    ...[0, 1, 2].flatMap((i) => [begun(i), applied(i)]),
  );
  return decided(happen(happen(acted, 3, verified('pass', true)), 3, { kind: 'released' })).record;
}

describe('a recovery that stands on a hold', () => {
  test('keeps the hold after its success, and tells the patch to commit in record, page and details', () => {
    const { record, decision } = decided(mitigated());
    expect(decision.target).toBeNull();
    const patch = record.mitigation?.patch ?? '';
    expect(patch.split('\n')).toEqual([
      '# Kustomization flux-system/apps: the same in the manifest, or in its kustomization.yaml',
      'patches: # Deployment bruno/agent-bruno, as it stands in the cluster',
      '  - target: {group: apps, version: v1, kind: Deployment, name: agent-bruno}',
      '    patch: |-',
      '      - op: replace # "1Gi" before',
      '        path: /spec/template/spec/containers/0/resources/limits/memory',
      '        value: "2Gi"',
    ]);
    expect(pageOf(record, 'k')).toMatchObject({ patch, holds: [holdPlan.summary] });
    expect(detailsOf(record)).toContain(patch);
  });

  test('is not over when it has settled and its alerts have resolved, while Git lacks the change', () => {
    const record = happen(mitigated(), 50, alert({ status: 'resolved' }), looked(differs));
    expect(decidedAt(record, 60).record.closed).toBeNull();
  });

  test('ends its hold when Git has the change, and is verified again before it counts as recovered', () => {
    const known = happen(mitigated(), 50, alert({ status: 'resolved' }), looked(equal));
    const { record, decision } = decided(known);
    expect(decision.target).toEqual({ name: 'undo', n: 1, i: 0, why: `Git has the change: ${equal.saw}` });
    const released = decided(happen(record, 51, ...undoFinished(0)));
    expect(released.decision.target).toEqual({ name: 'verify', n: 1 });
    expect(released.record.closed).toBeNull();
    const { record: closed } = decided(happen(released.record, 53, verified('pass', true)));
    expect(closed.attempts[0]?.stage).toBe('verified');
    expect(closed.closed).toMatchObject({ outcome: 'recovered', standing: [] });
    expect(closed.closed?.patch).toBeUndefined();
  });

  test('that does not verify after its hold has ended has broken again, with a deadline of its own', () => {
    const released = happen(mitigated(), 50, looked(equal), ...undoFinished(0));
    const { record, facts } = decided(happen(released, 53, verified('fail')));
    expect(facts).toContainEqual(expect.objectContaining({ kind: 'relapsed' }));
    expect(record.episode).toMatchObject({ number: 2, deadlinePassed: false });
    expect(record.attempts[0]?.stage).toBe('verified');
  });

  test('pages a person before the hold expires, and releases it only after', () => {
    const waiting = happen(mitigated(), 50, alert({ status: 'resolved' }), looked(differs));
    // 12 h after minute 3, told an hour before.
    expect(openPage(decidedAt(waiting, 11 * 60 + 2).record)).toBeNull();
    const due = decidedAt(waiting, 11 * 60 + 3);
    expect(due.decision.people).toEqual({ name: 'page', rung: 0, notifier: 'webhook' });
    expect(openPage(due.record)?.rungs[0]?.why).toContain('commit the patch');
    expect(pageOf(due.record, 'k').title).toContain('commit the patch');
    const silent = decidedAt(due.record, 13 * 60);
    expect(silent.decision.target?.name).not.toBe('undo');
    const told = happen(due.record, 11 * 60 + 3, ...paged, looked(differs));
    expect(decidedAt(told, 12 * 60 + 2).decision.target?.name).not.toBe('undo');
    const { decision, record } = decidedAt(told, 12 * 60 + 3);
    expect(decision.target).toMatchObject({ name: 'undo', n: 1, i: 0, why: expect.stringContaining('has expired') });
    const released = decided(happen(record, 12 * 60 + 4, ...undoFinished(0)));
    expect(released.decision).toMatchObject({
      target: { name: 'verify', n: 1 },
      people: { name: 'resolve-page', reason: 'the hold was released' },
    });
  });

  test('that breaks under the page about its hold gets a page of its own', () => {
    const told = happen(decidedAt(mitigated(), 11 * 60 + 3).record, 11 * 60 + 4, ...paged);
    const { record } = decided(happen(told, 11 * 60 + 10, looked(differs, true)));
    expect(openPage(record)).toBeNull();
    expect(decidedAt(record, 11 * 60 + 26).record.pages.map(({ number }) => number)).toEqual([1, 2]);
  });

  test('is mitigated with the patch when its time is over and the hold could not be ended', () => {
    const told = happen(decidedAt(mitigated(), 11 * 60 + 3).record, 11 * 60 + 4, ...paged);
    const stuck = happen(told, 13 * 60, alert({ status: 'resolved' }), ...undoFinished(0, 'refused'));
    const { record } = decidedAt(
      happen(stuck, 25 * 60, { kind: 'page-resolved', notifier: 'webhook', reason: 'r' }),
      25 * 60,
    );
    expect(record.closed).toMatchObject({
      outcome: 'mitigated',
      standing: [holdPlan.summary],
      patch: expect.stringContaining('2Gi'),
    });
  });

  test('that a person closes leaves the hold and says so', () => {
    const { record } = decided(happen(mitigated(), 20, ordered('close')));
    expect(record.closed).toMatchObject({ outcome: 'closed', standing: [holdPlan.summary] });
    expect(record.closed?.patch).toContain('2Gi');
  });

  test('that is undone by order ends its hold last, and is mitigated no more', () => {
    const undoing = decided(happen(mitigated(), 20, ordered('undo')));
    expect(undoing.decision.target).toMatchObject({ name: 'undo', i: 1 });
    const last = decided(happen(undoing.record, 21, ...undoFinished(1)));
    expect(last.decision.target).toMatchObject({ name: 'undo', i: 0 });
    const { record } = decided(happen(last.record, 22, ...undoFinished(0)));
    expect(record.attempts[0]?.stage).toBe('undone');
    expect(record.mitigation).toBeUndefined();
  });
});

describe('a remedy with a hold that a person ordered after the recovery', () => {
  test.each([
    ['verified', verified('pass', true)],
    ['unproven', verified('fail', true)],
  ])('makes the recovery stand on that hold once it is %s, as one before it would', (stage, verification) => {
    const acted = happen(started(), 1, ...diagnosed(), planned(), ...[0, 1].flatMap((i) => [begun(i), applied(i)]));
    const recovered = decided(happen(happen(acted, 3, verified('pass', true)), 3, { kind: 'released' })).record;
    expect(recovered.recovered?.by).toBe('remedy');
    const { record } = decided(
      happen(
        recovered,
        5,
        planned(2, 'rollback to revision 2', plans),
        ...[0, 1, 2].flatMap((i) => [begun(i, 2), applied(i, 2)]),
        { ...verification, n: 2 } as EventBody,
      ),
    );
    expect(record.attempts[1]?.stage).toBe(stage);
    expect(record.mitigation).toMatchObject({ n: 2, hold: holdPlan.summary, since: record.now });
    const over = happen(record, 3 * 60, alert({ status: 'resolved' }));
    expect(decided(over).record.closed).toBeNull();
  });
});

describe('a remedy that failed under a hold', () => {
  const failed = happen(
    started(),
    1,
    ...diagnosed(),
    planned(1, 'raise-memory', plans),
    ...[0, 1, 2].flatMap((i) => [begun(i), applied(i)]),
    verified('fail'),
    assessed(false),
  );

  test('leaves no hold', () => {
    const undone = happen(failed, 4, ...undoFinished(1), ...undoFinished(0), { kind: 'released' });
    expect(undone.attempts[0]?.stage).toBe('undone');
    expect(decided(undone).decision.target).toMatchObject({ name: 'diagnose' });
  });

  test('keeps its hold where another hand has changed the object since: its owner would write over that', () => {
    const refused = happen(failed, 4, ...undoFinished(1, 'refused'));
    expect(refused.attempts[0]?.stage).toBe('undo-refused');
    const { record } = decided(happen(refused, 5, { kind: 'released' }, ordered('close')));
    expect(standingChanges(record)).toEqual([holdPlan.summary, raisePlan.summary]);
    expect(pageOf(record, 'k').patch).toContain('2Gi');
  });
});
