import { after, isPast } from './durations.ts';

/** Answers "has this time come?" and remembers the nearest one that has not: when to decide again. */
export class Clock {
  readonly now: string;
  private nearest: string | null = null;

  constructor(now: string) {
    this.now = now;
  }

  /** Whether `time` (RFC 3339) has come; if not, the decision is made again at that time at the latest. */
  reached(time: string): boolean {
    if (isPast(time, this.now)) return true;
    if (this.nearest === null || Date.parse(time) < Date.parse(this.nearest)) this.nearest = time;
    return false;
  }

  /** Whether `ms` have passed since `time`. */
  passed(time: string, ms: number): boolean {
    return this.reached(after(time, ms));
  }

  /** The nearest time asked for that has not come, or null. */
  get wakeAt(): string | null {
    return this.nearest;
  }
}
