import { describe, expect, test } from '@jest/globals';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { alert, at, decided, decidedAt, diagnosed, happen, started, watched } from './story.ts';

/** Well again at minute 5; an alert over a window of time goes on firing from minute 7 on, and looks see the target healthy. */
function settling(): RecoveryRecord {
  const well = decided(happen(started(), 5, ...diagnosed(), watched(true))).record;
  const windowed = happen(well, 7, alert({ startsAt: at(7) }), watched(true));
  return decided(happen(windowed, 54, watched(true))).record;
}

describe('a relapse', () => {
  test('counts from the look that saw it, not from an alert that began before the target was seen healthy', () => {
    const { record, facts } = decided(happen(settling(), 55, watched(false)));
    expect(facts.map(({ kind }) => kind)).toEqual(['relapsed']);
    expect(record.episode).toMatchObject({ number: 2, brokenSince: at(55), deadline: at(70) });
    expect(decidedAt(happen(record, 56, ...diagnosed(2)), 56).decision.target).toMatchObject({ name: 'plan' });
  });

  test('counts from an alert that began after the last healthy look', () => {
    const told = happen(settling(), 54.5, alert({ fingerprint: 'f2', startsAt: at(54.2) }));
    const { record } = decided(happen(told, 55, watched(false)));
    expect(record.episode).toMatchObject({ brokenSince: at(54.2), deadline: at(69.2) });
  });

  test('keeps its deadline when an alert joins that began before the target was seen healthy', () => {
    const { record } = decided(happen(settling(), 55, watched(false)));
    const joined = happen(record, 56, alert({ fingerprint: 'f2', startsAt: at(2) }));
    expect(joined.episode).toMatchObject({ brokenSince: at(55), deadline: at(70) });
    const since = happen(record, 56, alert({ fingerprint: 'f2', startsAt: at(54.5) }));
    expect(since.episode).toMatchObject({ brokenSince: at(54.5), deadline: at(69.5) });
  });

  test('counts as before in a record that does not say when the target was last seen healthy', () => {
    const { healthyAt: _, ...old } = settling();
    expect(decided(happen(old, 55, watched(false))).record.episode).toMatchObject({ brokenSince: at(7) });
  });

  test('counts as before in a run that began under the former rules, also where an elder alert joins', () => {
    const former = { ...settling(), formerRules: true as const };
    const { record } = decided(happen(former, 55, watched(false)));
    expect(record.episode).toMatchObject({ brokenSince: at(7), deadline: at(22) });
    const joined = happen(record, 56, alert({ fingerprint: 'f2', startsAt: at(2) }));
    expect(joined.episode).toMatchObject({ brokenSince: at(2) });
  });
});
