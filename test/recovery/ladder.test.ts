import { describe, expect, test } from '@jest/globals';
import type { RunbookContent } from '../../src/recovery/activities.ts';
import type { EventBody } from '../../src/recovery/events.ts';
import { MOST_REPEATS } from '../../src/recovery/ladder.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { answerFailed, messageFailed } from '../../src/recovery/step-failures.ts';
import { finding, smallRunbook } from './samples.ts';
import {
  alert,
  applied,
  at,
  begun,
  decidedAt,
  diagnosed,
  happen,
  ordered,
  planned,
  started,
  watched,
} from './story.ts';

type Rungs = RunbookContent['spec']['escalation']['rungs'];

const THREE: Rungs = [
  { after: '15m', notify: ['oncall', 'log'] },
  { after: '25m', notify: ['second', 'chat'] },
  { after: '40m', notify: ['manager'], repeat: '10m' },
];
const unknown = { ...finding, cause: 'unknown', key: 'unknown||' };

function withRungs(rungs: Rungs): RunbookContent {
  return smallRunbook(({ spec, ...rest }) => ({
    ...rest,
    spec: { ...spec, escalation: { ...spec.escalation, rungs } },
  }));
}

/** What the people lane sends next is taken, until it has nothing more to send. */
function answered(given: RecoveryRecord, minutes: number, takes = (_notifier: string) => true): Told {
  const said: string[] = [];
  let record = given;
  for (let step = decidedAt(record, minutes); ; step = decidedAt(record, minutes)) {
    record = step.record;
    const { people } = step.decision;
    if (people === null) return { record, said };
    const to = 'notifier' in people ? people.notifier : '';
    said.push(`${people.name} ${to}`);
    record = happen(record, minutes, { kind: 'step-started', lane: 'people', step: people.name });
    record = happen(record, minutes, resultOf(people, takes(to)));
  }
}

interface Told {
  record: RecoveryRecord;
  said: string[];
}

function resultOf(step: NonNullable<ReturnType<typeof decidedAt>['decision']['people']>, taken: boolean): EventBody {
  if (step.name === 'read-silences') return { kind: 'silences-read', unread: [] };
  const { name, notifier } = step;
  const error = 'it answered 500';
  if (name === 'page') {
    const which = { rung: step.rung, ...(step.repeat === undefined ? {} : { repeat: step.repeat }), notifier };
    return taken
      ? { kind: 'page-sent', ...which, key: 'k', providerId: `${notifier}-1` }
      : { kind: 'page-failed', ...which, error };
  }
  if (name === 'ask') return { kind: 'approval-sent', n: step.n, digest: step.digest, notifier };
  if (name === 'tell-answer')
    return taken ? { kind: 'answer-told', n: step.n, digest: step.digest, notifier } : answerFailed(step, error);
  if (!taken) return messageFailed(step, error);
  switch (name) {
    case 'update-page':
      return { kind: 'page-updated', page: step.page, notifier, upTo: step.upTo };
    case 'acknowledge-page':
      return { kind: 'page-acknowledged', page: step.page, notifier, by: step.by };
    case 'resolve-page':
      return { kind: 'page-resolved', page: step.page, notifier, reason: step.reason };
    case 'note':
      return { kind: 'note-sent', notifier };
  }
}

/** Broken for a cause that nothing mends in observe mode, where people are called at the deadline and not before. */
function climbing(rungs: Rungs = THREE): RecoveryRecord {
  return happen(started({ runbook: withRungs(rungs), mode: 'observe' }), 1, ...diagnosed(1, unknown));
}

/** The page's messages at each of these minutes, where anything is said. */
function saidAt(record: RecoveryRecord, minutes: number[]): { last: RecoveryRecord; said: Record<number, string[]> } {
  const said: Record<number, string[]> = {};
  let last = record;
  for (const minute of minutes) {
    const told = answered(last, minute);
    last = told.record;
    if (told.said.length > 0) said[minute] = told.said;
  }
  return { last, said };
}

const EVERY_MINUTE = Array.from({ length: 66 }, (_, minute) => minute + 2);

