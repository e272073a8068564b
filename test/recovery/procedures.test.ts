import { describe, expect, test } from '@jest/globals';
import { detailsOf } from '../../src/recovery/details.ts';
import type { EventBody } from '../../src/recovery/events.ts';
import { refusalOf } from '../../src/recovery/orders.ts';
import { approvalRequest, pageOf } from '../../src/recovery/page.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import type { Plan } from '../../src/recovery/values.ts';
import {
  approve,
  asked,
  asks,
  factsOf,
  KEY,
  measure,
  plannedAs,
  procedure,
  scaleDown,
  well,
} from './procedure-story.ts';
import { waitPlan } from './samples.ts';
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
  undoFinished,
  verified,
  watched,
} from './story.ts';

describe('a procedure that a person starts', () => {
  test('is planned after the first look at its target, which is classified only where it is not healthy', () => {
    expect(decided(procedure()).decision.target).toEqual({ name: 'diagnose', round: 1 });
    const plan = { name: 'plan', n: 1, cause: 'unknown', remedy: 'restore', findingKey: KEY };
    expect(decided(happen(procedure(), 0, well)).decision.target).toEqual(plan);
    const broken = diagnosed();
    expect(decided(happen(procedure(), 0, ...broken.slice(0, 1))).decision.target).toMatchObject({ name: 'classify' });
    expect(decided(happen(procedure(), 0, ...broken)).decision.target).toEqual({ ...plan, cause: 'oom-killed' });
  });

  test('waits for its approval by its own rule, and a healthy look neither ends the recovery nor takes the plan back', () => {
    const { record, decision } = decidedAt(asked(), 1);
    expect(record.attempts[0]).toMatchObject({ stage: 'asked', approval: { quorum: 1, expiresAt: at(30) } });
    expect(decision).toMatchObject({ fact: null, target: { name: 'look' }, people: { name: 'ask', n: 1 } });
    const seen = decided(happen(record, 1, watched(true)));
    expect(seen).toMatchObject({ facts: [], record: { recovered: null, closed: null } });
    expect(seen.record.attempts[0]?.stage).toBe('asked');
  });

  test('pages nobody at the deadline while the target is well, and somebody as soon as it is not', () => {
    const late = decidedAt(asked(), 16);
    expect(factsOf(late)).toEqual(['deadline-passed']);
    const broken = decided(happen(late.record, 17, watched(false)));
    expect(broken.facts).toEqual([
      { kind: 'rung-due', rung: 0, why: 'the deadline has passed and the target is not healthy' },
    ]);
  });

  test('is done after the approval: verified it has recovered by a person, and ends when it has settled', () => {
    const approved = decided(happen(asked(), 1, approve()));
    expect(approved.decision.target).toEqual({ name: 'apply', n: 1, i: 0 });
    const done = happen(approved.record, 1, begun(), applied(), begun(1), applied(1), verified('pass'));
    const { facts, record } = decided(done);
    expect(facts).toEqual([{ kind: 'recovered', by: 'person' }]);
    const over = decidedAt(happen(record, 2, { kind: 'released' }), 40);
    expect(over.facts.at(-1)).toMatchObject({ kind: 'closed', outcome: 'recovered-by-person' });
  });

  test('counts its target as broken from its first change on: the deadline begins there', () => {
    const { record } = decided(happen(asked(), 20, watched(true), approve()));
    const acting = happen(record, 21, begun());
    expect(acting.episode).toMatchObject({ brokenSince: at(21), deadline: at(36), deadlinePassed: false });
    const { facts, decision } = decidedAt(acting, 36);
    expect(facts.map(({ kind }) => kind)).toEqual(['deadline-passed', 'rung-due']);
    expect(decision.stopTarget).toBe(false);
  });

  test('keeps the deadline of a target that was broken before, and is not interrupted by it', () => {
    const broken = happen(procedure({ approval: 'none' }), 10, ...diagnosed(), plannedAs());
    const acting = happen(broken, 11, begun());
    expect(acting.episode).toMatchObject({ brokenSince: at(0), deadline: at(15) });
    expect(decidedAt(acting, 15).decision.stopTarget).toBe(false);
  });

  test('needs no further approval where its rule is none, and is done without one', () => {
    const { decision } = decided(happen(procedure({ approval: 'none' }), 0, well, plannedAs()));
    expect(decision.target).toEqual({ name: 'apply', n: 1, i: 0 });
  });

  test('in observe ends at its plan', () => {
    const { facts } = decided(happen(procedure({ mode: 'observe' }), 0, well, plannedAs()));
    expect(facts).toMatchObject([
      { kind: 'procedure-ended', outcome: 'observed', asBefore: true },
      { kind: 'closed', outcome: 'observed', why: expect.stringContaining('observe') },
    ]);
  });

  test('that changes nothing to be verified is done with its last action', () => {
    const exported: Plan = { ...waitPlan, action: 'export-state', summary: 'export the state' };
    const record = happen(asked(plannedAs([exported])), 1, approve(), begun(), applied(), { kind: 'released' });
    expect(decided(record).facts).toMatchObject([
      { kind: 'procedure-ended', outcome: 'done' },
      { kind: 'closed', outcome: 'done' },
    ]);
  });
});

