import { describe, expect, test } from '@jest/globals';
import type { EventBody } from '../../src/recovery/events.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { failureEvents } from '../../src/recovery/step-failures.ts';
import type { PeopleStep } from '../../src/recovery/steps.ts';
import { at, decidedAt, diagnosed, given, happen, planned, started, watched } from './story.ts';

/** The question for raise-memory is due at minute 1 in mode approve, and asked of the first notifier at minute 2. */
const due = decidedAt(happen(started({ mode: 'approve' }), 1, ...diagnosed(), planned()), 1).record;
const asking: PeopleStep = { name: 'ask', n: 1, digest: 'digest-1', notifier: 'webhook' };
const begin: EventBody = { kind: 'step-started', lane: 'people', step: 'ask' };
const sent: EventBody = { kind: 'approval-sent', n: 1, digest: 'digest-1', notifier: 'webhook', providerId: 'q-1' };
const asked = happen(due, 2, begin, sent);

/** What people are told next at that minute, if it is an answer. */
function toldAt(record: RecoveryRecord, minutes: number): PeopleStep | null {
  const { people } = decidedAt(record, minutes).decision;
  return people?.name === 'tell-answer' ? people : null;
}

const answerOf = (record: RecoveryRecord) => record.questions?.[0]?.answer;
const told = (notifier = 'webhook'): EventBody[] => [
  { kind: 'step-started', lane: 'people', step: 'tell-answer' },
  { kind: 'answer-told', n: 1, digest: 'digest-1', notifier },
];
const refused = (notifier = 'webhook'): EventBody[] => [
  { kind: 'step-started', lane: 'people', step: 'tell-answer' },
  { kind: 'answer-failed', n: 1, digest: 'digest-1', notifier, error: 'it answered 503' },
];

