import type { escalationStepIds } from '../runbook/schema/escalation.ts';
import type { RunbookSpec } from '../runbook/schema.ts';
import { effectiveMode, leadingFinding } from './policy.ts';
import { restsHealthy } from './procedures.ts';
import type { RecoveryRecord } from './record.ts';
import type { EscalationStep } from './values.ts';

/** The written steps of an escalation, as a page tells them: taken by machine, or why not yet. */

type StepId = (typeof escalationStepIds)[number];

/** The written steps' own words, where a runbook gives none; in their order. */
const TEXTS: Record<StepId, string> = {
  'recent-changes': 'Review recent deployments and changes',
  'cluster-issues': 'Check cluster-wide issues',
  dependencies: 'Verify all dependencies',
  'application-changes': 'Review application code changes',
  contact: 'Contact the development team',
  rollback: 'Consider a rollback to the previous version',
};

/** The steps that a runbook lists, each with its words. */
export function listedSteps(spec: RunbookSpec): { id: StepId; text: string }[] {
  return spec.escalation.steps.map((step) => (typeof step === 'string' ? { id: step, text: TEXTS[step] } : step));
}

/** Whom to call, which needs no look. */
export function contactText({ escalation }: RunbookSpec): string {
  return `Team ${escalation.team}${escalation.contact === undefined ? '; the runbook gives no address' : `: ${escalation.contact}`}.`;
}

/** The steps as they are told now: those that were taken, else each with why it is not possible yet. */
export function writtenSteps(record: RecoveryRecord): EscalationStep[] {
  if (record.steps.length > 0) return record.steps.map((step) => asOf(step, record));
  const trouble = troubleOf(record);
  if (trouble === undefined) return [];
  const spec = record.runbook?.content.spec;
  const steps = spec === undefined ? Object.entries(TEXTS).map(([id, text]) => ({ id, text })) : listedSteps(spec);
  return steps.map(({ id, text }) => {
    const found = id === 'contact' && spec !== undefined ? contactText(spec) : `not possible yet: ${trouble}`;
    return { id, text, found, pending: true };
  });
}

/** In `observe` Kintsugi refuses what it would offer elsewhere; the mode may have changed since the step was taken. */
function asOf({ foundInObserve, ...step }: EscalationStep, record: RecoveryRecord): EscalationStep {
  return foundInObserve !== undefined && effectiveMode(record) === 'observe'
    ? { ...step, found: foundInObserve }
    : step;
}

/** Why the page knows less than it should: what failed last on the target, or that no cause was looked for yet. */
export function troubleOf(record: RecoveryRecord): string | undefined {
  const failure = record.failures.target;
  if (failure !== null) return `${failure.step} failed: ${failure.error.message}`;
  if (record.closed !== null || restsHealthy(record)) return undefined;
  return record.diagnosis === null && leadingFinding(record) === null ? 'not diagnosed yet' : undefined;
}
