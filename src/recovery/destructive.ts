import type { Harm, Plan } from './values.ts';

/**
 * What is not simply taken back: high risk, data that may be lost, a workload that is stopped, state that is replaced. It is never
 * approved by somebody whom nobody has verified (safety 14). The one place that says what counts as such.
 */

/** What each harm is, to follow "it". */
export const HARMS: Readonly<Record<Harm, string>> = {
  'stops-workload': 'stops the workload',
  'replaces-state': 'takes or replaces state',
  redeploys: 'redeploys the target',
};

/** Whether one of the plans destroys something. */
export function isDestructive(plans: readonly Plan[]): boolean {
  return harmText(plans) !== null;
}

/** The worst of what the plans do, to follow "it" or a remedy's name: `may lose data`; null where they destroy nothing. */
export function harmText(plans: readonly Plan[]): string | null {
  if (plans.some(({ risk }) => risk === 'high')) return 'is of high risk';
  if (plans.some(({ dataLoss }) => dataLoss !== undefined)) return 'may lose data';
  const harm = plans.find((plan) => plan.harm !== undefined)?.harm;
  return harm === undefined ? null : HARMS[harm];
}
