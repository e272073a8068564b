import { describe, expect, test } from '@jest/globals';
import { detailsOf } from '../../src/recovery/details.ts';
import { fold, nextEvent } from '../../src/recovery/fold.ts';
import { type Order, possibleOrders, refusalOf } from '../../src/recovery/orders.ts';
import { pageOf } from '../../src/recovery/page.ts';
import { lookedAtPoints, postRecoveryEvent, postRecoveryItems } from '../../src/recovery/post-recovery.ts';
import { emptyRecord, type RecoveryRecord } from '../../src/recovery/record.ts';
import { runbookSuggestions } from '../../src/recovery/runbook-suggestions.ts';
import type { PostRecoveryItem } from '../../src/recovery/values.ts';
import { finding, raisePlan, smallRunbook, withPostRecovery } from './samples.ts';
import {
  applied,
  at,
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
  watched,
} from './story.ts';

const runbook = smallRunbook(withPostRecovery);
const resolved = {
  kind: 'alert-received',
  fingerprint: 'f1',
  name: 'AgentBrunoPodCrashLooping',
  status: 'resolved',
} as const;

/** Raised and verified at minute 3; the runbook fills in its points at minute 8. */
function recovered(content = runbook): RecoveryRecord {
  const raised = happen(
    started({ runbook: content }),
    2,
    ...diagnosed(),
    planned(),
    begun(),
    applied(),
    begun(1),
    applied(1),
  );
  return decided(happen(raised, 3, verified('pass', true), { kind: 'released' })).record;
}

const seen: PostRecoveryItem[] = ['function', 'metrics', 'logs'].map((id) => ({
  id,
  text: id,
  state: 'done',
  saw: `saw ${id}`,
}));

/** A look was just taken, so that the next step is not another. */
function lookedAt(record: RecoveryRecord, minutes: number): RecoveryRecord {
  return happen(record, minutes, watched(true));
}

function filled(record = recovered()): RecoveryRecord {
  return happen(record, 8, postRecoveryEvent(record, seen));
}

describe('the points after a recovery', () => {
  test('are looked at once the target has stood for the time of the runbook, not before', () => {
    expect(decidedAt(lookedAt(recovered(), 7.9), 7.95).decision.target).toBeNull();
    expect(decidedAt(lookedAt(recovered(), 7.9), 8).decision.target).toEqual({ name: 'post-recovery' });
  });

  test('wake the recovery at their time', () => {
    expect(decidedAt(lookedAt(recovered(), 7.9), 7.95).decision.wakeAt).toBe(at(8));
  });

  test('let a look that is due go first, since it may find the target broken', () => {
    expect(decidedAt(recovered(), 9).decision.target).toEqual({ name: 'look' });
  });

  test('are looked at once', () => {
    expect(decidedAt(lookedAt(filled(), 9), 9.2).decision.target).toBeNull();
  });

  test('are not repeated after they could not be looked at, and say why', () => {
    const error = { code: 'unavailable', message: 'the API server is away' };
    const failed = happen(recovered(), 8, { kind: 'step-failed', lane: 'target', step: 'post-recovery', error });
    expect(postRecoveryItems(failed)[0]).toMatchObject({ id: 'function', state: 'not-possible', saw: error.message });
    expect(decidedAt(lookedAt(failed, 9), 9.2).decision.target).toBeNull();
  });

  test('hold the end up until they were looked at', () => {
    const late = happen(recovered(), 40, { ...resolved, startsAt: at(0), role: 'trigger', labels: {} }, watched(true));
    const { record, decision } = decidedAt(late, 40.1);
    expect(record.closed).toBeNull();
    expect(decision.target).toEqual({ name: 'post-recovery' });
    const after = decided(
      happen(
        record,
        40.2,
        { kind: 'step-started', lane: 'target', step: 'post-recovery' },
        postRecoveryEvent(record, seen),
      ),
    );
    expect(after.record.closed?.outcome).toBe('recovered');
  });

  test('come with the end of settling where that is earlier', () => {
    const soon = smallRunbook((content) => ({
      ...withPostRecovery(content),
      spec: { ...withPostRecovery(content).spec, settle: '1m' },
    }));
    expect(decidedAt(lookedAt(recovered(soon), 3.9), 4).decision.target).toEqual({ name: 'post-recovery' });
  });

  test('are not looked at in observe, nor where the runbook has none', () => {
    const observed = decided(happen(started({ runbook, mode: 'observe' }), 1, ...diagnosed(), watched(true))).record;
    expect(observed.recovered).not.toBeNull();
    expect(decidedAt(lookedAt(observed, 9), 9.1).decision.target).toBeNull();
    expect(decidedAt(lookedAt(recovered(smallRunbook()), 9), 9.1).decision.target).toBeNull();
    expect(postRecoveryItems(recovered(smallRunbook()))).toEqual([]);
  });

  test('are asked anew of the next recovery when the target breaks again', () => {
    const again = decided(happen(filled(), 10, watched(false))).record;
    expect(again.recovered).toBeNull();
    expect(again.postRecovery).toBeUndefined();
    expect(postRecoveryItems(again)).toEqual([]);
  });

  test('are what the activity is given: those that can be looked at, without the rest', () => {
    expect(lookedAtPoints(recovered()).map(({ id }) => id)).toEqual(['function', 'metrics', 'logs']);
  });

  test('a record of an older worker has none and goes on', () => {
    const { postRecovery: _, ...older } = recovered(smallRunbook());
    expect(
      fold(emptyRecord, nextEvent(emptyRecord, { kind: 'snapshot', record: older }, at(9))).postRecovery,
    ).toBeUndefined();
  });
});

