import { describe, expect, test } from '@jest/globals';
import { emptyRecord } from '../../src/recovery/record.ts';
import { finding } from './samples.ts';
import { alert, applied, at, begun, decided, diagnosed, happen, ordered, planned, started } from './story.ts';

describe('the deadline', () => {
  test('counts from when the earliest trigger alert began, not from its arrival', () => {
    expect(started({ minutes: 3 }).episode).toMatchObject({ brokenSince: at(0), deadline: at(15) });
  });

  test('moves earlier with an alert that began earlier', () => {
    const record = happen(started(), 2, alert({ fingerprint: 'f2', startsAt: at(-4) }));
    expect(record.episode).toMatchObject({ brokenSince: at(-4), deadline: at(11) });
  });

  test('never moves later with an alert that began later, or one that is only related', () => {
    const later = happen(started(), 5, alert({ fingerprint: 'f2', startsAt: at(5) }));
    expect(later.episode.deadline).toBe(at(15));
    const related = happen(started(), 5, alert({ fingerprint: 'f3', startsAt: at(-9), role: 'related' }));
    expect(related.episode.deadline).toBe(at(15));
  });

  test('that a person gave stands, whatever alerts join', () => {
    const given = happen(emptyRecord, 0, {
      kind: 'opened',
      recoveryId: 'r@12345678',
      workflowId: 'r',
      cluster: 'default',
      runbookName: 'r',
      target: null,
      startedBy: 'person',
      brokenSince: at(0),
      deadline: at(2),
      deadlineGiven: true,
    });
    expect(happen(given, 1, alert({ startsAt: at(1) })).episode.deadline).toBe(at(2));
  });
});

describe('an attempt', () => {
  const applying = happen(started(), 1, ...diagnosed(), planned(), begun());

  test('remembers the step of each action, which is its event', () => {
    expect(applying.attempts[0]?.actions).toEqual([{ i: 0, step: applying.seq, outcome: 'started' }]);
  });

  test('whose write has no answer may have changed something', () => {
    const unknown = happen(applying, 2, { kind: 'action-finished', n: 1, i: 0, outcome: 'unknown' });
    expect(unknown.attempts[0]).toMatchObject({ stage: 'failed', actions: [{ outcome: 'unknown' }] });
    expect(happen(unknown, 2, ordered('undo')).attempts[0]?.stage).toBe('undoing');
  });

  test('that is undone asks for a new diagnosis', () => {
    const undone = happen(applying, 2, ordered('undo'), applied(), {
      kind: 'undo-finished',
      n: 1,
      i: 0,
      outcome: 'undone',
    });
    expect(undone.diagnosisStale).toBe(true);
    expect(happen(undone, 3, ...diagnosed(2)).diagnosisStale).toBe(false);
  });

  test('that waits falls away when the target gets well by itself, and does not count as tried', () => {
    const asked = decided(happen(started({ mode: 'approve' }), 1, ...diagnosed(), planned())).record;
    expect(asked.attempts[0]?.stage).toBe('asked');
    const well = happen(asked, 2, { kind: 'recovered', by: 'itself' });
    expect(well.attempts[0]?.stage).toBe('withdrawn');
  });

  test('approved under a page is ordered by a person, else it only was allowed', () => {
    const asked = decided(happen(started({ mode: 'approve' }), 1, ...diagnosed(), planned())).record;
    expect(happen(asked, 2, ordered('approve')).attempts[0]).toMatchObject({
      stage: 'approved',
      approval: { by: ['ana'], ordered: false },
    });
    const underPage = happen(asked, 2, { kind: 'rung-due', rung: 0, why: 'the deadline has passed' });
    expect(happen(underPage, 3, ordered('approve')).attempts[0]?.approval?.ordered).toBe(true);
  });
});

describe('a snapshot', () => {
  test('begins the fold of the next run with everything, and numbers go on', () => {
    const record = happen(started(), 1, ...diagnosed(), planned(), begun(), ordered('undo'));
    const next = happen(record, 2, { kind: 'snapshot', record });
    expect(next).toEqual({ ...record, seq: record.seq + 1, now: at(2) });
    expect(happen(next, 3, applied()).seq).toBe(record.seq + 2);
  });
});

test('a finding that came without a runbook entry leaves nothing to try, and loses nothing', () => {
  const record = happen(started(), 1, ...diagnosed(1, { ...finding, cause: 'dns-failure', key: 'dns||' }));
  expect(record.findings?.[0]?.cause).toBe('dns-failure');
});