describe('a procedure that is not done', () => {
  const refused: EventBody = {
    kind: 'remedy-refused',
    ...{
      n: 1,
      cause: 'unknown',
      remedy: 'restore',
      findingKey: KEY,
      code: 'not-found',
      reason: 'there is no snapshot',
    },
  };

  test('because its plan is refused ends at once with the reason, healthy or not, and pages nobody', () => {
    for (const seen of [[well], diagnosed()]) {
      const { facts } = decided(happen(procedure(), 0, ...seen, refused));
      expect(facts).toMatchObject([
        { kind: 'procedure-ended', outcome: 'not-done', asBefore: true, why: 'there is no snapshot' },
        { kind: 'closed', outcome: 'not-done', why: 'there is no snapshot' },
      ]);
    }
  });

  test('because it was rejected ends at once', () => {
    const { facts } = decided(happen(asked(), 1, ordered('reject')));
    expect(facts.at(-1)).toMatchObject({ kind: 'closed', outcome: 'not-done', why: 'rejected by ana' });
  });

  test('because nobody answered pages where its rule says so, and ends when that was told', () => {
    const { record, facts } = decidedAt(asked(), 31);
    expect(factsOf({ facts })).toEqual(['deadline-passed', 'approval-expired', 'procedure-ended', 'rung-due']);
    expect(facts.at(-1)).toMatchObject({ why: 'nobody answered the approval of restore in time' });
    expect(pageOf(record, 'k').title).toBe('bruno/agent-bruno: restore: nobody answered in time');
    const told = decided(happen(record, 31, ...paged));
    expect(told.facts.at(-1)).toMatchObject({ kind: 'closed', outcome: 'not-done' });
    const quiet = decidedAt(asked(plannedAs(), { approval: { ...asks, onExpiry: 'next' } }), 31);
    expect(factsOf(quiet)).toEqual(['deadline-passed', 'approval-expired', 'procedure-ended', 'closed']);
  });

  /** Its second action failed, and everything was undone. */
  function undone(): RecoveryRecord {
    const failed: EventBody = {
      kind: 'action-finished',
      n: 1,
      i: 1,
      outcome: 'failed',
      error: { code: 'timeout', message: 'no pod came' },
    };
    const { record, decision } = decided(happen(asked(), 1, approve(), begun(), applied(), begun(1), failed));
    expect(decision.target).toMatchObject({ name: 'undo', n: 1, i: 0, why: 'no pod came' });
    const begin: EventBody = { kind: 'undo-started', n: 1, i: 0, why: 'no pod came' };
    return happen(record, 2, begin, { kind: 'undo-finished', n: 1, i: 0, outcome: 'undone' }, { kind: 'released' });
  }

  test('is undone without asking whether half of it is better, and looked at until the target is as before', () => {
    const { decision } = decided(undone());
    expect(decision.target).toEqual({ name: 'look' });
    const back: EventBody = { kind: 'watched', healthy: false, broken: false, saw: '1 of 1 pods ready', measure };
    const { facts } = decided(happen(undone(), 2.2, back));
    expect(facts.at(-1)).toMatchObject({
      kind: 'closed',
      outcome: 'not-done',
      why: 'no pod came; everything was undone',
      standing: [],
    });
  });

  test('pages as soon as the target has not come back, tells what it was about, and goes on', () => {
    const gone: EventBody = {
      kind: 'watched',
      healthy: false,
      broken: true,
      saw: '0 of 1 pods ready',
      measure: { ...measure, ready: 0 },
    };
    const away = decided(happen(undone(), 2.2, gone));
    expect(away).toMatchObject({ facts: [], record: { closed: null } });
    const { facts, record } = decided(happen(away.record, 3.1, gone));
    expect(facts).toMatchObject([
      { kind: 'procedure-ended', outcome: 'not-done', asBefore: false },
      {
        kind: 'rung-due',
        rung: 0,
        why: expect.stringContaining('restore was not done (no pod came; everything was undone)'),
      },
    ]);
    const healed = decided(happen(record, 4, ...paged, watched(true)));
    expect(healed.facts).toEqual([{ kind: 'recovered', by: 'itself' }]);
  });

  test('pages at once where undoing it was refused', () => {
    const failed: EventBody = { kind: 'action-finished', n: 1, i: 1, outcome: 'unknown' };
    const record = happen(asked(), 1, approve(), begun(), applied(), begun(1), failed, ...undoFinished(0, 'refused'));
    const { facts } = decided(record);
    expect(facts).toMatchObject([
      { kind: 'procedure-ended', asBefore: false },
      { kind: 'rung-due', rung: 0 },
    ]);
  });

  test('pages where undoing it was refused, also when the target still looked well after its first change', () => {
    const failed: EventBody = { kind: 'action-finished', n: 1, i: 1, outcome: 'unknown' };
    const before = happen(asked(), 1, approve(), begun(), applied(), watched(true), begun(1), failed);
    const refused = decided(happen(before, 2, ...undoFinished(0, 'refused')));
    expect(refused.facts).toMatchObject([
      { kind: 'procedure-ended', asBefore: false },
      { kind: 'rung-due', rung: 0 },
    ]);
  });

  test('because its recovery is closed in the middle of it is undone before that ends', () => {
    const { record, decision } = decided(happen(asked(), 1, approve(), begun(), applied(), ordered('close')));
    expect(decision.target).toMatchObject({ name: 'undo', n: 1, i: 0, why: 'closed by ana' });
    const { facts } = decided(happen(record, 2, ...undoFinished(0), { kind: 'released' }));
    expect(facts).toMatchObject([{ kind: 'closed', outcome: 'closed', standing: [] }]);
  });

  test('but cannot be verified keeps its change, and pages unless the target is seen healthy since', () => {
    const record = happen(
      asked(),
      1,
      approve(),
      begun(),
      applied(),
      begun(1),
      applied(1),
      verified('unknown', 'unknown'),
      {
        kind: 'released',
      },
    );
    expect(decided(record).facts).toEqual([]);
    const healthy = decided(happen(record, 1.5, watched(true)));
    expect(healthy.facts).toEqual([{ kind: 'recovered', by: 'person' }]);
    expect(factsOf(decidedAt(healthy.record, 3))).toEqual([]);
    expect(factsOf(decidedAt(record, 3))).toEqual(['procedure-ended', 'rung-due']);
  });
});

