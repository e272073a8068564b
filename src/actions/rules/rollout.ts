import type { V1ManagedFieldsEntry } from '@kubernetes/client-node';
import { isReady, isTerminating } from '../../kubernetes/pods.ts';
import { currentRevision, type OwnedWorkload, revisionOfPod } from '../../kubernetes/revisions.ts';
import { isBelowPartition } from '../../kubernetes/update-strategy.ts';
import type { Workload } from '../../kubernetes/workloads.ts';
import { FIELD_MANAGER } from '../write/patch.ts';
import { ask, FINE, refuse, type Verdict } from './verdict.ts';

/** A rollout that somebody holds, or whose controller has not yet seen the last change, asks (safety 5). */
export function rolloutState({ workload }: OwnedWorkload): Verdict {
  if (workload.paused) return ask('its rollout is paused: somebody works on it');
  if (workload.observedGeneration < workload.generation) return ask('its controller has not yet seen the last change');
  return FINE;
}

/** A template that another hand changed after the target broke asks: somebody is already mending (safety 5). */
export function changedSince({ workload }: OwnedWorkload, brokenSince: string): Verdict {
  const change = lastTemplateChange(workload);
  if (change === null || change.at <= Date.parse(brokenSince)) return FINE;
  return ask(`${change.manager} changed its pod template at ${new Date(change.at).toISOString()}, after it broke`);
}

/**
 * While a ready pod of an older revision serves and the new one fails, only what brings back what was healthy is automatic
 * (safety 5); so is a change that would take ready pods away at once.
 */
export function servingPods(owned: OwnedWorkload): Verdict {
  const { workload, revisions, pods } = owned;
  const ready = pods.filter(isReady);
  if (ready.length === 0) return FINE;
  const current = currentRevision(workload, revisions);
  const older = ready.filter((pod) => revisionOfPod(pod, revisions)?.uid !== current?.uid);
  const failing = pods.some((pod) => !isReady(pod) && revisionOfPod(pod, revisions)?.uid === current?.uid);
  if (older.length > 0 && failing)
    return ask(`${older.length} ready pods of an older revision serve while the new one fails: going back is safer`);
  if (workload.strategy === 'Recreate')
    return ask(`${ready.length} ready pods would be stopped at once (strategy Recreate)`);
  return FINE;
}

/** A new build while pods of an older revision serve is refused: going back to what serves is safer and quicker (safety 5). */
export function olderServes({ workload, revisions, pods }: OwnedWorkload): Verdict {
  const current = currentRevision(workload, revisions);
  const older = pods.filter((pod) => isReady(pod) && revisionOfPod(pod, revisions)?.uid !== current?.uid);
  if (older.length === 0) return FINE;
  return refuse('older-serves', `${older.length} ready pods of an older revision serve: going back to it is safer`);
}

/** A partition gives its pods their old revision again and again: a change that cannot reach a failing one is none (safety 13). */
export function reachesFailingPods({ workload, pods }: OwnedWorkload): Verdict {
  const kept = pods.filter((pod) => !isReady(pod) && !isTerminating(pod) && isBelowPartition(workload, pod));
  if (kept.length === 0) return FINE;
  const names = kept.map(({ metadata }) => metadata?.name).join(', ');
  return refuse(
    'partitioned',
    `its partition ${workload.partition} keeps ${names} at the old revision: the change would not reach it`,
  );
}

/** When the pod template was last written by a hand other than Kintsugi's, by the object's managed fields. */
export function lastTemplateChange(workload: Workload): { at: number; manager: string } | null {
  const changes = workload.managedFields
    .filter((entry) => entry.manager !== FIELD_MANAGER && entry.subresource === undefined && touchesTemplate(entry))
    .map(({ time, manager = 'somebody' }) => ({ at: Date.parse(String(time)), manager }))
    .filter(({ at }) => !Number.isNaN(at))
    .sort((a, b) => b.at - a.at);
  return changes[0] ?? null;
}

function touchesTemplate({ fieldsV1 }: V1ManagedFieldsEntry): boolean {
  return JSON.stringify(fieldsV1 ?? {}).includes('"f:template"');
}
