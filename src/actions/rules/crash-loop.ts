import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { type Dependent, dependenciesOf } from '../../dependencies/declared.ts';
import { isFinished, isReady, isTerminating } from '../../kubernetes/pods.ts';
import { currentRevision, type OwnedWorkload, revisionOfPod } from '../../kubernetes/revisions.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import type { WriteContext } from '../action.ts';

/**
 * Ends of one container since the wait began that leave no doubt, while it waits in back-off: one is normal where what it
 * needs comes up beside it.
 */
const ENOUGH = 2;

/** How a container waits after an end: in back-off, or with the error of a start that the runtime refused. */
const WAITS_AFTER_END: ReadonlySet<string | undefined> = new Set(['CrashLoopBackOff', 'RunContainerError']);

/** How often each container of each pod had ended at some moment, by pod uid and container. */
export type Ends = ReadonlyMap<string, number>;

/** The ends until now of the present revision's containers; a pod that is made later counts from 0. */
export function endsUntilNow(owned: OwnedWorkload): Ends {
  return new Map(statuses(owned).map(({ key, status }) => [key, endsOf(status)]));
}

/** The container that has crashed again and again since then and waits in back-off, in one clause; null where none has. */
export function crashesAgain(owned: OwnedWorkload, before: Ends): string | null {
  for (const { key, status, pod } of statuses(owned)) {
    const ends = endsOf(status) - (before.get(key) ?? 0);
    if (!WAITS_AFTER_END.has(status.state?.waiting?.reason) || ends < ENOUGH) continue;
    const { reason = 'Error', exitCode } = status.lastState?.terminated ?? {};
    const last = exitCode === undefined ? '' : `, last with ${reason} (exit code ${exitCode})`;
    return `${status.name} of ${pod} has crashed ${ends} times since${last}`;
  }
  return null;
}

/** The workload's dependencies none of whose pods is ready: a crash may only wait for them. Unreadable ones count as such. */
export async function dependenciesAway(
  { kubernetes, runbook, signal }: WriteContext,
  workload: Dependent,
): Promise<string[]> {
  const away = await Promise.all(
    dependenciesOf(runbook.spec, workload).map(async ({ name, namespace, selector }) => {
      const ready = await kubernetes.core
        .listNamespacedPod({ namespace, labelSelector: selector }, callOptions({ signal }))
        .then(({ items }) => items.length === 0 || items.some(isReady))
        .catch(() => false);
      return ready ? [] : [name];
    }),
  );
  signal.throwIfAborted();
  return away.flat();
}

interface Seen {
  key: string;
  pod: string;
  status: V1ContainerStatus;
}

function statuses({ workload, revisions, pods }: OwnedWorkload): Seen[] {
  const current = currentRevision(workload, revisions);
  const ofCurrent = (pod: V1Pod) => current !== undefined && revisionOfPod(pod, revisions)?.uid === current.uid;
  return pods
    .filter((pod) => ofCurrent(pod) && !isTerminating(pod) && !isFinished(pod))
    .flatMap(({ metadata, status }) =>
      [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].map((container) => ({
        key: `${metadata?.uid}/${container.name}`,
        pod: metadata?.name ?? '',
        status: container,
      })),
    );
}

/** Restarts, and one more for the instance that has ended and not been followed by another yet. */
function endsOf({ restartCount, state }: V1ContainerStatus): number {
  return restartCount + (WAITS_AFTER_END.has(state?.waiting?.reason) || state?.terminated !== undefined ? 1 : 0);
}