describe('a target that breaks again after its procedure', () => {
  const done = { verified: verified('pass'), 'left unproven': verified('unknown', 'unknown') };

  test.each(Object.entries(done))('was %s recovers by itself: the procedure has had its end', (_, result) => {
    const ended = happen(asked(), 1, approve(), begun(), applied(), begun(1), applied(1), result, { kind: 'released' });
    const { record } = decided(happen(ended, 1.5, watched(true)));
    expect(record.recovered).toMatchObject({ by: 'person' });
    const broken = decided(happen(record, 5, watched(false, true)));
    expect(broken.record.episode.number).toBe(2);
    expect(decided(happen(broken.record, 6, watched(true))).facts).toEqual([{ kind: 'recovered', by: 'itself' }]);
  });
});

test('a procedure that has recovered its target is not told as not done when a person undoes it later', () => {
  const done = happen(asked(), 1, approve(), begun(), applied(), begun(1), applied(1), verified('pass'));
  const { record } = decided(happen(decided(done).record, 2, { kind: 'released' }, watched(true)));
  const undoing = decided(happen(record, 3, ordered('undo'))).record;
  const refused = happen(undoing, 4, ...undoFinished(0, 'refused'));
  expect(refused.attempts[0]?.stage).toBe('undo-refused');
  expect(factsOf(decided(refused))).not.toContain('procedure-ended');
});

describe('a procedure of high risk', () => {
  const clear: Plan = { ...scaleDown, risk: 'high', dataLoss: 'the conversations since 03:00 are lost' };
  const answer = (actor: string) => ({
    ...{ id: `o-${actor}`, recoveryId: procedure().recoveryId, name: 'approve' as const },
    ...{ actor, verified: false, args: { digest: 'd' } },
  });

  test('is approved by unverified people on a development cluster, by as many different ones as its rule says', () => {
    const approval = { ...asks, quorum: 2 };
    const record = asked(plannedAs([clear], { developmentCluster: true }), { approval });
    expect(refusalOf(record, answer('ana'))).toBeNull();
    const once = decided(happen(record, 1, approve('ana')));
    expect(once.record.attempts[0]?.stage).toBe('asked');
    expect(refusalOf(once.record, answer('Ana '))).toMatch(/Ana has approved restore already: it takes 1 more/);
    expect(decided(happen(once.record, 2, approve('bo'))).decision.target).toEqual({ name: 'apply', n: 1, i: 0 });
  });

  test('elsewhere ends at its plan, and says why', () => {
    const { record, facts } = decided(happen(procedure(), 0, well, plannedAs([clear], { developmentCluster: false })));
    expect(facts.map(({ kind }) => kind)).toEqual(['procedure-ended', 'closed']);
    expect(record.closed).toMatchObject({
      outcome: 'observed',
      why: expect.stringContaining('nobody here can approve'),
    });
    expect(record.attempts[0]).toMatchObject({ stage: 'withdrawn' });
  });

  test('says first what data is lost: in the question, in the page and in the details', () => {
    const record = asked(plannedAs([clear, clear], { developmentCluster: true }));
    const lost = ['the conversations since 03:00 are lost'];
    expect(approvalRequest(record, 1)).toMatchObject({ dataLoss: lost, by: [] });
    expect(pageOf(record, 'k')).toMatchObject({
      dataLoss: lost,
      title: 'bruno/agent-bruno: restore, started by ana',
      procedure: { name: 'restore', by: 'ana', isWell: true },
    });
    expect(detailsOf(record)).toMatch(/^\*\*Data loss:\*\* the conversations since 03:00 are lost\n/);
    expect(detailsOf(record)).toContain('**Procedure:** restore, started by ana');
  });
});
