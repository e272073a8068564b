import { describe, expect, test } from '@jest/globals';
import type { EventBody } from '../../src/recovery/events.ts';
import { possibleOrders } from '../../src/recovery/orders.ts';
import { pageOf } from '../../src/recovery/page.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { findingBy } from '../../src/recovery/steering.ts';
import { raisePlan } from './samples.ts';
import {
  alert,
  applied,
  assessed,
  at,
  begun,
  decided,
  decidedAt,
  diagnosed,
  given,
  happen,
  paged,
  planned,
  refusal,
  started,
  undoFinished,
  verified,
  watched,
} from './story.ts';

/** Both remedies were tried and undone: nothing is left, and people are paged. */
function nothingLeft(): RecoveryRecord {
  const tried = (record: RecoveryRecord, n: number, remedy: string) =>
    happen(
      happen(record, n, ...diagnosed(n), planned(n, remedy, [raisePlan]), begun(0, n), applied(0, n)),
      n,
      { ...verified('fail'), n } as EventBody,
      { ...assessed(false), n } as EventBody,
      ...undoFinished(0, 'undone', n),
      { kind: 'released' },
    );
  const both = tried(tried(started(), 1, 'raise-memory'), 2, 'roll-back');
  return happen(decided(happen(both, 3, ...diagnosed(3))).record, 3, ...paged);
}

describe('retry', () => {
  test('has the remedy that a person names planned next, also one that was tried; approval rules are as ever', () => {
    const paging = nothingLeft();
    expect(paging.pages[0]?.rungs[0]?.why).toBe('nothing is left to try for oom-killed');
    const record = happen(paging, 4, given('retry', { remedy: 'raise-memory' }));
    expect(decided(record).decision.target).toMatchObject({ name: 'plan', n: 3, remedy: 'raise-memory' });
    const again = decided(happen(record, 4, planned(3)));
    expect(again.record.attempts[2]?.retried?.by).toBe('ana');
    expect(again.facts).toMatchObject([{ kind: 'approval-asked', why: expect.stringMatching(/people were paged/) }]);
    expect(again.record.retry).toBeUndefined();
  });

  test('goes before the next in turn, and in place of what only waits for approval', () => {
    const waiting = decided(happen(started({ mode: 'approve' }), 1, ...diagnosed(), planned())).record;
    const record = happen(waiting, 2, given('retry', { remedy: 'roll-back' }));
    expect(record.attempts[0]).toMatchObject({ stage: 'withdrawn', why: 'ana ordered roll-back' });
    expect(decided(record).decision.target).toMatchObject({ name: 'plan', remedy: 'roll-back' });
  });

  test('takes a person at her word for a cause that nobody has seen, and the plan is made for that', () => {
    const unknown = { ...finding(), cause: 'unknown', key: 'unknown|agent-bruno|' };
    const record = happen(started(), 1, ...diagnosed(1, unknown), given('retry', { cause: 'oom-killed' }));
    const { decision } = decided(record);
    expect(decision.target).toMatchObject({
      cause: 'oom-killed',
      remedy: 'raise-memory',
      findingKey: 'oom-killed|named',
    });
    expect(findingBy(record, 'oom-killed|named')).toMatchObject({
      container: 'agent-bruno',
      summary: 'oom-killed, as ana says',
      quotes: [],
    });
    const plan = { ...planned(), findingKey: 'oom-killed|named' } as EventBody;
    expect(findingBy(happen(record, 2, plan), 'oom-killed|named')).not.toBeNull();
  });

  test('is refused with the known names, and while something else is under way', () => {
    const record = happen(started(), 1, ...diagnosed());
    expect(refusal(record, 'retry', { remedy: 'pray' })).toMatch(
      /^the runbook has no such remedy; it has oom-killed: raise-memory, roll-back; possible now: /,
    );
    expect(refusal(record, 'retry', { cause: 'dns-failure' })).toMatch(/no such remedy/);
    expect(refusal(started(), 'retry', { remedy: 'roll-back' })).toMatch(/not diagnosed yet/);
    const acting = happen(record, 1, planned(), begun());
    expect(refusal(acting, 'retry', { remedy: 'roll-back' })).toMatch(/^raise-memory is still under way/);
    expect(refusal(happen(record, 1, watched(true)), 'retry', { remedy: 'roll-back' })).toBeNull();
    expect(refusal(decided(happen(record, 1, watched(true))).record, 'retry')).toMatch(/the target is healthy/);
    expect(refusal(happen(record, 1, given('takeOver')), 'retry')).toMatch(/ana has taken over/);
    expect(possibleOrders(record)).toContain('retry');
    expect(possibleOrders(acting)).not.toContain('retry');
  });
});

