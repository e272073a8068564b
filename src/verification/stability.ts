import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { readySince } from '../kubernetes/pods.ts';
import { spanText } from '../recovery/durations.ts';
import type { Judgement } from './readiness.ts';
import type { TargetState } from './target-state.ts';
import type { StabilityWindow } from './window.ts';

/**
 * Whether every pod has been ready in one and the same container instance for the whole window (safety 19), read from the
 * pods' own times and not waited for. Silence during back-off is not stability: such a pod is not ready.
 */
export function stability(state: TargetState, window: StabilityWindow): Judgement {
  const pods = state.current.map((pod) => ({ pod, seconds: stableSeconds(pod, state.at) }));
  if (pods.length === 0) return { result: 'fail', saw: 'there is no pod of the current revision' };
  const youngest = pods.reduce((least, candidate) => (candidate.seconds < least.seconds ? candidate : least));
  const saw =
    `${youngest.pod.metadata?.name} ready in one instance for ${spanText(youngest.seconds * 1000)}; ` +
    `needed ${spanText(window.seconds * 1000)} (${window.why})`;
  return { result: youngest.seconds >= window.seconds ? 'pass' : 'fail', saw };
}

/** Seconds since the pod became ready and the last of its containers started; 0 while it is not ready. */
export function stableSeconds(pod: V1Pod, at: Date): number {
  const since = readySince(pod);
  if (since === undefined) return 0;
  const starts = runningStatuses(pod).map(({ state }) => state?.running?.startedAt?.getTime() ?? at.getTime());
  return Math.max(0, Math.floor((at.getTime() - Math.max(since.getTime(), ...starts)) / 1000));
}

/** Each container of the current revision whose instance ended after `since`: "agent-bruno of agent-bruno-1: OOMKilled (137)". */
export function restartsSince(state: TargetState, since: Date): string[] {
  return state.current.flatMap((pod) =>
    runningStatuses(pod).flatMap((status) => {
      const ended = [status.state?.terminated, status.lastState?.terminated].find(
        (instance) => (instance?.finishedAt?.getTime() ?? 0) > since.getTime(),
      );
      if (ended === undefined) return [];
      return [`${status.name} of ${pod.metadata?.name}: ${ended.reason ?? 'ended'} (${ended.exitCode})`];
    }),
  );
}

/** Whether a container of the current revision has ended and the kubelet has not started it again yet. */
export function isInBackOff(state: TargetState): boolean {
  return state.current.some((pod) =>
    runningStatuses(pod).some(
      ({ state: now }) => now?.terminated !== undefined || now?.waiting?.reason === 'CrashLoopBackOff',
    ),
  );
}

/** The containers that should stay up: the main ones, and init containers that stay (sidecars). */
function runningStatuses(pod: V1Pod): V1ContainerStatus[] {
  const sidecars = new Set(
    pod.spec?.initContainers?.filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name),
  );
  const init = (pod.status?.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name));
  return [...init, ...(pod.status?.containerStatuses ?? [])];
}
