import { describe, expect, test } from '@jest/globals';
import type { EventBody } from '../../src/recovery/events.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { isInHand } from '../../src/recovery/take-over.ts';
import { loaded } from './procedure-story.ts';
import { smallRunbook } from './samples.ts';
import {
  alert,
  at,
  begun,
  decided,
  decidedAt,
  diagnosed,
  given,
  happen,
  ordered,
  planned,
  refusal,
  started,
} from './story.ts';

/** The time that people have given to a trouble, whichever runbook the recovery goes by: it is the page's, not a runbook's. */

const run = given('run', { runbook: 'restore-snapshot', procedure: 'restore', params: { claim: 'data' } });
const extend = (by: string) => given('extend', { by, reason: 'I am on it' });
const takeOver = given('takeOver');
const handBack = given('handBack');
const firstLoaded: EventBody = {
  ...{ kind: 'runbook-loaded', name: 'r', version: '1', digest: 'd', workerMode: 'auto' },
  runbook: smallRunbook(),
};
const plan: EventBody = { ...planned(1, 'restore'), findingKey: 'order|run-ana' } as EventBody;

/** An alert of the runbook `high-memory`, whose first rung is five minutes. */
function other(minutes: number, changes = {}): EventBody {
  const own = { fingerprint: 'm', name: 'HighMemory', startsAt: at(minutes), runbook: 'high-memory', ...changes };
  return { ...alert(own), after: '5m' } as EventBody;
}

/** Broken, and diagnosed at minute 1. */
const broken = () => happen(started(), 1, ...diagnosed());
/** The procedure was ordered, and its runbook loaded. */
const restoring = (record: RecoveryRecord, minutes: number) =>
  happen(decided(happen(record, minutes, run)).record, minutes, loaded());
/** It was planned and rejected: the first runbook has its turn again. */
const rejected = (record: RecoveryRecord, minutes: number) => {
  const asking = decided(happen(record, minutes, ...diagnosed(2), plan)).record;
  return decided(happen(asking, minutes, ordered('reject'))).record;
};

describe('a procedure that is ordered on a broken target', () => {
  test('leaves it the extension of its deadline, which is still the only one', () => {
    const record = restoring(happen(broken(), 5, extend('15m')), 6);
    expect(record.runbookName).toBe('restore-snapshot');
    expect(record.episode).toMatchObject({ number: 2, brokenSince: at(0), deadline: at(30) });
    expect(refusal(record, 'extend')).toMatch(/extended once already, by ana for 15m/);
    const back = happen(rejected(record, 7), 7, firstLoaded);
    expect(back.runbookName).toBe('agent-bruno-pod-crash-loop');
    expect(back.episode).toMatchObject({ number: 3, brokenSince: at(0), deadline: at(30) });
    expect(refusal(back, 'extend')).toMatch(/extended once already/);
  });

  test('leaves it the time in which a person had it in hand', () => {
    const back = happen(happen(broken(), 2, takeOver), 60, handBack);
    expect(back.episode.deadline).toBe(at(73));
    const record = restoring(back, 61);
    expect(record.episode.deadline).toBe(at(73));
    expect(decidedAt(record, 72).facts).toEqual([]);
    expect(happen(rejected(record, 62), 62, firstLoaded).episode.deadline).toBe(at(73));
  });

  test('leaves it the deadline that its start named', () => {
    const named = { ...broken(), episode: { ...broken().episode, deadline: at(40), deadlineGiven: true } };
    const record = restoring(named, 5);
    expect(record.episode).toMatchObject({ deadline: at(40), deadlineGiven: true });
    expect(happen(rejected(record, 6), 6, firstLoaded).episode).toMatchObject({
      deadline: at(40),
      deadlineGiven: true,
    });
  });

  test('leaves it in the hands of the person in command, also when it is over', () => {
    const record = restoring(happen(broken(), 2, takeOver), 5);
    expect(isInHand(record)).toBe(true);
    const back = happen(rejected(record, 6), 6, firstLoaded);
    expect(back.runbookName).toBe('agent-bruno-pod-crash-loop');
    expect(isInHand(back)).toBe(true);
    expect(happen(back, 60, handBack).episode.deadline).toBe(at(73));
  });

  test('gives one on a well target a deadline of its own', () => {
    const well = decided(happen(happen(broken(), 5, extend('15m')), 6, { kind: 'recovered', by: 'itself' })).record;
    expect(restoring(well, 10).episode).toMatchObject({ brokenSince: at(10), deadline: at(25) });
    expect(refusal(restoring(well, 10), 'extend')).toBeNull();
  });

  test('that has mended it leaves the first runbook its whole time for what its alert, which fires on, is about', () => {
    const planning = happen(restoring(broken(), 5), 5, ...diagnosed(2), plan, { kind: 'recovered', by: 'person' });
    const back = happen(decided(happen(planning, 40, { kind: 'tick' })).record, 40, firstLoaded);
    expect(back.runbookName).toBe('agent-bruno-pod-crash-loop');
    expect(back.episode).toMatchObject({ brokenSince: at(40), deadline: at(55) });
  });

  test('and was rejected on a well one leaves it its whole time too, should it break now', () => {
    const well = decided(happen(broken(), 6, { kind: 'recovered', by: 'itself' })).record;
    const healthy = { ...diagnosed(2)[0], healthy: true } as EventBody;
    const asking = decided(happen(restoring(well, 40), 41, healthy, plan)).record;
    const back = happen(decided(happen(asking, 42, ordered('reject'))).record, 42, firstLoaded);
    expect(back.runbookName).toBe('agent-bruno-pod-crash-loop');
    expect(back.episode).toMatchObject({ brokenSince: at(42), deadline: at(57) });
  });

  test('counts the time in hand from when it was ordered, where the target was well until then', () => {
    const well = decided(happen(happen(broken(), 2, takeOver), 6, { kind: 'recovered', by: 'person' })).record;
    const record = restoring(well, 60);
    expect(isInHand(record)).toBe(true);
    expect(happen(record, 70, handBack).episode.deadline).toBe(at(85));
  });
});

