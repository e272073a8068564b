import { isReady } from '../../kubernetes/pods.ts';
import { type OwnedWorkload, revisionOfPod } from '../../kubernetes/revisions.ts';
import { labelsMatch } from '../../kubernetes/selector.ts';
import { templateHash } from '../../kubernetes/template.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import { keepsRevision, takenAtOnce } from '../../kubernetes/update-strategy.ts';
import type { Workload } from '../../kubernetes/workloads.ts';
import type { ActionContext } from '../action.ts';
import { ask, FINE, type Verdict } from './verdict.ts';

/**
 * A controller that rolls a template out asks no PodDisruptionBudget, so it is asked here: ready pods that would be taken away
 * before new ones are ready must be within what each budget of theirs allows now (safety 13).
 * https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-budgets
 */
export async function withinBudgets(
  { kubernetes, signal }: ActionContext,
  { workload, revisions, pods }: OwnedWorkload,
  template: Workload['template'],
): Promise<Verdict> {
  const hash = templateHash(template);
  const ready = pods.filter(isReady);
  const replaced = ready.filter(
    (pod) => !keepsRevision(workload, pod) && revisionOfPod(pod, revisions)?.templateHash !== hash,
  );
  const taken = Math.min(replaced.length, takenAtOnce(workload, ready.length));
  if (taken === 0) return FINE;
  const { items } = await kubernetes.policy.listNamespacedPodDisruptionBudget(
    { namespace: workload.namespace },
    callOptions({ signal }),
  );
  const reasons = items.flatMap(({ metadata, spec, status }) => {
    const allowed = status?.disruptionsAllowed ?? 0;
    const selector = spec?.selector;
    // A budget without a selector is nobody's.
    const isTheirs =
      selector !== undefined && replaced.some((pod) => labelsMatch(selector, pod.metadata?.labels ?? {}));
    if (!isTheirs || taken <= allowed) return [];
    return [
      `PodDisruptionBudget ${metadata?.name} allows ${allowed} pods to be missing now, and the rollout takes ${taken} of ${ready.length} ready ones away before new ones are ready`,
    ];
  });
  return ask(...reasons);
}
