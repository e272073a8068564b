import { describe, expect, test } from '@jest/globals';
import { chooseClass } from '../../../src/actions/snapshot-volume.ts';
import { ageText, chooseSnapshot, SAFETY, snapshotsText } from '../../../src/actions/volume/choice.ts';
import type { Snapshot } from '../../../src/kubernetes/snapshots.ts';

function snapshot(name: string, takenAt: string, over: Partial<Snapshot> = {}): Snapshot {
  return {
    name,
    namespace: 'kosmos',
    uid: name,
    resourceVersion: '1',
    labels: {},
    annotations: {},
    claim: 'zeus-data',
    takenAt,
    ready: true,
    usable: true,
    restoreSize: '1Gi',
    ...over,
  };
}

const monday = snapshot('monday', '2025-12-08T03:00:00Z');
const tuesday = snapshot('tuesday', '2025-12-09T03:00:00Z');
const wednesday = snapshot('wednesday', '2025-12-10T03:00:00Z', { ready: false, usable: false });
const safety = snapshot('safety', '2025-12-09T05:00:00Z', { labels: { [SAFETY]: 'true' } });
const other = snapshot('other', '2025-12-09T06:00:00Z', { claim: 'hermes-data' });
const { claim: _, ...imported } = snapshot('imported', '2025-12-09T07:00:00Z');
const all = [imported, other, safety, wednesday, tuesday, monday];

describe('the snapshot to restore from', () => {
  const choose = (name: string | undefined, before?: string) =>
    chooseSnapshot(all, { claim: 'zeus-data', name, before, brokenSince: '2025-12-11T00:00:00Z' });

  test('is the newest ready one of that claim, and never the one that Kintsugi took of what was broken', () => {
    expect(choose(undefined)).toEqual({ snapshot: tuesday, verdict: { asks: [] } });
  });

  test('is the newest before a given time', () => {
    expect(choose(undefined, '2025-12-09T03:00:00Z').snapshot).toBe(monday);
    expect(choose(undefined, '2025-12-01T00:00:00Z').verdict.refusal?.code).toBe('no-snapshot');
  });

  test.each([
    ['monday', undefined],
    ['safety', undefined],
    ['wednesday', 'not-ready'],
    ['other', 'other-claim'],
    ['nowhere', 'no-snapshot'],
  ])('that is asked for by its name (%s) is taken, or refused with %s', (name, code) => {
    expect(choose(name).verdict.refusal?.code).toBe(code);
    if (code === undefined) expect(choose(name).snapshot?.name).toBe(name);
  });

  test('that is asked for by its name and by a time must be older than that', () => {
    expect(choose('monday', '2025-12-09T00:00:00Z').verdict.refusal).toBeUndefined();
    expect(choose('tuesday', '2025-12-09T00:00:00Z').verdict.refusal?.code).toBe('too-late');
  });

  test('is by default one from before the target broke', () => {
    const broken = { claim: 'zeus-data', name: undefined, before: undefined, brokenSince: '2025-12-09T00:00:00Z' };
    expect(chooseSnapshot(all, broken).snapshot).toBe(monday);
  });

  test('that was imported asks, since nothing tells of which claim it is', () => {
    expect(choose('imported').verdict.asks).toEqual([expect.stringContaining('of which claim it is')]);
  });
});

test('the snapshots are listed as kubectl lists them: age, size, readiness', () => {
  const now = new Date('2025-12-10T04:30:00Z');
  expect(snapshotsText([wednesday, tuesday], now)).toBe(
    'wednesday of zeus-data (90 min old, 1Gi, not ready), tuesday of zeus-data (25 h old, 1Gi, ready)',
  );
  expect(ageText(monday, now)).toBe('2 d old');
  expect(snapshotsText([], now)).toBe('there is none');
});

describe('the class of a snapshot', () => {
  const nfs = { name: 'nfs', driver: 'nfs.csi', isDefault: true };
  const fast = { name: 'fast', driver: 'kosmos', isDefault: false };
  const slow = { name: 'slow', driver: 'kosmos', isDefault: false };

  test.each([
    ['the only one of the driver', [nfs, fast], undefined, 'fast'],
    ['the default one of several', [fast, { ...slow, isDefault: true }], undefined, 'slow'],
    ['the one that is asked for', [fast, slow], 'fast', 'fast'],
  ])('is %s', (_sentence, classes, asked, name) => {
    expect(chooseClass(classes, 'kosmos', asked)).toEqual({ name, verdict: { asks: [] } });
  });

  test('that is ambiguous, of another driver or missing is refused with the list', () => {
    expect(chooseClass([fast, slow], 'kosmos', undefined).verdict.refusal?.reason).toContain('fast, slow');
    expect(chooseClass([nfs], 'kosmos', undefined).verdict.refusal?.code).toBe('no-class');
    expect(chooseClass([nfs, fast], 'kosmos', 'nfs').verdict.refusal?.code).toBe('no-class');
  });
});
