import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';

/** Whether the pod's Ready condition is true and it is not on its way out. */
export function isReady(pod: V1Pod): boolean {
  return !isTerminating(pod) && pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true;
}

/** When it became ready; undefined if it is not. */
export function readySince(pod: V1Pod): Date | undefined {
  if (!isReady(pod)) return undefined;
  return pod.status?.conditions?.find((condition) => condition.type === 'Ready')?.lastTransitionTime;
}

export function isTerminating(pod: V1Pod): boolean {
  return pod.metadata?.deletionTimestamp !== undefined;
}

/** Ended for good: it will never run again (a Job's pod, an evicted one). */
export function isFinished(pod: V1Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** A container's status by name, app, init and sidecar containers alike. */
export function containerStatus(pod: V1Pod, container: string): V1ContainerStatus | undefined {
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  return statuses.find((status) => status.name === container);
}

/** Whether the container's present or last instance was ended by the kernel for its own memory limit. */
export function wasOomKilled(pod: V1Pod, container: string): boolean {
  const status = containerStatus(pod, container);
  return [status?.state, status?.lastState].some((state) => state?.terminated?.reason === 'OOMKilled');
}

/** In one clause, for people: "agent-bruno is waiting: CrashLoopBackOff, 4 restarts". */
export function podState(pod: V1Pod): string {
  if (isTerminating(pod)) return 'is terminating';
  if (isReady(pod)) return 'is ready';
  const status = pod.status?.containerStatuses?.find((candidate) => !candidate.ready);
  if (status === undefined) return `is ${pod.status?.phase ?? 'Unknown'}${scheduling(pod)}`;
  const { waiting, terminated } = status.state ?? {};
  const state =
    waiting !== undefined
      ? `waiting: ${waiting.reason ?? 'no reason given'}`
      : terminated !== undefined
        ? `terminated: ${terminated.reason ?? 'no reason given'} (${terminated.exitCode})`
        : 'running, not ready';
  return `has ${status.name} ${state}, ${status.restartCount} restarts`;
}

function scheduling(pod: V1Pod): string {
  const condition = pod.status?.conditions?.find((c) => c.type === 'PodScheduled' && c.status === 'False');
  return condition?.message === undefined ? '' : `: ${condition.message}`;
}
