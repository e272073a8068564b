import type { V1Pod } from '@kubernetes/client-node';
import { isReady, podState } from '../kubernetes/pods.ts';
import type { Plan, Target } from '../recovery/values.ts';
import type { TargetState } from './target-state.ts';

/** A check's answer. */
export interface Judgement {
  result: 'pass' | 'fail' | 'unknown';
  saw: string;
}

/**
 * Whether the target is wholly there (safety 18): every pod of the current revision ready, as many as are wanted, none
 * pending, terminating or of an older revision beside them. Wanted are the workload's replicas, which must be more than 0 and
 * either within its HPA's bounds or no fewer than `recordedDesired`: one good replica of three is no recovery.
 */
export function readiness(state: TargetState, recordedDesired: number | undefined): Judgement {
  const { workload, current, older, terminating } = state;
  const desired = workload.replicas;
  const wanted = wantedFault(state, recordedDesired);
  if (wanted?.result === 'fail') return wanted;
  if (workload.observedGeneration < workload.generation) return fail('its controller has not seen the last change yet');
  const ready = current.filter(isReady).length;
  const counts = `${ready} of ${desired} pods of the current revision ready`;
  const notReady = current.find((pod) => !isReady(pod));
  if (notReady !== undefined) return fail(`${counts}: ${nameOf(notReady)} ${podState(notReady)}`);
  if (ready !== desired) return fail(`${counts}${missing(state)}`);
  if (older.length > 0) return fail(`${counts}, ${names(older)} of an older revision still there`);
  if (terminating.length > 0) return fail(`${counts}, ${names(terminating)} still terminating`);
  return wanted ?? { result: 'pass', saw: counts };
}

/** Pods of the target that were recorded as wanted: a scale of it in the plans decides, else what the healthy baseline says. */
export function recordedReplicas(
  { kind, namespace, name }: Target,
  plans: readonly Plan[],
  ...records: (number | undefined)[]
): number | undefined {
  const scaled = plans
    .flatMap(({ changes }) => changes)
    .findLast(
      (change) =>
        change.type === 'field' &&
        change.path === '/spec/replicas' &&
        change.object.kind === kind &&
        change.object.namespace === namespace &&
        change.object.name === name,
    );
  if (scaled?.type === 'field' && 'value' in scaled.after && typeof scaled.after.value === 'number') {
    return scaled.after.value;
  }
  return records.find((record) => record !== undefined && record > 0);
}

function wantedFault({ workload, autoscaler }: TargetState, recorded: number | undefined): Judgement | null {
  const desired = workload.replicas;
  if (desired <= 0) return fail('no pod is wanted: its replicas are 0');
  // A DaemonSet wants what its nodes want.
  if (workload.kind === 'DaemonSet') return null;
  if (autoscaler === 'unknown') {
    if (recorded === undefined || desired >= recorded) return null;
    return { result: 'unknown', saw: `${desired} pods wanted, ${recorded} before, and HPAs may not be read` };
  }
  if (autoscaler !== null) {
    const { name, min, max } = autoscaler;
    return desired >= min && desired <= max
      ? null
      : fail(`${desired} pods wanted, outside the bounds ${min} to ${max} of HPA ${name}`);
  }
  return recorded === undefined || desired >= recorded ? null : fail(`${desired} pods wanted, ${recorded} before`);
}

/** Why there are too few pods, in the controller's own words (quota, admission), or that there are too many. */
function missing({ workload, current }: TargetState): string {
  if (current.length > workload.replicas) return ', more than wanted';
  const failure = workload.status.conditions.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
  return failure?.message === undefined ? '' : `: ${failure.message}`;
}

function fail(saw: string): Judgement {
  return { result: 'fail', saw };
}

function names(pods: readonly V1Pod[]): string {
  return pods.map(nameOf).join(', ');
}

function nameOf(pod: V1Pod): string {
  return pod.metadata?.name ?? '';
}