describe('the answer to a question for approval', () => {
  test('is told to whoever carries the question, once', () => {
    expect(toldAt(asked, 3)).toBeNull();
    const approved = happen(asked, 3, given('approve'));
    expect(toldAt(approved, 3)).toEqual({ name: 'tell-answer', n: 1, digest: 'digest-1', notifier: 'webhook' });
    const over = happen(approved, 3, ...told());
    expect(toldAt(over, 3)).toBeNull();
    expect(over.questions).toBeUndefined();
  });

  test.each<[string, EventBody, object]>([
    ['approved', given('approve', {}, 'ana'), { outcome: 'approved', by: ['ana'], why: 'by ana' }],
    ['rejected', given('reject', {}, 'bo'), { outcome: 'rejected', by: ['bo'], why: 'by bo' }],
    ['expired', { kind: 'approval-expired', n: 1 }, { outcome: 'expired', by: [], why: 'nobody answered in time' }],
    ['overtaken by a person', given('takeOver', {}, 'ana'), { outcome: 'overtaken', why: 'ana took over' }],
    [
      'overtaken by the end',
      given('close', { rootCause: 'x' }, 'ana'),
      { outcome: 'overtaken', why: 'ana closed the recovery' },
    ],
    ['overtaken by a cancellation', given('cancel'), { outcome: 'overtaken', why: 'ana cancelled the recovery' }],
  ])('says that it was %s', (_sentence, event, answer) => {
    expect(answerOf(happen(asked, 3, event))).toMatchObject({ ...answer, at: at(3) });
  });

  test('says that the target has recovered by itself', () => {
    const look: EventBody = { kind: 'step-started', lane: 'target', step: 'look' };
    const { record } = decidedAt(happen(asked, 3, look, watched(true)), 3);
    expect(answerOf(record)).toMatchObject({ outcome: 'overtaken', why: 'the target has recovered' });
  });

  test('is no answer as long as more people are wanted', () => {
    const attempts = asked.attempts.map((attempt) =>
      attempt.approval === null ? attempt : { ...attempt, approval: { ...attempt.approval, quorum: 2 } },
    );
    const half = happen({ ...asked, attempts }, 3, given('approve', {}, 'ana'));
    expect(answerOf(half)).toBeNull();
    expect(answerOf(happen(half, 4, given('approve', {}, 'bo')))).toMatchObject({ by: ['ana', 'bo'] });
  });

  test('is owed: the recovery does not end before it was told, or refused for ten minutes', () => {
    const closing = happen(asked, 3, given('close', { rootCause: 'x' }));
    expect(decidedAt(closing, 3).record.closed).toBeNull();
    expect(decidedAt(happen(closing, 3, ...told()), 3).record.closed).not.toBeNull();
    let away = closing;
    for (let tries = 0; tries < 20; tries += 1) {
      const minute = 3 + tries / 2;
      expect(toldAt(away, minute)).not.toBeNull();
      away = happen(away, minute, ...refused());
      expect(toldAt(away, minute + 0.4)).toBeNull();
    }
    expect(decidedAt(away, 14).record.closed).not.toBeNull();
  });

  test('says that the recovery has ended where nobody answered until it was handed over, and is told before that', () => {
    const day = 24 * 60;
    const page: EventBody[] = [
      { kind: 'step-started', lane: 'people', step: 'page' },
      { kind: 'page-sent', rung: 0, notifier: 'webhook', key: 'k', providerId: 'p' },
    ];
    const paged = happen(decidedAt(happen(started(), 1, ...diagnosed()), 16).record, 16, ...page);
    const open = happen(decidedAt(happen(paged, 20, planned()), 20).record, 20, begin, sent);
    const end = decidedAt(open, day + 16);
    expect(end.record.closed).toBeNull();
    expect(answerOf(end.record)).toMatchObject({ outcome: 'overtaken', why: 'the recovery has ended: handed-over' });
    const over = happen(end.record, day + 16, ...told());
    expect(decidedAt(over, day + 16).record.closed?.outcome).toBe('handed-over');
  });

  test('is told to nobody before the question was taken, and to whoever takes it when it is answered already', () => {
    const answered = happen(due, 2, begin, given('approve'));
    expect(toldAt(answered, 2)).toBeNull();
    expect(toldAt(happen(answered, 3, sent), 3)).toMatchObject({ notifier: 'webhook' });
    const never = happen(answered, 3, {
      kind: 'approval-failed',
      n: 1,
      digest: 'digest-1',
      notifier: 'webhook',
      error: 'x',
    });
    expect(toldAt(never, 3)).toBeNull();
    expect(never.questions).toBeUndefined();
  });

  test('is told once to whoever may have the question, though no answer came from there', () => {
    const [stopped] = failureEvents('people', asking, { code: 'refused', message: 'stopped before its end' }, true);
    const [lost] = failureEvents('people', asking, { code: 'timeout', message: 'no answer in time' }, false);
    expect([stopped, lost]).toMatchObject([{ kind: 'step-stopped' }, { kind: 'approval-failed', lost: true }]);
    const [record, other] = [stopped, lost].map((event) =>
      happen(due, 2, begin, event as EventBody, begin, { ...sent, notifier: 'mail' } as EventBody),
    ) as [RecoveryRecord, RecoveryRecord];
    expect(other.questions).toEqual(record.questions);
    let answered = happen(record, 3, given('reject'));
    expect(toldAt(answered, 3)).toMatchObject({ notifier: 'webhook' });
    answered = happen(answered, 3, ...refused('webhook'));
    expect(toldAt(answered, 3)).toMatchObject({ notifier: 'mail' });
    expect(toldAt(happen(answered, 3, ...told('mail')), 9)).toBeNull();
  });

  test('makes way for a page, and is told after it', () => {
    const answered = happen(asked, 3, given('approve'));
    const telling: EventBody = { kind: 'step-started', lane: 'people', step: 'tell-answer' };
    const late = decidedAt(happen(answered, 3, telling), 16);
    expect(late.decision.stopPeople).toBe(true);
    expect(decidedAt(answered, 16).decision.people).toMatchObject({ name: 'page' });
  });

  test('of a plan that has changed since is told apart from the new question', () => {
    const replanned: EventBody[] = [
      given('approve'),
      { kind: 'action-started', n: 1, i: 0 },
      {
        kind: 'replanned',
        n: 1,
        i: 0,
        plan: { ...(asked.attempts[0]?.plans[0] as never as object), summary: 'another' } as never,
        digest: 'digest-1/1',
      },
    ];
    const again = decidedAt(happen(asked, 3, ...replanned), 3).record;
    expect(again.questions?.map(({ digest, key, answer }) => [digest, key, answer?.outcome ?? 'open'])).toEqual([
      ['digest-1', `${asked.recoveryId}/approval/1`, 'approved'],
      ['digest-1/1', `${asked.recoveryId}/approval/1/1`, 'open'],
    ]);
    // The old question's answer, taken late, is none to the new one.
    const late = happen(again, 3, begin, { ...sent, notifier: 'mail' } as EventBody);
    expect(late.attempts[0]?.approval?.sentBy).toBeNull();
  });

  test('to a question of a run that began before is told to nobody', () => {
    const { record } = decidedAt(happen(started({ mode: 'approve' }), 1, ...diagnosed(), planned()), 1);
    const { questions: _, ...before } = record;
    expect(toldAt(happen(before, 2, begin, sent, given('approve')), 3)).toBeNull();
  });
});
