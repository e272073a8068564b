import type { CoreV1Event } from '@kubernetes/client-node';
import type { Kubernetes } from '../../kubernetes/client.ts';
import { referencesOf } from '../../kubernetes/references.ts';
import type { OwnedWorkload } from '../../kubernetes/revisions.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import type { EventEvidence } from '../evidence.ts';

/** Events of one namespace live an hour; a busy one has more of them than anybody reads. */
const MOST_READ = 1000;
const MOST_KEPT = 60;
const LONGEST_MESSAGE = 1000;

/** Events of the workload, its revisions, pods, autoscaler and claims, oldest first, the last 60: one call. */
export async function readEvents(
  kubernetes: Kubernetes,
  owned: OwnedWorkload,
  signal: AbortSignal,
): Promise<EventEvidence[]> {
  const { workload } = owned;
  const list = await kubernetes.core.listNamespacedEvent(
    { namespace: workload.namespace, limit: MOST_READ },
    callOptions({ signal }),
  );
  const about = relevantTo(owned);
  return list.items
    .filter(about)
    .toSorted((a, b) => lastSeen(a) - lastSeen(b))
    .slice(-MOST_KEPT)
    .map(eventEvidence);
}

function relevantTo({ workload, revisions, pods }: OwnedWorkload): (event: CoreV1Event) => boolean {
  const claims = new Set(
    referencesOf(workload.template)
      .filter(({ kind }) => kind === 'PersistentVolumeClaim')
      .map(({ name }) => name),
  );
  const uids = new Set([workload.uid, ...revisions.map(({ uid }) => uid), ...pods.map((pod) => pod.metadata?.uid)]);
  return ({ involvedObject }) => {
    if (uids.has(involvedObject.uid)) return true;
    const { kind, name } = involvedObject;
    if (kind === 'PersistentVolumeClaim')
      return claims.has(name ?? '') || name?.includes(`-${workload.name}-`) === true;
    return kind === 'HorizontalPodAutoscaler' && name === workload.name;
  };
}

function lastSeen(event: CoreV1Event): number {
  const time =
    event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp;
  return time === undefined ? 0 : new Date(time).getTime();
}

function eventEvidence(event: CoreV1Event): EventEvidence {
  const container = /^spec\.(?:initContainers|containers|ephemeralContainers)\{(.+)\}$/.exec(
    event.involvedObject.fieldPath ?? '',
  )?.[1];
  const count = event.series?.count ?? event.count;
  const first = event.firstTimestamp ?? event.eventTime;
  return {
    type: event.type ?? 'Normal',
    reason: event.reason ?? '',
    message: (event.message ?? '').slice(0, LONGEST_MESSAGE),
    object: `${event.involvedObject.kind}/${event.involvedObject.name}`,
    ...(container === undefined ? {} : { container }),
    ...(count === undefined ? {} : { count }),
    ...(first === undefined ? {} : { firstSeen: new Date(first).toISOString() }),
    lastSeen: new Date(lastSeen(event)).toISOString(),
  };
}
