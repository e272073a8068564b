import { spanText } from '../recovery/durations.ts';
import { readiness } from './readiness.ts';
import { isInBackOff, restartsSince, stability, stableSeconds } from './stability.ts';
import type { TargetState } from './target-state.ts';
import { probeBudgetSeconds, type StabilityWindow } from './window.ts';

/** Seconds that pods may take to become ready at least, whatever their probes say. */
const LEAST_PATIENCE_SECONDS = 60;

/** A target that comes up is looked at often; one that only has to stay, less. */
const SOON_MS = 2000;
const LATER_MS = 5000;

/** Since when is verified, and against what. */
export interface VerificationBasis {
  /** When the verification was first scheduled: a retried attempt goes on with it. */
  since: Date;
  window: StabilityWindow;
  /** The longest that the runbook lets the window be, in seconds: also the longest back-off that is waited for. */
  longestWindowSeconds: number;
  recordedDesired: number | undefined;
}

/** Whether the wait is over, or when to look again; and how it stands in one sentence for Temporal's UI. */
export type Progress =
  | { over: false; nextLookMs: number; saw: string }
  | { over: true; why: 'stable' | 'restarted' | 'out-of-time'; saw: string };

/**
 * How far the target is on its way through the stability window. It is over early when a container ended again since the
 * verification began (a useless remedy is known quickly), or when pods are not ready after the time that their probes give
 * them; in back-off, after the runbook's longest window.
 */
export function progress(state: TargetState, basis: VerificationBasis): Progress {
  const { since, window } = basis;
  const restarts = restartsSince(state, since);
  if (restarts.length > 0) return { over: true, why: 'restarted', saw: `ended again: ${restarts.join(', ')}` };
  const ready = readiness(state, basis.recordedDesired);
  const stable = stability(state, window);
  if (ready.result !== 'fail' && stable.result === 'pass') return { over: true, why: 'stable', saw: stable.saw };
  const elapsed = (state.at.getTime() - since.getTime()) / 1000;
  const patience = patienceSeconds(state, basis);
  const limit = ready.result === 'fail' ? patience : patience + window.seconds;
  if (elapsed > limit) {
    return { over: true, why: 'out-of-time', saw: ready.result === 'fail' ? ready.saw : stable.saw };
  }
  if (ready.result === 'fail') return { over: false, nextLookMs: SOON_MS, saw: ready.saw };
  const reached = Math.min(...state.current.map((pod) => stableSeconds(pod, state.at)));
  return {
    over: false,
    nextLookMs: Math.min(LATER_MS, Math.max(0, window.seconds - reached) * 1000 + 500),
    saw: `ready for ${spanText(reached * 1000)} of ${spanText(window.seconds * 1000)}`,
  };
}

function patienceSeconds(state: TargetState, { longestWindowSeconds }: VerificationBasis): number {
  if (isInBackOff(state)) return longestWindowSeconds;
  return Math.max(LEAST_PATIENCE_SECONDS, probeBudgetSeconds(state.workload.template));
}
