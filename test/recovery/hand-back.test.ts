import { describe, expect, test } from '@jest/globals';
import type { RunbookContent } from '../../src/recovery/activities.ts';
import type { EventBody } from '../../src/recovery/events.ts';
import { openPage } from '../../src/recovery/fold-pages.ts';
import { pageOf } from '../../src/recovery/page.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { finding, smallRunbook } from './samples.ts';
import { at, decidedAt, diagnosed, given, happen, ordered, paged, started } from './story.ts';

/** What becomes of an open page when whoever took the target over hands it back. */

type Rungs = RunbookContent['spec']['escalation']['rungs'];

const THREE: Rungs = [
  { after: '15m', notify: ['oncall'] },
  { after: '25m', notify: ['second'] },
  { after: '40m', notify: ['manager'], repeat: '10m' },
];
const atOncall: EventBody[] = paged.map((event) =>
  event.kind === 'page-sent' ? { ...event, notifier: 'oncall' } : event,
);
const unknown = { ...finding, cause: 'unknown', key: 'unknown||' };
const takeOver = given('takeOver');
const handBack = given('handBack');

/** Paged at minute 15, and taken. */
function climbing(rungs: Rungs = THREE): RecoveryRecord {
  const runbook = smallRunbook(({ spec, ...rest }) => ({
    ...rest,
    spec: { ...spec, escalation: { ...spec.escalation, rungs } },
  }));
  const record = happen(started({ runbook, mode: 'observe' }), 1, ...diagnosed(1, unknown));
  return happen(decidedAt(record, 15).record, 15, ...atOncall);
}

/** The minutes at which rungs are due, up to minute 80. */
function climbs(given: RecoveryRecord): Record<number, string> {
  const said: Record<number, string> = {};
  let record = given;
  for (let minute = 16; minute < 80; minute += 1) {
    if (at(minute) <= record.now) continue;
    const next = decidedAt(record, minute);
    record = next.record;
    for (const fact of next.facts)
      if (fact.kind === 'rung-due') said[minute] = fact.repeat === undefined ? `${fact.rung}` : `${fact.rung} again`;
  }
  return said;
}

/** What those who have the page are told at that minute. */
function told(given: RecoveryRecord, minutes: number): { record: RecoveryRecord; said: string[] } {
  const said: string[] = [];
  let record = given;
  for (;;) {
    const next = decidedAt(record, minutes);
    const { people } = next.decision;
    if (people === null) return { record: next.record, said };
    said.push(people.name);
    record = happen(next.record, minutes, { kind: 'step-started', lane: 'people', step: people.name });
    if (people.name === 'acknowledge-page')
      record = happen(record, minutes, { kind: 'page-acknowledged', page: people.page, notifier: 'oncall', by: 'ana' });
    if (people.name === 'update-page')
      record = happen(record, minutes, {
        kind: 'page-updated',
        page: people.page,
        notifier: 'oncall',
        upTo: people.upTo,
      });
  }
}

