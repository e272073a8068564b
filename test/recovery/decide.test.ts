import { describe, expect, test } from '@jest/globals';
import type { EventBody } from '../../src/recovery/events.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { finding, raisePlan, smallRunbook } from './samples.ts';
import {
  alert,
  applied,
  assessed,
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

/** Planned and its first action begun, at minute 1. */
const applying = happen(started(), 1, ...diagnosed(), planned(), begun());
/** Both actions applied. */
const bothApplied = happen(applying, 1, applied(), begun(1), applied(1));
const verifying = happen(bothApplied, 1, { kind: 'step-started', lane: 'target', step: 'verify' });
/** The first remedy is undone, the target diagnosed again with the same finding. */
const firstUndone = happen(
  bothApplied,
  3,
  verified('fail'),
  assessed(false),
  ...undoFinished(0),
  { kind: 'released' },
  ...diagnosed(2),
);
const refused: EventBody = {
  kind: 'remedy-refused',
  n: 1,
  cause: finding.cause,
  remedy: 'raise-memory',
  findingKey: finding.key,
  code: 'refused',
  reason: 'the limit is at its cap',
};

interface Row {
  situation: string;
  record: RecoveryRecord;
  minutes: number;
  target?: object | null;
  people?: object | null;
  stops?: boolean;
}

const rows: Row[] = [
  {
    situation: 'a runbook that is loaded leads to a diagnosis',
    record: started(),
    minutes: 0,
    target: { name: 'diagnose', round: 1 },
  },
  {
    situation: 'a diagnosis that was classified leads to the plan of the first remedy of its cause',
    record: happen(started(), 1, ...diagnosed()),
    minutes: 1,
    target: { name: 'plan', n: 1, remedy: 'raise-memory', findingKey: finding.key },
  },
  {
    situation: 'a plan that needs nobody is applied from its first action on',
    record: happen(started(), 1, ...diagnosed(), planned()),
    minutes: 1,
    target: { name: 'apply', n: 1, i: 0 },
  },
  {
    situation: 'the second action follows when the first is applied',
    record: happen(applying, 2, applied()),
    minutes: 2,
    target: { name: 'apply', n: 1, i: 1 },
  },
  {
    situation: 'a remedy whose actions are all applied is verified',
    record: bothApplied,
    minutes: 2,
    target: { name: 'verify', n: 1 },
  },
  {
    situation: 'a plan that safety refuses gives way to the next remedy',
    record: happen(started(), 1, ...diagnosed(), refused),
    minutes: 1,
    target: { name: 'plan', n: 2, remedy: 'roll-back' },
  },
  {
    situation: 'a remedy that was undone is not repeated for the same finding',
    record: firstUndone,
    minutes: 3,
    target: { name: 'plan', n: 2, remedy: 'roll-back' },
  },
  {
    situation: 'a remedy is tried again where another finding speaks for it',
    record: happen(firstUndone, 4, ...diagnosed(3, { ...finding, key: 'oom-killed|sidecar|memory' })),
    minutes: 4,
    target: { name: 'plan', n: 2, remedy: 'raise-memory' },
  },
  {
    situation: 'a remedy that did not verify is looked at before it is undone',
    record: happen(bothApplied, 2, verified('fail')),
    minutes: 2,
    target: { name: 'assess', n: 1 },
  },
  {
    situation: 'a remedy that made nothing better is undone',
    record: happen(bothApplied, 2, verified('fail'), assessed(false)),
    minutes: 2,
    target: { name: 'undo', n: 1, i: 0 },
  },
  {
    situation: 'a remedy that made the target better without verifying stays, and the target is diagnosed anew',
    record: happen(bothApplied, 2, verified('fail', true)),
    minutes: 2,
    target: { name: 'release' },
  },
  {
    situation: 'at the deadline a verification in flight goes on until people were told',
    record: verifying,
    minutes: 15,
    target: null,
    people: { name: 'page', rung: 0, notifier: 'webhook' },
    stops: false,
  },
  {
    situation: 'once the page was handed over the verification is stopped',
    record: happen(decidedAt(verifying, 15).record, 15, ...paged),
    minutes: 15,
    stops: true,
  },
  {
    situation: 'an interrupted remedy is looked at before it stays or goes',
    record: happen(decidedAt(verifying, 15).record, 15, ...paged, {
      kind: 'step-stopped',
      lane: 'target',
      step: 'verify',
    }),
    minutes: 15,
    target: { name: 'assess', n: 1 },
  },
  {
    situation: 'an interrupted remedy that made the target better is verified under the page',
    record: happen(
      decidedAt(verifying, 15).record,
      15,
      ...paged,
      { kind: 'step-stopped', lane: 'target', step: 'verify' },
      assessed(true),
    ),
    minutes: 15,
    target: { name: 'verify', n: 1 },
  },
  {
    situation: 'an undo in flight is not stopped by the deadline',
    record: happen(bothApplied, 14, verified('fail'), assessed(false), {
      kind: 'undo-started',
      n: 1,
      i: 0,
      why: 'it did not help',
    }),
    minutes: 15,
    people: { name: 'page', rung: 0 },
    stops: false,
  },
  {
    situation: 'after a page a remedy waits for an order, however little it asks of people otherwise',
    record: happen(decidedAt(happen(started(), 1, ...diagnosed()), 15).record, 16, ...paged, planned()),
    minutes: 16,
    target: { name: 'look' },
    people: { name: 'ask', n: 1 },
  },
  {
    situation: 'what is held back is tried again after a pause, and is no try',
    record: happen(applying, 2, { kind: 'held-back', n: 1, i: 0, why: 'paused' }),
    minutes: 3,
    target: { name: 'apply', n: 1, i: 0 },
  },
];

describe('what is done next', () => {
  test.each(rows)('$situation', ({ record, minutes, target, people, stops }) => {
    const { decision } = decidedAt(record, minutes);
    if (target !== undefined) expect(decision.target).toEqual(target === null ? null : expect.objectContaining(target));
    if (people !== undefined) expect(decision.people).toEqual(people === null ? null : expect.objectContaining(people));
    if (stops !== undefined) expect(decision.stopTarget).toBe(stops);
  });

  test('a question or news in flight is stopped when a page is due, and not before', () => {
    const asking = happen(decided(happen(started({ mode: 'approve' }), 9, ...diagnosed(), planned())).record, 9, {
      kind: 'step-started',
      lane: 'people',
      step: 'ask',
    });
    expect(decidedAt(asking, 14).decision.stopPeople).toBe(false);
    expect(decidedAt(asking, 15).decision.stopPeople).toBe(true);
  });
});

describe('when people are paged', () => {
  test('at once when nothing is left to try', () => {
    const record = happen(started(), 1, ...diagnosed(1, { ...finding, cause: 'unknown', key: 'unknown||' }));
    expect(decided(record).facts).toEqual([{ kind: 'rung-due', rung: 0, why: 'nothing is left to try for unknown' }]);
  });

  test('at once when a fault does not pass by itself, not for one that does', () => {
    const failing = (code: string) =>
      happen(started(), 1, {
        kind: 'step-failed',
        lane: 'target',
        step: 'diagnose',
        error: { code, message: 'pods is forbidden' },
      });
    expect(decided(failing('forbidden')).facts).toMatchObject([{ kind: 'rung-due' }]);
    expect(decided(failing('unavailable')).facts).toEqual([]);
    expect(decided(failing('timeout')).facts).toEqual([]);
  });

  test('at once when an undo was refused: a change stands that did not help', () => {
    const record = happen(bothApplied, 2, verified('fail'), assessed(false), ...undoFinished(0, 'refused'));
    const { facts } = decided(record);
    expect(facts).toMatchObject([{ kind: 'rung-due', why: 'undoing raise-memory was not possible' }]);
  });

  test('never before the deadline in observe mode, whatever is left to try', () => {
    const record = happen(started({ mode: 'observe' }), 1, ...diagnosed(1, { ...finding, cause: 'unknown' }));
    expect(decidedAt(record, 14.9).facts).toEqual([]);
    expect(decidedAt(record, 15).facts).toMatchObject([{ kind: 'deadline-passed' }, { kind: 'rung-due' }]);
  });

  test('never in observe mode by a write: the plan is shown, and the target watched', () => {
    const record = happen(started({ mode: 'observe' }), 1, ...diagnosed(), planned());
    expect(decidedAt(record, 1).decision).toMatchObject({ target: null, people: null });
    expect(decidedAt(record, 2).decision.target).toEqual({ name: 'look' });
    expect(decidedAt(happen(record, 2, watched(true)), 2).facts).toMatchObject([{ kind: 'recovered', by: 'itself' }]);
  });

  test('not when a remedy verified in time', () => {
    const { record, facts } = decided(happen(bothApplied, 14, verified('pass', true)));
    expect(facts).toEqual([{ kind: 'recovered', by: 'remedy' }]);
    expect(decidedAt(record, 20).record.pages).toEqual([]);
  });

  test('at the deadline of the second time when the target breaks again', () => {
    const recovered = decided(happen(bothApplied, 5, verified('pass', true))).record;
    const { record, facts } = decided(happen(recovered, 8, watched(false)));
    expect(facts).toEqual([{ kind: 'relapsed', brokenSince: at(8), deadline: at(23) }]);
    expect(decidedAt(record, 22.9).facts).toEqual([]);
    expect(decidedAt(record, 23).facts).toMatchObject([{ kind: 'deadline-passed' }, { kind: 'rung-due' }]);
  });

  test('and by every rung of the ladder in its turn, counted from the first', () => {
    const rungs = [
      { after: '15m', notify: ['webhook'] },
      { after: '25m', notify: ['webhook'] },
    ];
    const runbook = smallRunbook((content) => ({
      ...content,
      spec: { ...content.spec, escalation: { ...content.spec.escalation, rungs } },
    }));
    const broken = happen(started({ runbook }), 1, ...diagnosed(1, { ...finding, cause: 'unknown' }));
    const early = happen(decided(broken).record, 1, ...paged);
    expect(decidedAt(early, 10.9).facts).toEqual([]);
    expect(decidedAt(early, 11).facts).toEqual([
      { kind: 'rung-due', rung: 1, why: '25m passed, and nobody has acknowledged' },
    ]);
  });
});

describe('what is undone', () => {
  test('the last action first', () => {
    const second = { ...raisePlan, summary: 'a second change' };
    const record = happen(
      started(),
      2,
      ...diagnosed(),
      planned(1, 'raise-memory', [raisePlan, second]),
      begun(0),
      applied(0),
      begun(1),
      applied(1),
      verified('fail'),
      assessed(false),
    );
    expect(decided(record).decision.target).toMatchObject({ name: 'undo', i: 1 });
    expect(decided(happen(record, 2, ...undoFinished(1))).decision.target).toMatchObject({ name: 'undo', i: 0 });
  });

  test('is decided by a look where people were paged in the middle of a remedy: its next write would need an order', () => {
    const halfDone = happen(started(), 1, ...diagnosed(), planned(), begun(), applied());
    const early: EventBody = { kind: 'rung-due', rung: 0, why: 'undo is not possible: no rights' };
    expect(decided(halfDone).decision.target).toMatchObject({ name: 'apply', i: 1 });
    expect(decided(happen(halfDone, 2, early, ...paged)).decision.target).toEqual({ name: 'assess', n: 1 });
  });

  test('nothing while its outcome cannot be told: it stands, is named, and an undo is offered', () => {
    const { record, decision } = decided(happen(bothApplied, 2, verified('unknown', 'unknown')));
    expect(record.attempts[0]).toMatchObject({ stage: 'unproven' });
    expect(decision.target).not.toMatchObject({ name: 'undo' });
    expect(decided(happen(record, 3, ordered('undo'))).decision.target).toMatchObject({ name: 'undo', n: 1, i: 0 });
  });

  test('a verified remedy, when a person orders it while it settles', () => {
    const settling = decided(happen(bothApplied, 2, verified('pass', true), { kind: 'released' })).record;
    const { decision } = decided(happen(settling, 3, ordered('undo')));
    expect(decision.target).toMatchObject({ name: 'undo', n: 1, i: 0, why: 'ordered by ana' });
  });

  const nothingWritten: EventBody[] = [
    { kind: 'action-finished', n: 1, i: 0, outcome: 'failed', error: { code: 'forbidden', message: 'no' } },
    { kind: 'action-finished', n: 1, i: 0, outcome: 'unchanged' },
    { kind: 'held-back', n: 1, i: 0, why: 'paused' },
    { kind: 'replanned', n: 1, i: 0, plan: raisePlan, digest: 'new' },
  ];
  test.each(nothingWritten)(
    'and a write that was stopped having changed nothing ($kind) leaves nothing to undo',
    (end) => {
      for (const order of ['undo', 'cancel'] as const) {
        const { record } = decided(happen(applying, 2, ordered(order), end));
        expect(record.attempts[0]?.stage).toBe('undone');
      }
    },
  );
});

describe('how it ends', () => {
  test('a cancelled recovery stops, undoes, gives the lease back, looks, pages when broken, and closes', () => {
    const cancelled = happen(applying, 2, ordered('cancel'));
    expect(decided(cancelled).decision.stopTarget).toBe(true);
    const stopped = happen(cancelled, 2, applied());
    expect(decided(stopped).decision.target).toMatchObject({ name: 'undo' });
    const undone = happen(stopped, 2, ...undoFinished(0));
    expect(decided(undone).decision.target).toEqual({ name: 'release' });
    const looked = happen(undone, 2, { kind: 'released' }, watched(false));
    const { record, decision } = decided(looked);
    expect(decision).toMatchObject({ people: { name: 'page' }, finished: false });
    const { facts } = decided(happen(record, 2, ...paged));
    expect(facts).toMatchObject([{ kind: 'closed', outcome: 'cancelled', standing: [] }]);
  });

  test('a cancelled recovery of a target that is healthy pages nobody', () => {
    const record = happen(started(), 2, ordered('cancel'), watched(true));
    const { facts } = decided(record);
    expect(facts).toMatchObject([{ kind: 'recovered' }, { kind: 'closed', outcome: 'cancelled' }]);
  });

  test('a closed recovery names every change that stands', () => {
    const record = happen(bothApplied, 2, verified('unknown', 'unknown'), { kind: 'released' }, ordered('close'));
    expect(decided(record).facts).toMatchObject([{ kind: 'closed', outcome: 'closed', standing: [raisePlan.summary] }]);
  });

  test('a recovery stays open while its alerts fire, a day at most', () => {
    const recovered = decided(happen(bothApplied, 5, verified('pass', true), { kind: 'released' })).record;
    const looked = happen(recovered, 40, watched(true));
    expect(decided(looked).facts).toEqual([]);
    expect(decided(happen(looked, 41, alert({ status: 'resolved' }), watched(true))).facts).toMatchObject([
      { kind: 'closed', outcome: 'recovered' },
    ]);
    expect(decidedAt(happen(looked, 5 + 24 * 60, watched(true)), 5 + 24 * 60).facts).toMatchObject([
      { kind: 'closed', outcome: 'recovered' },
    ]);
  });
});
