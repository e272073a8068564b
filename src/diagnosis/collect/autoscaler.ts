import type { Kubernetes } from '../../kubernetes/client.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import type { Target } from '../../recovery/values.ts';
import type { WorkloadEvidence } from '../evidence/workload.ts';
import { conditions } from './conditions.ts';

/** The HPA that scales the target: for the checks, and for people; null without one, `unknown` where it may not be read. */
export type AutoscalerReading =
  | { bounds: { name: string; min: number; max: number }; evidence: NonNullable<WorkloadEvidence['autoscaler']> }
  | null
  | 'unknown';

/** Reads the HPAs of the namespace: one call. */
export async function readAutoscaler(
  kubernetes: Kubernetes,
  target: Target,
  signal: AbortSignal,
): Promise<AutoscalerReading> {
  const list = await kubernetes.autoscaling.listNamespacedHorizontalPodAutoscaler(
    { namespace: target.namespace },
    callOptions({ signal }),
  );
  const own = list.items.find(
    ({ spec }) => spec?.scaleTargetRef.kind === target.kind && spec.scaleTargetRef.name === target.name,
  );
  if (own === undefined) return null;
  const bounds = { name: own.metadata?.name ?? '', min: own.spec?.minReplicas ?? 1, max: own.spec?.maxReplicas ?? 1 };
  return {
    bounds,
    evidence: { ...bounds, desired: own.status?.desiredReplicas ?? 0, conditions: conditions(own.status?.conditions) },
  };
}
