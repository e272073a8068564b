import { describe, expect, test } from '@jest/globals';
import type { EventBody } from '../../src/recovery/events.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { finding, smallRunbook } from './samples.ts';
import { decidedAt, diagnosed, given, happen, started, watched } from './story.ts';

/** What people say at a provider is told to the others alone: it would come back there as news. */

const runbook = smallRunbook(({ spec, ...rest }) => {
  const rungs = [
    { after: '15m', notify: ['oncall', 'log'] },
    { after: '20m', notify: ['chat'] },
  ];
  return { ...rest, spec: { ...spec, escalation: { ...spec.escalation, rungs } } };
});
const unknown = { ...finding, cause: 'unknown', key: 'unknown||' };
const sent = (rung: number, notifier: string, providerId = 'p'): EventBody[] => [
  { kind: 'step-started', lane: 'people', step: 'page' },
  { kind: 'page-sent', rung, notifier, key: 'k', providerId },
];

/** Both rungs were taken, and everybody knows everything. */
function paged(first = 'oncall', providerId = 'p'): RecoveryRecord {
  const due = decidedAt(happen(started({ runbook }), 1, ...diagnosed(1, unknown)), 1).record;
  const climbed = decidedAt(happen(due, 1, ...sent(0, first, providerId)), 6).record;
  return happen(climbed, 6, ...sent(1, 'chat'));
}

/** Who is told what of it. */
function told(record: RecoveryRecord, minute: number): string[] {
  const said: string[] = [];
  let now = record;
  for (let step = decidedAt(now, minute); step.decision.people !== null; step = decidedAt(now, minute)) {
    const { people } = step.decision;
    if (people.name !== 'update-page' && people.name !== 'acknowledge-page') break;
    const { name, page, notifier } = people;
    said.push(`${name} ${notifier}`);
    const done: EventBody =
      people.name === 'update-page'
        ? { kind: 'page-updated', page, notifier, upTo: people.upTo }
        : { kind: 'page-acknowledged', page, notifier, by: people.by };
    now = happen(step.record, minute, { kind: 'step-started', lane: 'people', step: name }, done);
  }
  return said;
}

describe('what is said through a notifier', () => {
  test('is told to the others and not there: who has the page, and a note', () => {
    expect(told(happen(paged(), 7, given('acknowledge')), 7)).toEqual([
      'acknowledge-page oncall',
      'acknowledge-page chat',
    ]);
    expect(told(happen(paged(), 7, given('acknowledge', { through: 'oncall' })), 7)).toEqual(['acknowledge-page chat']);
    expect(told(happen(paged(), 7, given('note', { text: 'x' })), 7)).toEqual([
      'update-page oncall',
      'update-page chat',
    ]);
    expect(told(happen(paged(), 7, given('note', { text: 'x', through: 'oncall' })), 7)).toEqual(['update-page chat']);
  });

  test('is known to `default` where that notifier took the page for it', () => {
    const record = paged('default', 'oncall/p');
    expect(told(happen(record, 7, given('acknowledge', { through: 'oncall' })), 7)).toEqual(['acknowledge-page chat']);
  });

  test('is told to `default` where others than that notifier have the page for it too', () => {
    const record = paged('default', 'mail/m\noncall/p');
    expect(told(happen(record, 7, given('acknowledge', { through: 'oncall' })), 7)).toEqual([
      'acknowledge-page default',
      'acknowledge-page chat',
    ]);
    const other = paged('default', 'oncall/p\nmail/m');
    expect(told(happen(other, 7, given('acknowledge', { through: 'oncall' })), 7)).toContain(
      'acknowledge-page default',
    );
  });

  test('hides no news from before that is still to be told there', () => {
    const news: EventBody[] = [...diagnosed(2, unknown)];
    const record = happen(paged(), 7, ...news, given('note', { text: 'x', through: 'oncall' }));
    expect(told(record, 7)).toEqual(['update-page oncall', 'update-page chat']);
  });

  test('to be over there opens it there anew at the first look that sees the target broken, and not before', () => {
    const over = happen(paged(), 7, given('note', { text: 'done', through: 'oncall', over: true }));
    expect(told(over, 7)).toEqual(['update-page chat']);
    const others = happen(over, 7, { kind: 'page-updated', page: 1, notifier: 'chat', upTo: over.seq });
    const look: EventBody = { kind: 'step-started', lane: 'target', step: 'look' };
    expect(told(happen(others, 8, look, watched(false, false)), 8)).toEqual([]);
    const broken = happen(others, 9, look, watched(false));
    expect(told(broken, 9)).toEqual(['update-page oncall']);
    const again = happen(broken, 9, { kind: 'page-updated', page: 1, notifier: 'oncall', upTo: broken.seq });
    expect(told(happen(again, 10, look, watched(false)), 10)).toEqual([]);
  });

  test('to be over there ends with the page where the target is healthy', () => {
    const over = happen(paged(), 7, given('note', { text: 'done', through: 'oncall', over: true }));
    const look: EventBody = { kind: 'step-started', lane: 'target', step: 'look' };
    const { decision } = decidedAt(happen(over, 8, look, watched(true)), 8);
    expect(decision.people).toMatchObject({ name: 'resolve-page', notifier: 'oncall' });
  });

  test('stops the ladder as any acknowledgement does', () => {
    const due = decidedAt(happen(started({ runbook }), 1, ...diagnosed(1, unknown)), 1).record;
    const record = happen(due, 1, ...sent(0, 'oncall'), given('acknowledge', { through: 'oncall' }));
    expect(decidedAt(record, 30).decision.people).toBeNull();
  });
});
