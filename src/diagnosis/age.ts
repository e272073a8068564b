import { isRecord } from '../kubernetes/template.ts';
import type { Json } from '../recovery/values.ts';
import type { ContainerEvidence, PodEvidence } from './evidence/pod.ts';
import type { ContainerTemplate } from './evidence/workload.ts';
import type { Evidence } from './evidence.ts';

/** Seconds for which what is not ready yet is only on its way, where its probes give it no longer. */
const YOUNG_SECONDS = 20;
/** After ten minutes of running the kubelet forgets a container's crashes (its back-off starts anew). */
const FORGOTTEN_SECONDS = 600;

/** Seconds from a time of the evidence to the look; infinite for a time that is not known. */
export function ageSeconds(evidence: Pick<Evidence, 'takenAt'>, at: string | undefined): number {
  const since = Date.parse(at ?? '');
  return Number.isNaN(since) ? Number.POSITIVE_INFINITY : (Date.parse(evidence.takenAt) - since) / 1000;
}

/** A container that started a moment ago, was never ready nor failed yet, and is still within what its probes give it: no illness. */
export function isStarting(
  evidence: Evidence,
  pod: PodEvidence,
  container: ContainerEvidence,
  template: ContainerTemplate | undefined,
): boolean {
  const { state, restarts, lastState } = container;
  if (state.kind !== 'running' || restarts > 0 || lastState !== undefined || hasServed(pod, container)) return false;
  return ageSeconds(evidence, state.startedAt) < Math.max(YOUNG_SECONDS, patience(template));
}

/** Whether this very instance was ready before: it stopped being so after it had started. */
export function hasServed(pod: PodEvidence, container: ContainerEvidence): boolean {
  const since = Date.parse(notReadySince(pod) ?? '');
  const started = Date.parse(container.state.startedAt ?? '');
  return !Number.isNaN(since) && !Number.isNaN(started) && since > started;
}

/** When the pod stopped being ready, RFC 3339; undefined where it is, or nothing says so. */
export function notReadySince({ conditions }: PodEvidence): string | undefined {
  return conditions.find(({ type, status }) => type === 'Ready' && status !== 'True')?.since;
}

/** A pod that was made a moment ago. */
export function isYoung(evidence: Evidence, pod: PodEvidence, seconds = YOUNG_SECONDS): boolean {
  return ageSeconds(evidence, pod.createdAt) < seconds;
}

/** A container that has long been well again: how it once ended is history, and explains nothing of now. */
export function isLongWell(evidence: Evidence, pod: PodEvidence, container: ContainerEvidence): boolean {
  if (!pod.ready || !container.ready || container.state.kind !== 'running') return false;
  return isForgotten(evidence, container);
}

/** A container that runs longer than the kubelet remembers its ends. */
export function isForgotten(evidence: Evidence, { state }: ContainerEvidence): boolean {
  const since = ageSeconds(evidence, state.startedAt);
  return Number.isFinite(since) && since >= FORGOTTEN_SECONDS;
}

/** Seconds that the startup probe, else the readiness probe, gives a container before it counts as failed. */
function patience(template: ContainerTemplate | undefined): number {
  const { startup, readiness } = template?.probes ?? {};
  return budget(startup) + budget(readiness);
}

function budget(probe: Json | undefined): number {
  if (!isRecord(probe)) return 0;
  const seconds = (name: string, otherwise: number): number => {
    const value = probe[name];
    return typeof value === 'number' ? value : otherwise;
  };
  return seconds('initialDelaySeconds', 0) + seconds('periodSeconds', 10) * seconds('failureThreshold', 3);
}
