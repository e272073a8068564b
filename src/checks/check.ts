import type { ZodType } from 'zod';
import type { Kubernetes } from '../kubernetes/client.ts';
import type { RunbookContent } from '../recovery/activities.ts';
import type { Target } from '../recovery/values.ts';
import type { TargetState } from '../verification/target-state.ts';
import type { StabilityWindow } from '../verification/window.ts';

/** What a check works with. */
export interface CheckContext {
  kubernetes: Kubernetes;
  target: Target;
  runbook: RunbookContent;
  /** The target as it was read once for all checks of this round. */
  state: TargetState;
  /** How long an instance must be ready to count as stable (safety 19). */
  window: StabilityWindow;
  /** Pods that were wanted when the target was healthy; undefined if that is not known. */
  recordedDesired?: number;
  signal: AbortSignal;
}

/** One question about the target's health; one default export a file, found by the generated registry (safety 18-21). */
export interface Check<P> {
  name: string;
  summary: string;
  params: ZodType<P>;
  /** `unknown` when the question could not be asked; `saw` says what was seen, and from where it was looked. */
  run(context: CheckContext, params: P): Promise<{ result: 'pass' | 'fail' | 'unknown'; saw: string }>;
}
