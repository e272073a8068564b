import { callOptions } from '../../kubernetes/transport.ts';
import type { Workload } from '../../kubernetes/workloads.ts';
import type { WriteContext } from '../action.ts';

/** The HorizontalPodAutoscaler that sets a workload's replicas, with its bounds; null without one. */
export type Autoscaler = { name: string; min: number; max: number } | null;

export async function autoscalerOf({ kubernetes, signal }: WriteContext, workload: Workload): Promise<Autoscaler> {
  const { namespace, kind, name } = workload;
  const list = await kubernetes.autoscaling.listNamespacedHorizontalPodAutoscaler(
    { namespace },
    callOptions({ signal }),
  );
  const own = list.items.find(({ spec }) => spec?.scaleTargetRef.kind === kind && spec.scaleTargetRef.name === name);
  if (own?.spec === undefined) return null;
  return { name: own.metadata?.name ?? '', min: own.spec.minReplicas ?? 1, max: own.spec.maxReplicas };
}