describe('a ladder of three rungs', () => {
  test('climbs while nobody acknowledges, under one key, and says its last rung again', () => {
    const { last, said } = saidAt(climbing(), EVERY_MINUTE);
    expect(said).toEqual({
      15: ['page oncall'],
      25: ['page second'],
      40: ['page manager'],
      50: ['page manager'],
      60: ['page manager'],
    });
    expect(last.pages).toHaveLength(1);
    expect(last.pages[0]?.rungs.map(({ rung, repeat, why }) => [rung, repeat, why])).toEqual([
      [0, undefined, 'the deadline has passed and the target is not healthy'],
      [1, undefined, '25m passed, and nobody has acknowledged'],
      [2, undefined, '40m passed, and nobody has acknowledged'],
      [2, 1, 'again after 10m, and nobody has acknowledged'],
      [2, 2, 'again after 10m, and nobody has acknowledged'],
    ]);
  });

  test('stops where somebody acknowledges, and tells so everybody who has the page', () => {
    const { last, said } = saidAt(climbing(), [15, 25]);
    expect(said).toEqual({ 15: ['page oncall'], 25: ['page second'] });
    const after = saidAt(happen(last, 26, ordered('acknowledge')), EVERY_MINUTE.slice(25));
    expect(after.said).toEqual({ 27: ['acknowledge-page oncall', 'acknowledge-page second'] });
  });

  test('wakes nobody else once it is acknowledged, but brings a page that no provider has to the first', () => {
    const due = decidedAt(climbing(), 15).record;
    const nobody = answered(due, 15, () => false).record;
    const { last, said } = saidAt(happen(nobody, 16, ordered('acknowledge')), [16, 30, 45]);
    expect(said).toEqual({ 16: ['page oncall', 'acknowledge-page oncall'] });
    expect(last.pages[0]?.rungs).toHaveLength(1);
  });

  test('calls those of a rung until it is resolved, whoever has it in hand', () => {
    const rungs: Rungs = THREE.map((rung, i) => (i === 2 ? { ...rung, until: 'resolved' as const } : rung));
    const { last } = saidAt(climbing(rungs), [15]);
    const after = saidAt(happen(last, 16, ordered('acknowledge')), EVERY_MINUTE.slice(14, 60));
    expect(after.said).toEqual({
      16: ['acknowledge-page oncall'],
      40: ['page manager', 'acknowledge-page manager'],
      50: ['page manager'],
      60: ['page manager'],
    });
    expect(after.last.pages[0]?.rungs[1]?.why).toBe('40m passed');
  });

  test('moves as a whole when the page comes early', () => {
    const record = happen(started({ runbook: withRungs(THREE) }), 4, ...diagnosed(1, unknown));
    const { said } = saidAt(record, EVERY_MINUTE.slice(2, 40));
    expect(said).toEqual({ 4: ['page oncall'], 14: ['page second'], 29: ['page manager'], 39: ['page manager'] });
  });

  test('says its last rung no more often than it may', () => {
    const often: Rungs = [{ after: '15m', notify: ['oncall'], repeat: '1m' }];
    const { last } = saidAt(
      climbing(often),
      Array.from({ length: 100 }, (_, i) => 15 + i),
    );
    expect(last.pages[0]?.rungs).toHaveLength(1 + MOST_REPEATS);
  });

  test('leaves a repetition that nobody took for the next one', () => {
    const often: Rungs = [{ after: '15m', notify: ['oncall'], repeat: '1m' }];
    const refused = answered(decidedAt(climbing(often), 15).record, 15, () => false).record;
    const { said } = saidAt(refused, [16]);
    expect(said).toEqual({ 16: ['page oncall'] });
  });
});

