import { describe, expect, test } from '@jest/globals';
import { finding } from './samples.ts';
import { decidedAt, diagnosed, happen, ordered, started } from './story.ts';

/** Nothing to try is left, the page is due, and the webhook has refused it. */
const unknown = { ...finding, cause: 'unknown', key: 'unknown||' };
const due = decidedAt(happen(started(), 1, ...diagnosed(1, unknown)), 1).record;
const refused = happen(
  due,
  1,
  { kind: 'step-started', lane: 'people', step: 'page' },
  { kind: 'page-failed', rung: 0, notifier: 'webhook', error: 'no answer in time' },
);

describe('a page that nobody took', () => {
  test('is resolved at the one who was asked, once, for a lost answer is no refusal', () => {
    const { decision } = decidedAt(happen(refused, 2, ordered('close')), 2);
    expect(decision.people).toMatchObject({ name: 'resolve-page', notifier: 'webhook' });
  });

  test('does not hold up the close that a person ordered, when that fails too', () => {
    const closing = happen(
      refused,
      2,
      ordered('close'),
      { kind: 'step-started', lane: 'people', step: 'resolve-page' },
      { kind: 'message-failed', step: 'resolve-page', notifier: 'webhook', page: 1, error: 'no answer in time' },
    );
    const { facts, record } = decidedAt(closing, 2);
    expect(facts.map(({ kind }) => kind)).toEqual(['page-resolved', 'closed']);
    expect(record.closed?.outcome).toBe('closed');
  });
});
