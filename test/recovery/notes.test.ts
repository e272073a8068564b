import { describe, expect, test } from '@jest/globals';
import { noteOf } from '../../src/recovery/notes.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { raisePlan, smallRunbook, waitPlan, withLadder } from './samples.ts';
import {
  alert,
  applied,
  at,
  begun,
  decidedAt,
  diagnosed,
  happen,
  paged,
  planned,
  started,
  verified,
  watched,
} from './story.ts';

const runbook = smallRunbook(withLadder);

/** Mended by its first remedy at minute 4. */
function mended(record = started({ runbook })): RecoveryRecord {
  const plans = [raisePlan, waitPlan];
  const tried = happen(
    record,
    2,
    ...diagnosed(),
    planned(1, 'raise-memory', plans),
    begun(0),
    applied(0),
    begun(1),
    applied(1),
  );
  return decidedAt(happen(tried, 4, verified('pass', true)), 4).record;
}

function next(record: RecoveryRecord, minutes: number) {
  return decidedAt(record, minutes).decision.people;
}

const failed = { kind: 'message-failed', step: 'note', notifier: 'chat', error: 'no' } as const;

describe('a note about a recovery that paged nobody', () => {
  test('is one sentence: what, after how long, by what', () => {
    expect(next(mended(), 4)).toEqual({ name: 'note', notifier: 'chat' });
    expect(noteOf(mended())).toBe(
      'RECOVERED bruno/deployment/agent-bruno after 4 min, nobody was paged: raise-memory for oom-killed verified.',
    );
    const itself = decidedAt(
      happen(started({ runbook }), 3, { kind: 'step-started', lane: 'target', step: 'look' }, watched(true)),
      3,
    );
    expect(noteOf(itself.record)).toContain('it is healthy again by itself');
  });

  test('is told once, by the first that takes it', () => {
    const refused = happen(mended(), 5, failed);
    expect(next(refused, 5)).toEqual({ name: 'note', notifier: 'log' });
    expect(next(happen(refused, 5, { kind: 'note-sent', notifier: 'log' }), 6)).toBeNull();
  });

  test('goes round its list once, and holds the end up no longer', () => {
    const resolved = happen(mended(), 5, alert({ status: 'resolved' }), failed, { ...failed, notifier: 'log' });
    expect(next(resolved, 6)).toBeNull();
    const over = happen(resolved, 7, { kind: 'released' });
    expect(decidedAt(over, 40).record.closed?.outcome).toBe('recovered');
  });

  test('is not told where the runbook asks for none, a person started it, or people were paged', () => {
    expect(next(mended(started()), 4)).toBeNull();
    expect(next({ ...mended(), startedBy: 'person' }, 4)).toBeNull();
    const late = happen(decidedAt(happen(started({ runbook }), 1, ...diagnosed()), 16).record, 16, ...paged);
    const well = happen(late, 17, { kind: 'step-started', lane: 'target', step: 'look' }, watched(true));
    expect(next(well, 17)?.name).toBe('resolve-page');
    expect(
      next(happen(well, 17, { kind: 'page-resolved', page: 1, notifier: 'webhook', reason: 'r' }), 18)?.name,
    ).not.toBe('note');
  });

  test('is told again of the next recovery, after a relapse', () => {
    const noted = happen(mended(), 5, { kind: 'note-sent', notifier: 'chat' });
    const broken = decidedAt(happen(noted, 8, alert({ startsAt: at(8) }), watched(false)), 8).record;
    const again = decidedAt(
      happen(broken, 9, { kind: 'step-started', lane: 'target', step: 'look' }, watched(true)),
      9,
    ).record;
    expect(again.recovered?.at).toBe(at(9));
    expect(next(again, 9)).toEqual({ name: 'note', notifier: 'chat' });
  });
});