describe('an alert of another runbook', () => {
  test('is put off with the page that a person has extended, whichever comes first', () => {
    const before = happen(happen(broken(), 2, other(11)), 5, extend('10m'));
    expect(before.episode.deadline).toBe(at(25));
    expect(happen(before, 12, other(11, { fingerprint: 'n', role: 'related' })).episode.deadline).toBe(at(25));
    const later = happen(happen(broken(), 5, extend('10m')), 12, other(7));
    expect(later.episode.deadline).toBe(at(22));
    expect(refusal(later, 'extend')).toMatch(/extended once already, by ana for 10m: it is at 2026-01-31T03:22/);
  });

  test('is put off by the time in hand since it began, and by no more', () => {
    const taken = happen(broken(), 2, takeOver);
    const meanwhile = happen(happen(taken, 30, other(30)), 60, handBack);
    expect(meanwhile.episode.deadline).toBe(at(65));
    const since = happen(happen(taken, 60, handBack), 62, other(62));
    expect(since.episode.deadline).toBe(at(67));
    const twice = happen(happen(happen(since, 63, takeOver), 83, handBack), 84, other(62, { fingerprint: 'n' }));
    expect(twice.episode.deadline).toBe(at(87));
  });
});

test('a procedure that begins on a well target keeps the extension that was given before', () => {
  const record = happen(
    decided(happen(broken(), 2, { kind: 'recovered', by: 'itself' })).record,
    3,
    alert({ status: 'resolved' }),
    run,
  );
  const healthy = (round: number): EventBody => ({ ...diagnosed(round)[0], healthy: true }) as EventBody;
  const waiting = decided(happen(decided(record).record, 3, loaded(), healthy(2), plan)).record;
  const extended = happen(waiting, 4, extend('10m'), ordered('approve'));
  const acting = happen(extended, 10, begun());
  expect(acting.episode).toMatchObject({ brokenSince: at(10), deadline: at(35) });
  expect(refusal(acting, 'extend')).toMatch(/extended once already/);
});

describe('in a run that began under the former rules what people gave', () => {
  const former = () => ({ ...broken(), formerRules: true as const });

  test('ends with the runbook that it was given under', () => {
    expect(restoring(happen(former(), 5, extend('15m')), 6).episode.deadline).toBe(at(15));
    const back = happen(rejected(restoring(happen(former(), 2, takeOver), 5), 6), 6, firstLoaded);
    expect(back.runbookName).toBe('agent-bruno-pod-crash-loop');
    expect(isInHand(back)).toBe(false);
  });

  test('puts off no alert of another runbook that comes later, and all of the deadline that runs', () => {
    expect(happen(happen(former(), 5, extend('10m')), 6, other(7)).episode.deadline).toBe(at(12));
    const inHand = happen(happen(former(), 2, takeOver), 5, other(4));
    expect(happen(inHand, 60, handBack).episode.deadline).toBe(at(67));
  });

  test('ends where a procedure begins on a well target', () => {
    const well = happen(
      decided(happen(former(), 2, { kind: 'recovered', by: 'itself' })).record,
      3,
      alert({ status: 'resolved' }),
      run,
    );
    const healthy = { ...diagnosed(2)[0], healthy: true } as EventBody;
    const waiting = decided(happen(decided(well).record, 3, loaded(), healthy, plan)).record;
    const acting = happen(happen(waiting, 4, extend('10m'), ordered('approve')), 10, begun());
    expect(acting.episode).toMatchObject({ brokenSince: at(10), deadline: at(25), addedMs: 600_000 });
  });
});