describe('everybody who took a rung of a page', () => {
  const { last: taken } = saidAt(climbing(), [15, 25, 40]);
  const healthy = (record: RecoveryRecord, minutes: number) =>
    happen(record, minutes, { kind: 'step-started', lane: 'target', step: 'look' }, watched(true));

  test('gets its news', () => {
    const news = happen(taken, 41, { kind: 'classified', round: 2, findings: [unknown] });
    expect(answered(news, 41).said).toEqual(['update-page oncall', 'update-page second', 'update-page manager']);
  });

  test('is told that it is over, with the reason', () => {
    const { record, said } = answered(healthy(taken, 42), 42);
    expect(said).toEqual(['resolve-page oncall', 'resolve-page second', 'resolve-page manager']);
    expect(record.pages[0]?.resolved?.reason).toBe('the target is healthy again by itself');
    expect(record.pages[0]?.owed).toEqual([]);
  });

  test('keeps its own name of the page, by which it is called later', () => {
    expect(taken.pages[0]?.rungs.map(({ tries }) => tries[0]?.providerId)).toEqual([
      'oncall-1',
      'second-1',
      'manager-1',
    ]);
  });

  test('waits for nobody else: one that does not take the end is told again after half a minute, for ten minutes', () => {
    const first = answered(healthy(taken, 42), 42, (name) => name !== 'oncall');
    expect(first.said).toEqual(['resolve-page oncall', 'resolve-page second', 'resolve-page manager']);
    expect(first.record.pages[0]).toMatchObject({ resolved: { at: '2026-01-31T03:42:00.000Z' }, owed: ['oncall'] });
    let { record } = first;
    let tries = 1;
    for (let minute = 42.5; minute < 60; minute += 0.5) {
      const next = answered(record, minute, () => false);
      record = next.record;
      tries += next.said.length;
    }
    expect(tries).toBe(20);
    expect(record.pages[0]?.owed).toEqual([]);
  });

  test('is still told of a page that is over when the target has broken again', () => {
    const { record } = answered(healthy(taken, 42), 42, (name) => name !== 'oncall');
    const broken = decidedAt(
      happen(record, 43, alert({ startsAt: '2026-01-31T03:43:00.000Z' }), watched(false)),
      43,
    ).record;
    expect(answered(broken, 43).said).toEqual(['resolve-page oncall']);
  });

  test('is no more told of news that it refused five times, until there is other news', () => {
    const news = happen(taken, 41, { kind: 'classified', round: 2, findings: [unknown] });
    let record = news;
    let tries = 0;
    for (let minute = 41; minute < 50; minute += 0.5) {
      const next = answered(record, minute, (name) => name !== 'second');
      record = next.record;
      tries += next.said.filter((line) => line === 'update-page second').length;
    }
    expect(tries).toBe(5);
    const more = happen(record, 50, { kind: 'classified', round: 3, findings: [unknown] });
    expect(answered(more, 50).said).toContain('update-page second');
  });
});

describe('a notifier whose answer was lost', () => {
  test('is told that the page is over too, once', () => {
    const due = decidedAt(climbing(), 15).record;
    const lost = happen(
      due,
      15,
      { kind: 'step-started', lane: 'people', step: 'page' },
      { kind: 'page-failed', rung: 0, notifier: 'oncall', error: 'no answer in time', lost: true },
    );
    const second = answered(lost, 25, (name) => name === 'second').record;
    const well = happen(second, 26, { kind: 'step-started', lane: 'target', step: 'look' }, watched(true));
    const { record, said } = answered(well, 26, (name) => name !== 'oncall');
    expect(said.toSorted()).toEqual(['resolve-page oncall', 'resolve-page second']);
    expect(record.pages[0]?.owed).toEqual([]);
  });
});

describe('an alert that has resolved', () => {
  const resolved = alert({ status: 'resolved' });

  test('in mid-recovery is no proof: the target is mended, verified and paged for as before', () => {
    const trying = happen(
      started(),
      1,
      ...diagnosed(),
      planned(),
      begun(0),
      applied(0),
      resolved,
      begun(1),
      applied(1),
    );
    const { facts, decision } = decidedAt(trying, 3);
    expect(facts).toEqual([]);
    expect(decision.target).toEqual({ name: 'verify', n: 1 });
    const late = decidedAt(happen(climbing(), 2, resolved), 15);
    expect(late.facts.map(({ kind }) => kind)).toEqual(['deadline-passed', 'rung-due']);
  });

  test('does not end a page: a look at the target does', () => {
    const { last } = saidAt(climbing(), [15]);
    const quiet = saidAt(happen(last, 16, resolved), [16]);
    expect(quiet.said).toEqual({});
    expect(quiet.last.pages[0]?.resolved).toBeNull();
  });
});

test('a target that breaks again while it settles is the same recovery, with its memory, a new deadline and the next page', () => {
  const { last } = saidAt(climbing(), [15]);
  const well = happen(last, 16, { kind: 'step-started', lane: 'target', step: 'look' }, watched(true));
  const over = answered(well, 16).record;
  const broken = decidedAt(happen(over, 20, alert({ startsAt: at(19) }), watched(false)), 20).record;
  expect(broken.episode).toMatchObject({ number: 2, brokenSince: at(19), deadline: at(34) });
  const { last: again, said } = saidAt(broken, [33, 34, 44]);
  expect(said).toEqual({ 34: ['page oncall'], 44: ['page second'] });
  expect(again.pages.map(({ key }) => key)).toEqual([1, 2].map((number) => `${again.recoveryId}/${number}`));
  expect(again.recoveryId).toBe(last.recoveryId);
});