describe('what the points say', () => {
  const stateOf = (record: RecoveryRecord) =>
    Object.fromEntries(postRecoveryItems(record).map(({ id, state }) => [id, state]));

  test('before they are looked at: open, with when that is', () => {
    expect(stateOf(recovered())).toEqual({
      function: 'open',
      metrics: 'open',
      logs: 'open',
      'root-cause': 'open',
      runbook: 'done',
      'post-mortem': 'open',
    });
    expect(postRecoveryItems(recovered())[0]?.saw).toBe('looked at 5m after the recovery');
  });

  test('then: what was seen, in the order of the runbook', () => {
    expect(
      postRecoveryItems(filled())
        .slice(0, 3)
        .map(({ saw }) => saw),
    ).toEqual(['saw function', 'saw metrics', 'saw logs']);
  });

  test('the root cause is open until a person says it, with the command', () => {
    const open = postRecoveryItems(filled()).find(({ id }) => id === 'root-cause');
    expect(open).toMatchObject({
      state: 'open',
      saw: expect.stringContaining(
        'kintsugi close recovery/default/bruno/deployment/agent-bruno@12345678 --root-cause',
      ),
    });
    const closing = happen(filled(), 9, { ...ordered('close'), args: { rootCause: 'a leak' } } as ReturnType<
      typeof ordered
    >);
    expect(postRecoveryItems(closing).find(({ id }) => id === 'root-cause')).toMatchObject({
      state: 'done',
      saw: 'a leak',
    });
  });

  test('the post-mortem is for people, and its draft has a command', () => {
    expect(postRecoveryItems(filled()).at(-1)).toMatchObject({
      state: 'open',
      saw: expect.stringMatching(/kintsugi post-mortem recovery/),
    });
  });

  test('they stand in the details and on the page, and on no page of a runbook without them', () => {
    expect(detailsOf(filled())).toContain('- [x] function — done: saw function');
    expect(pageOf(filled(), 'k').postRecovery).toHaveLength(6);
    expect(pageOf(recovered(smallRunbook()), 'k')).not.toHaveProperty('postRecovery');
  });
});

