import { describe, expect, test } from '@jest/globals';
import type { EventBody } from '../../src/recovery/events.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { failureEvents, messageFailed } from '../../src/recovery/step-failures.ts';
import type { PeopleStep } from '../../src/recovery/steps.ts';
import { finding, smallRunbook } from './samples.ts';
import { decided, decidedAt, diagnosed, happen, ordered, paged, planned, started, watched } from './story.ts';

/** A question is asked at once and by a message of its own: nothing that is less urgent, taken or not, holds it up. */

const twoNotifiers = smallRunbook(({ spec, ...rest }) => ({
  ...rest,
  spec: { ...spec, escalation: { ...spec.escalation, rungs: [{ after: '15m', notify: ['webhook', 'chat'] }] } },
}));

const begun = (step: PeopleStep): EventBody => ({ kind: 'step-started', lane: 'people', step: step.name });
const stopped = (step: PeopleStep) =>
  failureEvents('people', step, { code: 'refused', message: 'stopped before its end' }, true);

/** What is said to people now; it is begun. */
function says(record: RecoveryRecord): { record: RecoveryRecord; step: PeopleStep } {
  const { record: now, decision } = decided(record);
  const step = decision.people;
  if (step === null) throw new Error('nothing is said');
  return { record: happen(now, minuteOf(now), begun(step)), step };
}

function minuteOf({ now, episode }: RecoveryRecord): number {
  return (Date.parse(now) - Date.parse(episode.brokenSince)) / 60_000;
}

/** Paged at the deadline, with news that the page does not have yet. */
function pagedWithNews(runbook = smallRunbook()): RecoveryRecord {
  return happen(decidedAt(started({ runbook }), 15).record, 15, ...paged, ...diagnosed());
}

describe('a question for approval', () => {
  const lesser: [string, RecoveryRecord][] = [
    ['update-page', pagedWithNews()],
    ['acknowledge-page', happen(pagedWithNews(), 15, ordered('acknowledge'))],
  ];

  test.each(lesser)(
    'does not wait for %s that hangs: it is stopped, and said again after the question',
    (name, record) => {
      const saying = says(record);
      expect(saying.step.name).toBe(name);
      const { record: asked, decision, facts } = decided(happen(saying.record, 15, planned()));
      expect(facts).toMatchObject([{ kind: 'approval-asked' }]);
      expect(decision.stopPeople).toBe(true);
      const question = says(happen(asked, 15, ...stopped(saying.step)));
      expect(question.step).toMatchObject({ name: 'ask', n: 1 });
      const sent: EventBody = { kind: 'approval-sent', n: 1, notifier: 'webhook' };
      expect(says(happen(question.record, 15, sent)).step.name).toBe(name);
    },
  );

  test('goes before what was not taken a moment ago', () => {
    const news = says(pagedWithNews());
    const failed = happen(
      news.record,
      15,
      messageFailed(news.step as PeopleStep & { name: 'update-page' }, 'it answered 500'),
    );
    expect(says(happen(failed, 15, planned())).step.name).toBe('ask');
  });

  test('goes before telling who has the page in hand', () => {
    const acknowledged = happen(pagedWithNews(), 15, ordered('acknowledge'));
    expect(says(happen(acknowledged, 15, planned())).step.name).toBe('ask');
  });

  test('that made way for a page is asked again right after it', () => {
    const asking = says(decided(happen(started({ mode: 'approve' }), 14, ...diagnosed(), planned())).record);
    expect(asking.step.name).toBe('ask');
    const late = decidedAt(asking.record, 15);
    expect(late.decision.stopPeople).toBe(true);
    const page = says(happen(late.record, 15, ...stopped(asking.step)));
    expect(page.step.name).toBe('page');
    expect(says(happen(page.record, 15, paged[1] as EventBody)).step).toMatchObject({
      name: 'ask',
      notifier: 'webhook',
    });
  });

  test.each(['approve', 'reject', 'close', 'cancel'] as const)(
    'that %s has answered is not sent to its end',
    (order) => {
      const asking = says(decided(happen(started({ mode: 'approve' }), 2, ...diagnosed(), planned())).record);
      const answered = decided(happen(asking.record, 2, ordered(order)));
      expect(answered.decision.stopPeople).toBe(true);
      expect(decided(happen(answered.record, 2, ...stopped(asking.step))).decision.people?.name).not.toBe('ask');
    },
  );
});

describe('a notifier that refuses', () => {
  /** How often it is asked within a minute, where every message is refused at once. */
  function refusals(given: RecoveryRecord, minutes: number): string[] {
    const said: string[] = [];
    let record = given;
    for (const minute of [minutes, minutes + 0.25]) {
      for (let { decision } = decidedAt(record, minute); decision.people !== null && said.length < 50; ) {
        const { people } = decision;
        said.push(people.name);
        record = happen(decidedAt(record, minute).record, minute, begun(people));
        record = happen(
          record,
          minute,
          messageFailed(people as PeopleStep & { name: 'update-page' }, 'it answered 500'),
        );
        ({ decision } = decidedAt(record, minute));
      }
    }
    return said;
  }

  test('is left alone for half a minute, whatever there is to tell it', () => {
    const acknowledged = happen(pagedWithNews(), 15, ordered('acknowledge'));
    expect(refusals(acknowledged, 15)).toEqual(['acknowledge-page']);
  });

  test('is told of the end, and of nothing before it any more', () => {
    const well = happen(pagedWithNews(), 15, watched(true));
    expect(refusals(well, 16)).toEqual(['resolve-page']);
  });
});

test('a page does not wait until everybody is told that the one before is over', () => {
  const due = decidedAt(started({ runbook: twoNotifiers }), 15).record;
  const lost: EventBody = { kind: 'page-failed', rung: 0, notifier: 'webhook', error: 'no answer', lost: true };
  const sent: EventBody = { kind: 'page-sent', rung: 0, notifier: 'chat', key: 'k', providerId: 'c' };
  const resolved: EventBody = { kind: 'page-resolved', page: 1, notifier: 'chat', reason: 'well' };
  const well = happen(happen(due, 15, lost, sent), 16, watched(true), { kind: 'recovered', by: 'itself' }, resolved);
  const telling = says(well);
  expect(telling.step).toMatchObject({ name: 'resolve-page', notifier: 'webhook' });
  const unknown = { ...finding, cause: 'unknown', key: 'unknown||' };
  const relapsed = decided(happen(telling.record, 16, watched(false))).record;
  const again = decided(happen(relapsed, 16, ...diagnosed(2, unknown)));
  expect(again.facts).toMatchObject([{ kind: 'rung-due', why: 'nothing is left to try for unknown' }]);
  expect(again.decision.stopPeople).toBe(true);
  const page = says(happen(again.record, 16, ...stopped(telling.step)));
  expect(page.step.name).toBe('page');
});
