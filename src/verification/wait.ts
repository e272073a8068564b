import { setTimeout as sleep } from 'node:timers/promises';
import { KintsugiError } from '../errors.ts';
import type { Kubernetes } from '../kubernetes/client.ts';
import { milliseconds, spanText } from '../recovery/durations.ts';
import type { Target } from '../recovery/values.ts';
import type { RunbookSpec } from '../runbook/schema.ts';
import { type Progress, progress } from './progress.ts';
import { readTargetState, type TargetState } from './target-state.ts';
import { type StabilityWindow, stabilityWindow } from './window.ts';

/** What is waited for. */
export interface Wait {
  kubernetes: Kubernetes;
  target: Target;
  settings: RunbookSpec['verify']['window'];
  /** When the verification was first scheduled: a retried attempt does not start anew. */
  since: Date;
  /** The longest life before a crash, in seconds. */
  longestLifeSeconds: number;
  recordedDesired: number | undefined;
  /** Called with each look, e.g. to measure the memory while waiting. */
  onLook?(state: TargetState): Promise<void>;
  heartbeat(detail: string): void;
  signal: AbortSignal;
}

/** How the wait ended, and the target as it was last seen. */
export type Waited =
  | { state: TargetState; window: StabilityWindow; progress: Extract<Progress, { over: true }> }
  /** The target could not be read. `gone`: it is not there any more. */
  | { unreadable: string; gone: boolean };

const OUTAGE_PAUSE_MS = 2000;

/** Milliseconds after which an API server that does not answer is no longer waited for. */
export function longestWait(longestWindowMs: number): number {
  return 2 * longestWindowMs + 60_000;
}

/**
 * Looks at the target until it has been stable for the window, a container ended again, or the time is over (safety 19).
 * An API server that is away is waited for: stability is read from the pods' own times, so nothing is lost by it.
 * Throws only when `signal` gives it up.
 */
export async function waitForStability(wait: Wait): Promise<Waited> {
  const longestWindowMs = milliseconds(wait.settings.max);
  const giveUpAt = wait.since.getTime() + longestWait(longestWindowMs);
  for (;;) {
    const look = await lookOnce(wait);
    if (look instanceof KintsugiError) {
      if (!look.retryable || Date.now() > giveUpAt) {
        return { unreadable: look.message, gone: look.code === 'not-found' };
      }
      wait.heartbeat(`waiting for the API server: ${look.message}`);
      await sleep(OUTAGE_PAUSE_MS, undefined, { signal: wait.signal });
      continue;
    }
    await wait.onLook?.(look.state);
    const now = progress(look.state, {
      since: wait.since,
      window: look.window,
      longestWindowSeconds: longestWindowMs / 1000,
      recordedDesired: wait.recordedDesired,
    });
    wait.heartbeat(
      `${now.saw} (${spanText(look.state.at.getTime() - wait.since.getTime())} since the verification began)`,
    );
    if (now.over) return { ...look, progress: now };
    await sleep(now.nextLookMs, undefined, { signal: wait.signal });
  }
}

async function lookOnce(wait: Wait): Promise<{ state: TargetState; window: StabilityWindow } | KintsugiError> {
  const { settings, longestLifeSeconds } = wait;
  try {
    const state = await readTargetState(wait.kubernetes, wait.target, wait.signal);
    return { state, window: stabilityWindow({ settings, longestLifeSeconds, template: state.workload.template }) };
  } catch (thrown) {
    wait.signal.throwIfAborted();
    if (thrown instanceof KintsugiError) return thrown;
    throw thrown;
  }
}
