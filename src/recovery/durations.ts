/** The written rule: if unable to resolve within 15 minutes, escalate. What holds until a runbook says otherwise. */
export const DEFAULT_RUNG = '15m';

const UNIT_MS: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1_000 };

/** Milliseconds of a runbook's duration, e.g. `1h30m` -> 5400000. The runbook's schema has checked its form. */
export function milliseconds(duration: string): number {
  let total = 0;
  for (const [, count, unit] of duration.matchAll(/(\d+)([hms])/g)) total += Number(count) * (UNIT_MS[unit ?? ''] ?? 0);
  return total;
}

/** Whether a text from outside is a duration as runbooks write it, and none that leads out of the calendar. */
export function isDuration(text: string): boolean {
  return /^(?=\d)(?:\d{1,4}h)?(?:\d{1,6}m)?(?:\d{1,6}s)?$/.test(text);
}

/** The RFC 3339 time that lies `ms` after another. */
export function after(time: string, ms: number): string {
  return new Date(Date.parse(time) + ms).toISOString();
}

/** Whether `time` has come at `now`; both RFC 3339. */
export function isPast(time: string, now: string): boolean {
  return Date.parse(now) >= Date.parse(time);
}

/** A span for people, in its two largest units: 4 min 12 s, 2 h 5 min. */
export function spanText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
