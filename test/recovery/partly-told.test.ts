import { expect, test } from '@jest/globals';
import type { EventBody } from '../../src/recovery/events.ts';
import { finding } from './samples.ts';
import { decidedAt, diagnosed, happen, started, watched } from './story.ts';

const unknown = { ...finding, cause: 'unknown', key: 'unknown||' };
const step = (name: 'page' | 'resolve-page'): EventBody => ({ kind: 'step-started', lane: 'people', step: name });
const look: EventBody = { kind: 'step-started', lane: 'target', step: 'look' };

test('a page that some of `default` were told the end of is over, and the others are told it half a minute later', () => {
  const due = decidedAt(happen(started(), 1, ...diagnosed(1, unknown)), 1).record;
  const sent: EventBody = { kind: 'page-sent', rung: 0, notifier: 'default', key: 'k', providerId: 'a/1\nb/2' };
  const paged = happen(due, 1, step('page'), sent);
  const well = decidedAt(happen(paged, 2, look, watched(true)), 2);
  const resolution = { page: 1, notifier: 'default', reason: 'the target is healthy again by itself' };
  expect(well.decision.people).toEqual({ name: 'resolve-page', ...resolution });
  const partly = happen(
    well.record,
    2,
    step('resolve-page'),
    { kind: 'page-resolved', ...resolution, partly: true },
    { kind: 'message-failed', step: 'resolve-page', page: 1, notifier: 'default', error: 'b: it is away' },
  );
  expect(partly.pages[0]).toMatchObject({ resolved: { reason: resolution.reason }, owed: ['default'] });
  expect(decidedAt(partly, 2.4).decision.people).toBeNull();
  const again = decidedAt(partly, 2.6);
  expect(again.decision.people).toEqual({ name: 'resolve-page', ...resolution });
  const told = happen(again.record, 2.6, step('resolve-page'), { kind: 'page-resolved', ...resolution });
  expect(told.pages[0]?.owed).toEqual([]);
});
