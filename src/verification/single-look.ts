import type { V1Pod } from '@kubernetes/client-node';
import { longestLifeBeforeCrash } from '../diagnosis/measure.ts';
import { isReady } from '../kubernetes/pods.ts';
import type { RunbookSpec } from '../runbook/schema.ts';
import { readiness } from './readiness.ts';
import { restartsSince, stability } from './stability.ts';
import type { TargetState } from './target-state.ts';
import { stabilityWindow } from './window.ts';

/** Milliseconds that a pod may be away before its target counts as broken (design, "settles"). */
const AWAY_MS = 30_000;

/** What a look is judged by. */
export interface LookBasis {
  settings: RunbookSpec['verify']['window'];
  /** The longest life before a crash where that is known from an earlier diagnosis; else the pods' own last states tell. */
  longestLifeSeconds?: number;
  recordedDesired?: number;
  /** Only a restart after it is a new one. */
  since?: Date;
}

/**
 * One look without waiting (safety 19): healthy only if the target is ready and every container's present start is older than
 * the window; broken if a container ended since, or fewer pods are ready than wanted for 30 s.
 */
export function judgeLook(state: TargetState, basis: LookBasis): { healthy: boolean; broken: boolean; saw: string } {
  const { settings, recordedDesired } = basis;
  const longestLifeSeconds = basis.longestLifeSeconds ?? longestLifeBeforeCrash(state.current, state.at);
  const window = stabilityWindow({ settings, longestLifeSeconds, template: state.workload.template });
  const ready = readiness(state, recordedDesired);
  const stable = stability(state, window);
  const restarts = restartsSince(state, basis.since ?? new Date(state.at.getTime() - AWAY_MS));
  const away = isAway(state);
  const healthy = ready.result === 'pass' && stable.result === 'pass';
  const saw = [
    ready.saw,
    ...(ready.result === 'pass' ? [stable.saw] : []),
    ...(restarts.length === 0 ? [] : [`ended again: ${restarts.join(', ')}`]),
  ].join('; ');
  return { healthy, broken: restarts.length > 0 || away, saw };
}

/** Fewer pods serve than are wanted, and one of them has been away for 30 s. An old revision that still serves counts. */
function isAway({ workload, current, older, at }: TargetState): boolean {
  const standing = [...current, ...older];
  if (standing.filter(isReady).length >= workload.replicas) return false;
  const waiting = standing.filter((pod) => !isReady(pod));
  if (waiting.length > 0) return waiting.some((pod) => at.getTime() - awaySince(pod) >= AWAY_MS);
  return workload.status.conditions.some(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
}

function awaySince(pod: V1Pod): number {
  const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready');
  return (ready?.lastTransitionTime ?? pod.metadata?.creationTimestamp)?.getTime() ?? Number.POSITIVE_INFINITY;
}
