import { selectorMatches } from '../../kubernetes/selector.ts';
import type { Workload } from '../../kubernetes/workloads.ts';
import type { RunbookContent } from '../../recovery/activities.ts';
import { FINE, refuse, type Verdict } from './verdict.ts';

/** The workload found must be the one that the runbook declares (safety 2). */
export function declaredTarget(runbook: RunbookContent, workload: Workload): Verdict {
  const { namespace, kinds, name, selector } = runbook.spec.target;
  const labels = { ...workload.labels, ...workload.template.metadata?.labels };
  const faults = [
    ...(workload.namespace === namespace ? [] : [`namespace ${workload.namespace} is not ${namespace}`]),
    ...(kinds.includes(workload.kind) ? [] : [`a ${workload.kind} is none of ${kinds.join(', ')}`]),
    ...(name === undefined || name === workload.name ? [] : [`${workload.name} is not ${name}`]),
    ...(selector === undefined || selectorMatches(selector, labels) ? [] : [`it has not the labels ${selector}`]),
  ];
  if (faults.length === 0) return FINE;
  return refuse('not-the-target', `not what runbook ${runbook.metadata.name} is for: ${faults.join(', ')}`);
}