describe('extend', () => {
  test('moves the deadline once an episode, and an earlier alert does not take it back', () => {
    const record = happen(started(), 5, ...diagnosed(), given('extend', { by: '10m', reason: 'I am on it' }));
    expect(record.episode.deadline).toBe(at(25));
    expect(decidedAt(record, 24).facts).toEqual([]);
    expect(decidedAt(record, 25).facts.map(({ kind }) => kind)).toContain('rung-due');
    expect(refusal(record, 'extend')).toMatch(/^it was extended once already, by ana for 10m/);
    const earlier = happen(record, 6, alert({ fingerprint: 'f2', startsAt: '2026-01-31T02:59:00.000Z' }));
    expect(earlier.episode.deadline).toBe(at(24));
    const again = decided(happen(decided(happen(record, 7, watched(true))).record, 8, watched(false))).record;
    expect(refusal(again, 'extend')).toBeNull();
  });

  test('is refused where no deadline runs', () => {
    const record = happen(started(), 1, ...diagnosed());
    expect(refusal(decidedAt(record, 15).record, 'extend')).toMatch(/^people are paged already/);
    expect(refusal(nothingLeft(), 'extend')).toMatch(/^people are paged already/);
    expect(refusal(happen(record, 15, { kind: 'tick' }), 'extend')).toMatch(/^the deadline has passed/);
    expect(refusal(decided(happen(record, 1, watched(true))).record, 'extend')).toMatch(/no deadline runs/);
    expect(refusal(happen(record, 1, given('takeOver')), 'extend')).toMatch(/stands still/);
    expect(refusal(happen(record, 1, given('close')), 'extend')).toMatch(/is being closed/);
  });
});

describe('note', () => {
  test('stands in the record and on the page, which is updated', () => {
    const paging = nothingLeft();
    const told = happen(paging, 4, { kind: 'page-updated', notifier: 'webhook', upTo: paging.seq });
    expect(decided(told).decision.people).toBeNull();
    const record = happen(told, 5, given('note', { text: 'Redis was moved today' }));
    expect(decided(record).decision.people).toMatchObject({ name: 'update-page' });
    expect(record.notes).toEqual([{ by: 'ana', at: at(5), text: 'Redis was moved today' }]);
    expect(pageOf(record, 'k').notes).toEqual(record.notes);
  });
});

describe('close', () => {
  test('ends with the outcome that a person names, and says so where the page is resolved', () => {
    const named = happen(nothingLeft(), 5, given('close', { outcome: 'handed-over', rootCause: 'a leak' }));
    const { decision } = decided(named);
    expect(decision.people).toMatchObject({ name: 'resolve-page', reason: 'closed by ana as handed-over' });
    const over = happen(named, 5, { kind: 'page-resolved', notifier: 'webhook', reason: 'r' });
    expect(decided(over).record.closed).toMatchObject({ outcome: 'handed-over', rootCause: 'a leak' });
  });

  test('claims no recovery that the last look did not see', () => {
    const args = { outcome: 'recovered-by-person', rootCause: 'a leak' };
    expect(refusal(nothingLeft(), 'close', args)).toMatch(/^the last look saw it not healthy/);
    expect(refusal(started(), 'close', args)).toBeNull();
  });
});

function finding() {
  const [, classified] = diagnosed();
  if (classified?.kind !== 'classified' || classified.findings[0] === undefined) throw new Error('no finding');
  return classified.findings[0];
}
