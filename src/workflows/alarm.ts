import { CancellationScope, condition, patched, sleep } from '@temporalio/workflow';

/** Runs that began before this armed their timer anew whenever anything happened, and replay so. */
const KEPT = 'the-armed-timer-is-kept';

/**
 * The loop's one timer. It stays armed while the time asked for stays the same: whatever happens meanwhile (an alert that
 * repeats every few seconds for a day) costs the history no `TimerCanceled` and no new `TimerStarted`.
 */
export class Alarm {
  /** Asked once, before anything is waited for: a run keeps one way from its begin to its end. */
  private readonly kept = patched(KEPT);
  private armed: { at: string; scope: CancellationScope } | null = null;

  /** Waits until `happened` or until the time `at` (RFC 3339) has come; null: only for what happens. */
  async wait(happened: () => boolean, at: string | null): Promise<void> {
    if (this.kept) {
      this.arm(at);
      const { armed } = this;
      await condition(() => happened() || this.armed !== armed);
    } else if (at === null) await condition(happened);
    else await condition(happened, millisecondsTo(at));
  }

  private arm(at: string | null): void {
    if (at === (this.armed?.at ?? null)) return;
    this.armed?.scope.cancel();
    this.armed = null;
    if (at === null) return;
    const armed = { at, scope: new CancellationScope() };
    this.armed = armed;
    const rings = () => {
      if (this.armed === armed) this.armed = null;
    };
    // One that is put out rejects, and has nothing to say any more.
    void armed.scope.run(() => sleep(millisecondsTo(at))).then(rings, () => undefined);
  }
}

function millisecondsTo(at: string): number {
  return Math.max(1, Date.parse(at) - Date.now());
}
