import type { V1Pod } from '@kubernetes/client-node';
import type { Workload } from './workloads.ts';

/** What a controller does to a workload's pods when its template changes, by kind and strategy. */

/**
 * Whether a pod stays at the revision that it has until somebody deletes it, and beyond: every pod under `OnDelete`, a
 * StatefulSet's below its partition. https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#update-strategies
 */
export function keepsRevision(workload: Workload, pod: V1Pod): boolean {
  return workload.strategy === 'OnDelete' || isBelowPartition(workload, pod);
}

/** Whether a StatefulSet gives the pod its old revision again even when it is deleted. */
export function isBelowPartition({ kind, name, partition, raw }: Workload, pod: V1Pod): boolean {
  if (kind !== 'StatefulSet' || partition === 0) return false;
  const ordinal = Number(pod.metadata?.name?.slice(name.length + 1));
  return ordinal - (raw.spec.ordinals?.start ?? 0) < partition;
}

/**
 * How many of `ready` pods a new template takes away before as many new ones are ready. Deployments count what is not ready
 * already; the others go on one by one. https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment
 */
export function takenAtOnce({ kind, strategy, replicas, raw: { spec } }: Workload, ready: number): number {
  if (strategy === 'OnDelete') return 0;
  if (kind === 'Deployment') {
    if (strategy === 'Recreate') return ready;
    const { maxSurge = '25%', maxUnavailable = '25%' } = spec.strategy?.rollingUpdate ?? {};
    const surge = count(maxSurge, replicas, Math.ceil);
    // Both 0 would never begin: then one may be missing.
    const missing = Math.max(count(maxUnavailable, replicas, Math.floor), surge === 0 ? 1 : 0);
    return Math.max(0, ready - (replicas - missing));
  }
  const { maxSurge = 0, maxUnavailable = 1 } = spec.updateStrategy?.rollingUpdate ?? {};
  const most = count(maxUnavailable, replicas, Math.ceil);
  if (kind === 'StatefulSet') return Math.min(ready, most);
  const alreadyMissing = replicas - ready;
  return count(maxSurge, replicas, Math.ceil) > 0 ? 0 : Math.min(ready, Math.max(0, most - alreadyMissing));
}

/** A number, or a share of `of` as `25%`. */
function count(value: number | string, of: number, round: (share: number) => number): number {
  return typeof value === 'number' ? value : round((Number.parseFloat(value) * of) / 100);
}
