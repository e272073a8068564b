import type { V1ContainerState, V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { isFinished, isReady, isTerminating, readySince } from '../kubernetes/pods.ts';
import type { Measure } from '../recovery/values.ts';

/** Milliseconds that a pod must have been ready to count as held (safety 15). */
const HELD_MS = 60_000;

/** What is measured: the workload's pods, how many are wanted, and the moment of looking. */
export interface Measured {
  pods: readonly V1Pod[];
  desired: number;
  at: Date;
}

/**
 * How well the target does, so that two looks can be compared (safety 15). Ready pods of every revision count: an old one
 * that serves is worth as much as a new one. The life is that of the containers that crash; where none does, of the
 * youngest that should run (0 if one does not).
 */
export function measure({ pods, desired, at }: Measured): Measure {
  const living = pods.filter((pod) => !isTerminating(pod) && !isFinished(pod));
  const ready = living.filter(isReady);
  return {
    desired,
    ready: ready.length,
    readyHeld: ready.filter((pod) => at.getTime() - (readySince(pod)?.getTime() ?? at.getTime()) >= HELD_MS).length,
    longestLifeSeconds: longestLife(living.flatMap(runningContainers), at),
  };
}

/** The longest that a container instance lived before it ended, in seconds; 0 where none of these pods' containers did. */
export function longestLifeBeforeCrash(pods: readonly V1Pod[], at: Date): number {
  const ended = pods
    .filter((pod) => !isTerminating(pod) && !isFinished(pod))
    .flatMap(runningContainers)
    .flatMap(({ state, lastState }) => [state, lastState])
    .filter((state) => state?.terminated !== undefined);
  return Math.max(0, ...ended.map((state) => lifeSeconds(state, at)));
}

function longestLife(containers: readonly V1ContainerStatus[], at: Date): number {
  const lives = containers.map((status) => ({
    crashed: endings(status).length > 0,
    seconds: Math.max(0, ...[status.state, status.lastState].map((state) => lifeSeconds(state, at))),
  }));
  const crashed = lives.filter((life) => life.crashed).map((life) => life.seconds);
  if (crashed.length > 0) return Math.max(...crashed);
  return lives.length === 0 ? 0 : Math.min(...lives.map((life) => life.seconds));
}

/** Containers that should stay up, and init containers that failed: one that has done its work is no crash. */
function runningContainers(pod: V1Pod): V1ContainerStatus[] {
  const sidecars = new Set(
    pod.spec?.initContainers?.filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name),
  );
  const init = (pod.status?.initContainerStatuses ?? []).filter(
    (status) => sidecars.has(status.name) || endings(status).some(({ exitCode }) => exitCode !== 0),
  );
  const main = pod.status?.containerStatuses ?? [];
  return [...init, ...main];
}

function endings(status: V1ContainerStatus): { exitCode: number }[] {
  return [status.state?.terminated, status.lastState?.terminated].filter((ended) => ended !== undefined);
}

/** How long this instance lived or lives. A start that failed is reported as begun in 1970: it never lived. */
function lifeSeconds(state: V1ContainerState | undefined, at: Date): number {
  const startedAt = (state?.running ?? state?.terminated)?.startedAt?.getTime();
  if (startedAt === undefined || startedAt <= 0) return 0;
  const endedAt = state?.terminated?.finishedAt?.getTime() ?? at.getTime();
  return Math.max(0, Math.round((endedAt - startedAt) / 1000));
}