describe('closing a recovery that people were paged for', () => {
  const escalated = (content = runbook) => happen(decidedAt(started({ runbook: content }), 15).record, 15, ...paged);
  const close = (record: RecoveryRecord, args: Order['args'] = {}) =>
    refusalOf(record, { id: 'o', recoveryId: record.recoveryId, name: 'close', actor: 'ana', verified: false, args });

  test('takes the root cause, and the refusal says how', () => {
    expect(close(escalated())).toMatch(/--root-cause TEXT/);
    expect(close(escalated(), { rootCause: '  ' })).toMatch(/--root-cause TEXT/);
    expect(close(escalated(), { rootCause: 'a leak' })).toBeNull();
  });

  test('is offered all the same', () => {
    expect(possibleOrders(escalated())).toContain('close');
  });

  test('takes none where nobody was paged, or the runbook does not ask for it', () => {
    expect(close(recovered())).toBeNull();
    expect(close(escalated(smallRunbook()))).toBeNull();
  });

  test("is never kept from Temporal's cancel", () => {
    const record = escalated();
    const cancel = {
      id: 'o',
      recoveryId: record.recoveryId,
      name: 'cancel' as const,
      actor: 'temporal-ui',
      verified: false,
      args: {},
    };
    expect(refusalOf(record, cancel)).toBeNull();
  });
});

describe('what a recovery suggests for its runbook', () => {
  const broken = started({ runbook });
  const diagnosedAs = (cause: string) => happen(broken, 1, ...diagnosed(1, { ...finding, cause, summary: 'seen' }));
  const undone = happen(
    broken,
    2,
    ...diagnosed(),
    planned(),
    begun(),
    applied(),
    verified('fail'),
    { kind: 'assessed', n: 1, better: false, healthy: false, saw: 'looked' },
    ...undoFinished(0),
  );
  const rollback = { id: 'o1', by: 'ana', verified: false, at: at(3), what: 'rollback to revision 2', calls: [] };
  const helped = {
    ...recovered(),
    attempts: recovered().attempts.map((attempt) => ({ ...attempt, remedy: rollback.what, ordered: rollback })),
  };
  const refused = happen(broken, 2, ...diagnosed(), {
    kind: 'remedy-refused',
    n: 1,
    cause: 'oom-killed',
    remedy: 'raise-memory',
    findingKey: finding.key,
    code: 'refused',
    reason: 'the limit is at its cap',
  });
  const cases: [string, RecoveryRecord, string[]][] = [
    ['nothing where the first remedy helped', recovered(), []],
    [
      'a new cause where none was known',
      diagnosedAs('unknown'),
      ['the cause was not known (seen): see whether an entry of spec.causes is wanting'],
    ],
    [
      'an entry where the cause has none',
      diagnosedAs('dns-failure'),
      ['the cause dns-failure was seen, and spec.causes has no entry for it'],
    ],
    [
      'the remedy that was refused',
      refused,
      ['spec.causes[oom-killed].remedies[raise-memory] was refused (the limit is at its cap)'],
    ],
    [
      'the remedy that was undone, and what else helped',
      decided(happen(undone, 5, watched(true))).record,
      [
        expect.stringMatching(/^spec.causes\[oom-killed\].remedies\[raise-memory\] did not help and was undone/),
        expect.stringMatching(/perhaps a person's own change/),
      ] as unknown as string[],
    ],
    [
      'what a person ordered',
      helped,
      ['rollback to revision 2, ordered by ana, helped: see whether it should be a remedy of spec.causes[oom-killed]'],
    ],
  ];
  test.each(cases)('%s', (_, record, expected) => {
    expect(runbookSuggestions(record)).toEqual(expected);
  });

  test('names no plan or value: only what people wrote in the runbook, and reasons that are shown already', () => {
    expect(runbookSuggestions(helped).join()).not.toContain(raisePlan.summary);
  });
});
