import type { Plan } from '../../recovery/values.ts';

/** A plan that the rules of safety forbid before there is anything to show of it, with the reason. */
export function refusedPlan(action: string, summary: string, refusal: { code: string; reason: string }): Plan {
  return { action, summary, risk: 'low', undo: 'none', changes: [], args: {}, waitSeconds: 0, refusal };
}
