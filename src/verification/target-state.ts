import type { V1Pod, V2HorizontalPodAutoscaler } from '@kubernetes/client-node';
import { KintsugiError } from '../errors.ts';
import type { Kubernetes } from '../kubernetes/client.ts';
import { isFinished, isTerminating } from '../kubernetes/pods.ts';
import { currentRevision, type OwnedWorkload, readOwned, revisionOfPod } from '../kubernetes/revisions.ts';
import { callOptions } from '../kubernetes/transport.ts';
import { keepsRevision } from '../kubernetes/update-strategy.ts';
import type { Workload } from '../kubernetes/workloads.ts';
import type { Target } from '../recovery/values.ts';

/** The target at one moment, read once and judged by all checks of a round. */
export interface TargetState {
  at: Date;
  workload: Workload;
  /** Pods of the template that the workload has now, and those that its update strategy keeps at the one they have. */
  current: V1Pod[];
  /** Those among them that are kept at an earlier template. */
  kept: V1Pod[];
  /** Pods of earlier templates that still run. */
  older: V1Pod[];
  /** Pods on their way out, of any template. */
  terminating: V1Pod[];
  /** The bounds of the HPA that sets the replicas; null without one, `unknown` where HPAs may not be read. */
  autoscaler: { name: string; min: number; max: number } | null | 'unknown';
}

/**
 * Reads the target: four calls. Ended pods (evicted ones, a Job's) are left out.
 * @throws KintsugiError as the API server refuses; `not-found` when the target is gone
 */
export async function readTargetState(
  kubernetes: Kubernetes,
  target: Target,
  signal?: AbortSignal,
): Promise<TargetState> {
  const owned = await readOwned(kubernetes, target, signal);
  return targetStateOf(owned, await readAutoscaler(kubernetes, target, signal));
}

/** The same from what has been read already. Ended pods are left out. */
export function targetStateOf(
  { workload, revisions, pods }: OwnedWorkload,
  autoscaler: TargetState['autoscaler'],
): TargetState {
  const revision = currentRevision(workload, revisions);
  const standing = pods.filter((pod) => !isFinished(pod));
  const staying = standing.filter((pod) => !isTerminating(pod));
  const isOfPresent = (pod: V1Pod): boolean =>
    revision !== undefined && revisionOfPod(pod, revisions)?.uid === revision.uid;
  const isKept = (pod: V1Pod): boolean => keepsRevision(workload, pod) && !isOfPresent(pod);
  const isCurrent = (pod: V1Pod): boolean => isOfPresent(pod) || isKept(pod);
  return {
    at: new Date(),
    workload,
    current: staying.filter(isCurrent),
    kept: staying.filter(isKept),
    older: staying.filter((pod) => !isCurrent(pod)),
    terminating: standing.filter(isTerminating),
    autoscaler,
  };
}

async function readAutoscaler(
  kubernetes: Kubernetes,
  target: Target,
  signal: AbortSignal | undefined,
): Promise<TargetState['autoscaler']> {
  try {
    const list = await kubernetes.autoscaling.listNamespacedHorizontalPodAutoscaler(
      { namespace: target.namespace },
      callOptions(signal === undefined ? {} : { signal }),
    );
    const own = list.items.find((item) => scales(item, target));
    if (own === undefined) return null;
    return { name: own.metadata?.name ?? '', min: own.spec?.minReplicas ?? 1, max: own.spec?.maxReplicas ?? 1 };
  } catch (thrown) {
    if (thrown instanceof KintsugiError && (thrown.code === 'forbidden' || thrown.code === 'not-found'))
      return 'unknown';
    throw thrown;
  }
}

function scales(autoscaler: V2HorizontalPodAutoscaler, target: Target): boolean {
  const reference = autoscaler.spec?.scaleTargetRef;
  return reference?.kind === target.kind && reference.name === target.name;
}
