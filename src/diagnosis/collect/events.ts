import type { CoreV1Event } from '@kubernetes/client-node';
import type { Kubernetes } from '../../kubernetes/client.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import type { EventEvidence } from '../evidence/pod.ts';
import type { Subject } from './subject.ts';

/** Events of one namespace live an hour; a busy one has more of them than anybody reads. */
const MOST_READ = 1000;
const MOST_KEPT = 60;
const LONGEST_MESSAGE = 1000;
/** Objects that are asked for one by one where a namespace has more events than are read at once. */
const MOST_OBJECTS = 10;

/** Whose events are read besides the target's own. */
interface Around {
  autoscaler: string | undefined;
  claims: ReadonlySet<string>;
}

/** Events of the workload, its revisions, pods, autoscaler and claims, oldest first, the last 60: one call, in a busy namespace up to eleven. */
export async function readEvents(
  kubernetes: Kubernetes,
  subject: Subject,
  around: Around,
  signal: AbortSignal,
): Promise<EventEvidence[]> {
  const { namespace } = subject.workload;
  const list = await kubernetes.core.listNamespacedEvent({ namespace, limit: MOST_READ }, callOptions({ signal }));
  const all = list.metadata?._continue ? await eventsOfEach(kubernetes, subject, signal) : list.items;
  return chosen(all.filter(relevantTo(subject, around)));
}

/** Events about a node, which stand in the namespace `default`. */
export async function readNodeEvents(
  kubernetes: Kubernetes,
  node: string,
  signal: AbortSignal,
): Promise<EventEvidence[]> {
  const list = await kubernetes.core.listNamespacedEvent(
    { namespace: 'default', fieldSelector: `involvedObject.kind=Node,involvedObject.name=${node}` },
    callOptions({ signal }),
  );
  return chosen(list.items).slice(-MOST_OBJECTS);
}

async function eventsOfEach(kubernetes: Kubernetes, subject: Subject, signal: AbortSignal): Promise<CoreV1Event[]> {
  const { workload, between, revisions, pods } = subject;
  const uids = [
    workload.uid,
    ...between.map(({ uid }) => uid),
    ...pods.toReversed().map((pod) => pod.metadata?.uid ?? ''),
    ...revisions.map(({ uid }) => uid),
  ];
  const lists = await Promise.all(
    uids
      .slice(0, MOST_OBJECTS)
      .map((uid) =>
        kubernetes.core.listNamespacedEvent(
          { namespace: workload.namespace, fieldSelector: `involvedObject.uid=${uid}`, limit: MOST_READ },
          callOptions({ signal }),
        ),
      ),
  );
  return lists.flatMap(({ items }) => items);
}

function chosen(events: CoreV1Event[]): EventEvidence[] {
  return events
    .toSorted((a, b) => lastSeen(a) - lastSeen(b))
    .slice(-MOST_KEPT)
    .map(eventEvidence);
}

function relevantTo(
  { workload, between, revisions, pods }: Subject,
  { autoscaler, claims }: Around,
): (event: CoreV1Event) => boolean {
  const uids = new Set([
    workload.uid,
    ...between.map(({ uid }) => uid),
    ...revisions.map(({ uid }) => uid),
    ...pods.map((pod) => pod.metadata?.uid),
  ]);
  const jobs = new Set(between.filter(({ kind }) => kind === 'Job').map(({ name }) => name));
  if (workload.kind === 'Job') jobs.add(workload.name);
  return ({ involvedObject }) => {
    if (uids.has(involvedObject.uid)) return true;
    const { kind, name = '' } = involvedObject;
    if (kind === 'PersistentVolumeClaim') return claims.has(name) || name.includes(`-${workload.name}-`);
    // A Job that gave up has deleted its pods; their events live on.
    if (kind === 'Pod') return [...jobs].some((job) => name.startsWith(`${job}-`));
    return kind === 'HorizontalPodAutoscaler' && name === autoscaler;
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
