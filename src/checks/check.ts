import type { ZodType } from 'zod';
import type { Kubernetes } from '../kubernetes/client.ts';
import type { RunbookContent } from '../recovery/activities.ts';
import type { Plan, Target } from '../recovery/values.ts';

/** What a check works with. `instancesSince`: container instances that started before it do not count (RFC 3339). */
export interface CheckContext {
  kubernetes: Kubernetes;
  target: Target;
  runbook: RunbookContent;
  instancesSince?: string;
  plans: Plan[];
  cause?: string;
  heartbeat(detail: string): void;
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