describe('a page under which somebody took over and hands back', () => {
  test('is in nobody’s hands, and climbs from then on as it would have from the rung before', () => {
    const back = happen(happen(climbing(), 16, takeOver), 18, handBack);
    expect(openPage(back)?.acknowledged).toBeUndefined();
    expect(pageOf(back, 'k').acknowledged).toBeUndefined();
    expect(climbs(back)).toEqual({ 28: '1', 43: '2', 53: '2 again', 63: '2 again', 73: '2 again' });
    expect(openPage(decidedAt(back, 28).record)?.rungs[1]?.why).toBe(
      '25m passed, and nobody has acknowledged since it was handed back',
    );
  });

  test('says its last rung again as long after that as it is repeated', () => {
    const last = [25, 40].reduce((record, minute) => decidedAt(record, minute).record, climbing());
    expect(climbs(happen(happen(last, 41, takeOver), 60, handBack))).toEqual({ 70: '2 again' });
  });

  test('keeps the time of those who are called whoever has it in hand, and calls whom it spared meanwhile', () => {
    const rungs = THREE.map((rung, i) => (i === 2 ? { ...rung, until: 'resolved' as const } : rung));
    const taken = happen(climbing(rungs), 16, takeOver);
    expect(climbs(happen(taken, 39, handBack))).toMatchObject({ 40: '2', 49: '1', 50: '2 again', 60: '2 again' });
    const late = happen(decidedAt(taken, 40).record, 45, handBack);
    expect(climbs(late)).toMatchObject({ 50: '2 again', 55: '1', 60: '2 again' });
  });

  test('has that told to those who have it, and who takes it on later too, though it was the same person', () => {
    const taken = told(happen(climbing(), 16, takeOver), 16);
    expect(taken.said).toEqual(['acknowledge-page', 'update-page']);
    const back = told(happen(taken.record, 18, handBack), 18);
    expect(back.said).toEqual(['update-page']);
    expect(told(happen(back.record, 19, ordered('acknowledge')), 19).said).toEqual(['acknowledge-page']);
  });

  test('stays with whoever has acknowledged it by their own word', () => {
    const before = happen(happen(climbing(), 15, ordered('acknowledge')), 16, takeOver);
    expect(climbs(happen(before, 18, handBack))).toEqual({});
    const meanwhile = happen(happen(climbing(), 16, takeOver), 17, ordered('acknowledge'));
    expect(climbs(happen(meanwhile, 18, handBack))).toEqual({});
    const another = happen(happen(climbing(), 16, takeOver), 17, given('acknowledge', {}, 'bo'));
    expect(openPage(happen(another, 18, handBack))?.acknowledged?.by).toBe('bo');
  });

  test('leaves nobody with it where one took it from another who had acknowledged', () => {
    const taken = happen(happen(climbing(), 15, given('acknowledge', {}, 'bo')), 16, takeOver);
    expect(openPage(taken)?.acknowledged?.by).toBe('ana');
    expect(climbs(happen(taken, 18, handBack))).toMatchObject({ 28: '1' });
  });

  test('that nobody had in hand climbs as before: what broke anew under a take-over was never theirs', () => {
    const { takenOver, ...inHand } = happen(climbing(), 15, takeOver);
    const page = openPage(climbing());
    if (takenOver === undefined || page === null) throw new Error('nothing is in hand');
    const elder = { ...inHand, takenOver: { ...takenOver, episode: 0 }, pages: [page] };
    expect(climbs(happen(elder, 20, handBack))).toMatchObject({ 25: '1', 40: '2' });
  });

  test('is handed over a day after it was handed back, not a day after it was paged', () => {
    const day = 24 * 60;
    const taken = decidedAt(happen(climbing(THREE.slice(0, 1)), 60, takeOver), day + 10).record;
    expect(taken.closed).toBeNull();
    const back = happen(taken, day + 30, handBack);
    expect(decidedAt(back, day + 30).record.closed).toBeNull();
    expect(decidedAt(back, 2 * day + 29).record.closed).toBeNull();
    expect(decidedAt(back, 2 * day + 31).record.closed?.outcome).toBe('handed-over');
  });
});

describe('in a run that began under the former rules a page', () => {
  const until = THREE.map((rung, i) => (i === 2 ? { ...rung, until: 'resolved' as const } : rung));

  test('stays with whoever had taken over, and is handed over a day after it was paged', () => {
    const taken = happen({ ...climbing(), formerRules: true }, 16, takeOver);
    const back = happen(taken, 18, handBack);
    expect(climbs(back)).toEqual({});
    expect(decidedAt(back, 24 * 60 + 16).record.closed?.outcome).toBe('handed-over');
  });

  test('never comes down to a rung below one that it has reached', () => {
    const { pages } = climbing(until);
    const inHand = { ...happen(climbing(until), 16, takeOver), pages, formerRules: true as const };
    const back = happen(decidedAt(inHand, 40).record, 45, handBack);
    expect(climbs(back)).toEqual({ 50: '2 again', 60: '2 again', 70: '2 again' });
  });
});
