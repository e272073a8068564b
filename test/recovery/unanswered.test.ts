import { describe, expect, test } from '@jest/globals';
import type { EventBody } from '../../src/recovery/events.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { approve, asked as askedProcedure, plannedAs, scaleDown } from './procedure-story.ts';
import { raisePlan, smallRunbook } from './samples.ts';
import { applied, begun, decided, decidedAt, diagnosed, happen, planned, started, undoFinished } from './story.ts';

/** A question in mid-remedy that nobody answers: what was done is taken back, and people are called as ever. */

const second = { ...raisePlan, summary: 'raise it further' };

function runbook(onExpiry: 'escalate' | 'next') {
  return smallRunbook(({ spec, ...rest }) => ({
    ...rest,
    spec: {
      ...spec,
      causes: spec.causes.map((entry) => ({
        ...entry,
        remedies: entry.remedies.map((remedy) => ({
          ...remedy,
          approval: remedy.name === 'raise-memory' ? { quorum: 1, expires: '5m', onExpiry } : remedy.approval,
        })),
      })),
    },
  }));
}

const anew: EventBody = { kind: 'replanned', n: 1, i: 1, plan: { ...second, ask: 'the tag has moved' }, digest: 'two' };
const yes = (): EventBody => ({
  ...{ kind: 'order', id: 'yes', name: 'approve', actor: 'ana', verified: false, args: {}, accepted: true },
});

/** Its first action is done, and the plan of its second has changed: people are asked again at minute 3. */
function askedInMidRemedy(onExpiry: 'escalate' | 'next'): RecoveryRecord {
  const plans = planned(1, 'raise-memory', [raisePlan, second]);
  const asked = decided(happen(started({ runbook: runbook(onExpiry) }), 1, ...diagnosed(), plans)).record;
  const again = decided(happen(asked, 3, yes(), begun(), applied(), begun(1), anew)).record;
  expect(again.attempts[0]).toMatchObject({ stage: 'asked', approval: { digest: 'two' } });
  return again;
}

describe('a question in mid-remedy that nobody answers in time', () => {
  test('pages at once, while what was done is taken back', () => {
    const { record, facts, decision } = decidedAt(askedInMidRemedy('escalate'), 8);
    expect(facts).toMatchObject([
      { kind: 'approval-expired', n: 1 },
      {
        kind: 'rung-due',
        rung: 0,
        why: expect.stringContaining('nobody answered the approval of raise-memory in time'),
      },
    ]);
    expect(decision.target).toMatchObject({ name: 'undo', n: 1, i: 0, why: 'nobody answered in time' });
    expect(decision.people?.name).toBe('page');
    expect(record.attempts[0]).toMatchObject({ stage: 'undoing', unanswered: true });
    const undone = happen(record, 8, ...undoFinished(0));
    expect(undone.attempts[0]).toMatchObject({ stage: 'undone', unanswered: true });
  });

  test('goes on with the next remedy where the runbook says so', () => {
    const { record, facts, decision } = decidedAt(askedInMidRemedy('next'), 8);
    expect(facts.map(({ kind }) => kind)).toEqual(['approval-expired']);
    expect(decision.target).toMatchObject({ name: 'undo', n: 1, i: 0 });
    const after = decided(happen(record, 8, ...undoFinished(0), { kind: 'released' }, ...diagnosed(2)));
    expect(after.facts).toEqual([]);
    expect(after.decision.target).toMatchObject({ name: 'plan', n: 2, remedy: 'roll-back' });
  });

  test('of a procedure pages as well', () => {
    const two = plannedAs([scaleDown, second]);
    const under = happen(askedProcedure(two), 1, approve(), begun(), applied(), begun(1), anew);
    const again = decided(under).record;
    expect(again.attempts[0]?.stage).toBe('asked');
    const { record, facts, decision } = decidedAt(again, 31);
    expect(decision.target).toMatchObject({ name: 'undo', n: 1, i: 0 });
    const whys = facts.flatMap((fact) => (fact.kind === 'rung-due' ? [fact.why] : []));
    expect(whys).toEqual([expect.stringContaining('nobody answered the approval of restore in time')]);
    expect(record.attempts[0]).toMatchObject({ stage: 'undoing', unanswered: true });
  });
});
