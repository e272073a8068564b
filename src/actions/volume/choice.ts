import type { Snapshot } from '../../kubernetes/snapshots.ts';
import { ask, FINE, refuse, type Verdict } from '../rules/verdict.ts';

/** What a snapshot taken by Kintsugi before it touched a volume carries: it holds what was broken. */
export const SAFETY = 'kintsugi.dev/safety-snapshot';

/** Which snapshot is wanted. */
export interface Wanted {
  claim: string;
  name: string | undefined;
  before: string | undefined;
  /** When the target broke. */
  brokenSince: string;
}

/** The snapshot to restore from, and what speaks against it. */
export interface Choice {
  snapshot: Snapshot | null;
  verdict: Verdict;
}

/**
 * The snapshot that is asked for, else the newest ready one of the claim that was taken before a time (RFC 3339), by default
 * before the target broke. Kintsugi's own safety snapshots are taken only by their name.
 */
export function chooseSnapshot(snapshots: readonly Snapshot[], { claim, name, before, brokenSince }: Wanted): Choice {
  if (name !== undefined) return asked(snapshots, { claim, name, before });
  const time = before ?? brokenSince;
  const fitting = snapshots
    .filter((snapshot) => snapshot.claim === claim && snapshot.usable && snapshot.labels[SAFETY] === undefined)
    .filter(({ takenAt }) => Date.parse(takenAt) < Date.parse(time))
    .sort((a, b) => Date.parse(b.takenAt) - Date.parse(a.takenAt));
  const [newest] = fitting;
  if (newest !== undefined) return { snapshot: newest, verdict: FINE };
  const reason = `no ready VolumeSnapshot of claim ${claim} was taken before ${time}`;
  return { snapshot: null, verdict: refuse('no-snapshot', reason) };
}

function asked(
  snapshots: readonly Snapshot[],
  { claim, name, before }: { claim: string; name: string; before: string | undefined },
): Choice {
  const snapshot = snapshots.find((candidate) => candidate.name === name) ?? null;
  const refused = (code: string, reason: string): Choice => ({ snapshot, verdict: refuse(code, reason) });
  if (snapshot === null) return refused('no-snapshot', `there is no VolumeSnapshot ${name} in the namespace`);
  if (!snapshot.usable)
    return refused(
      'not-ready',
      `VolumeSnapshot ${name} is not ready: ${snapshot.error ?? 'it is being taken or deleted'}`,
    );
  if (before !== undefined && Date.parse(snapshot.takenAt) >= Date.parse(before))
    return refused('too-late', `VolumeSnapshot ${name} was taken at ${snapshot.takenAt}, not before ${before}`);
  if (snapshot.claim === undefined)
    return { snapshot, verdict: ask(`VolumeSnapshot ${name} was imported: of which claim it is cannot be told`) };
  if (snapshot.claim !== claim)
    return refused('other-claim', `VolumeSnapshot ${name} is of claim ${snapshot.claim}, not of ${claim}`);
  return { snapshot, verdict: FINE };
}

/** `kubectl get volumesnapshots`, as a clause: name, claim, age, size, readiness; the newest ten. */
export function snapshotsText(snapshots: readonly Snapshot[], now: Date): string {
  const lines = snapshots.slice(0, 10).map((snapshot) => {
    const state = snapshot.usable ? 'ready' : 'not ready';
    return `${snapshot.name} of ${snapshot.claim ?? 'an import'} (${ageText(snapshot, now)}, ${snapshot.restoreSize ?? 'size unknown'}, ${state})`;
  });
  const more = snapshots.length > 10 ? `, and ${snapshots.length - 10} older` : '';
  return lines.length === 0 ? 'there is none' : lines.join(', ') + more;
}

/** `3 h old`, in the largest unit that is at least 2. */
export function ageText({ takenAt }: Snapshot, now: Date): string {
  const seconds = Math.max(0, Math.round((now.getTime() - Date.parse(takenAt)) / 1000));
  const units: [number, string][] = [
    [86_400, 'd'],
    [3_600, 'h'],
    [60, 'min'],
  ];
  const [size, unit] = units.find(([length]) => seconds >= 2 * length) ?? [1, 's'];
  return `${Math.floor(seconds / size)} ${unit} old`;
}
