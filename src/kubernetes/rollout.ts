import type { Workload } from './workloads.ts';

/** How far the last change of a workload is rolled out; `stuck` will not go on by itself. */
export interface RolloutProgress {
  state: 'ready' | 'waiting' | 'stuck';
  saw: string;
}

/**
 * As `kubectl rollout status` judges it, and every wanted pod ready besides; no pod wanted is not ready.
 * Source: kubectl v0.34, pkg/polymorphichelpers/rollout_status.go
 */
export function rolloutProgress(workload: Workload): RolloutProgress {
  const { replicas, status } = workload;
  if (workload.observedGeneration < workload.generation) return waiting('its controller has not yet seen the change');
  if (workload.paused) return stuck('its rollout is paused');
  if (replicas === 0) return stuck('it is scaled to 0 pods');
  const failed = status.conditions.find(
    ({ type, reason }) => type === 'Progressing' && reason === 'ProgressDeadlineExceeded',
  );
  if (failed !== undefined) return stuck(failed.message ?? 'its progress deadline has passed');
  const updated = workload.strategy === 'OnDelete' ? 0 : Math.max(0, replicas - workload.partition);
  if (status.updated < updated) return waiting(`${status.updated} of ${updated} pods are of the new revision`);
  if (updated === replicas && status.replicas > status.updated)
    return waiting(`${status.replicas - status.updated} pods of the old revision are still there`);
  if (status.ready < replicas) return waiting(`${status.ready} of ${replicas} pods are ready`);
  return { state: 'ready', saw: `${status.ready} of ${replicas} pods are ready` };
}

function waiting(saw: string): RolloutProgress {
  return { state: 'waiting', saw };
}

function stuck(saw: string): RolloutProgress {
  return { state: 'stuck', saw };
}
