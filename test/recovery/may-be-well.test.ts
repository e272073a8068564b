import { describe, expect, test } from '@jest/globals';
import type { EventBody } from '../../src/recovery/events.ts';
import { finding } from './samples.ts';
import { classifiedAs, decidedAt, diagnosed, happen, started, watched } from './story.ts';

/** Every pod is ready, but not yet for as long as the window wants. */
const justReady: EventBody = {
  kind: 'diagnosed',
  round: 1,
  healthy: false,
  measure: { desired: 1, ready: 1, readyHeld: 0, longestLifeSeconds: 20 },
  evidence: { sha256: 'e', bytes: 1, excerpt: null },
  saw: '1 of 1 pods ready for 20 s',
};
const unknown = { ...finding, cause: 'unknown', key: 'unknown||' };
const hopeful = happen(started(), 1, justReady, ...classifiedAs(unknown));

describe('a target that is ready, though not for long enough, and shows no cause', () => {
  test('pages nobody yet: it is looked at again', () => {
    const { record, decision } = decidedAt(hopeful, 2);
    expect(record.pages).toEqual([]);
    expect(decision.target).toEqual({ name: 'look' });
  });

  test('has recovered by itself when a look finds it healthy', () => {
    const { record } = decidedAt(happen(hopeful, 2, watched(true)), 2);
    expect(record.recovered).toMatchObject({ by: 'itself' });
    expect(record.pages).toEqual([]);
  });

  test('is diagnosed anew when a look finds it broken after all, and then a person is paged at once', () => {
    const { decision } = decidedAt(happen(hopeful, 2, watched(false)), 2);
    expect(decision.target).toEqual({ name: 'diagnose', round: 2 });
    const again = happen(hopeful, 3, watched(false), ...diagnosed(2, unknown));
    expect(decidedAt(again, 3).record.pages).toHaveLength(1);
  });

  test('is paged for at the deadline', () => {
    expect(decidedAt(hopeful, 15).record.pages).toHaveLength(1);
  });

  test('gets its remedy without waiting when a cause is seen', () => {
    const { decision } = decidedAt(happen(started(), 1, justReady, ...classifiedAs(finding)), 1);
    expect(decision.target).toMatchObject({ name: 'plan' });
  });
});
