import { KintsugiError } from '../../errors.ts';
import type { Kubernetes } from '../../kubernetes/client.ts';
import { labelsMatch } from '../../kubernetes/selector.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import type { Target } from '../../recovery/values.ts';
import type { BudgetEvidence } from '../evidence/workload.ts';
import type { SubjectWorkload } from './subject.ts';

/** The PodDisruptionBudgets that select the workload's pods: one call. */
export async function readBudgets(
  kubernetes: Kubernetes,
  { namespace, template }: Pick<SubjectWorkload, 'namespace' | 'template'>,
  signal: AbortSignal,
): Promise<BudgetEvidence[]> {
  const list = await kubernetes.policy.listNamespacedPodDisruptionBudget({ namespace }, callOptions({ signal }));
  const labels = template.metadata?.labels ?? {};
  return list.items
    .filter(({ spec }) => spec?.selector !== undefined && labelsMatch(spec.selector, labels))
    .map(({ metadata, spec, status }) => ({
      name: metadata?.name ?? '',
      rule:
        spec?.minAvailable === undefined
          ? `maxUnavailable ${spec?.maxUnavailable ?? 1}`
          : `minAvailable ${spec.minAvailable}`,
      disruptionsAllowed: status?.disruptionsAllowed ?? 0,
    }));
}

interface VerticalAutoscalers {
  items: { metadata: { name: string }; spec?: { targetRef?: { kind?: string; name?: string } } }[];
}

/** The VerticalPodAutoscaler of the target by name; null without one, or where the cluster knows no such kind. One call. */
export async function readVerticalAutoscaler(
  kubernetes: Kubernetes,
  { namespace, kind, name }: Target,
  signal: AbortSignal,
): Promise<string | null> {
  try {
    const list: VerticalAutoscalers = await kubernetes.custom.listNamespacedCustomObject(
      { group: 'autoscaling.k8s.io', version: 'v1', plural: 'verticalpodautoscalers', namespace },
      callOptions({ signal }),
    );
    const own = list.items.find(({ spec }) => spec?.targetRef?.kind === kind && spec.targetRef.name === name);
    return own?.metadata.name ?? null;
  } catch (thrown) {
    if (thrown instanceof KintsugiError && thrown.code === 'not-found') return null;
    throw thrown;
  }
}
