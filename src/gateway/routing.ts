import { formatTarget, isObjectName } from '../recovery/ids.ts';
import type { AlertMessage, Target } from '../recovery/values.ts';
import type { StoredRunbook } from '../runbook/load.ts';
import type { RunbookSpec } from '../runbook/schema.ts';
import type { AlertDelivery } from '../temporal/alerts.ts';
import { splitIntoSignals } from '../temporal/messages.ts';
import { type AlertPost, fingerprintOfRaw, type IncomingAlert, readAlert } from './alert.ts';

/** Where the alerts of one post go, found without Kubernetes (design.md, "One recovery for one broken thing"). Pure. */

/** What becomes of one alert at once: nothing is delivered for it. `index` is its place in the post. */
export interface Answered {
  index: number;
  fingerprint: string;
  name: string;
  status: 'unmatched' | 'refused';
  reason: string;
}

/** One alert of a delivery: `asked` is what it wants there. */
export interface Delivering {
  index: number;
  message: AlertMessage;
}

export interface RoutedDelivery {
  delivery: AlertDelivery;
  alerts: Delivering[];
}

export interface Routing {
  answered: Answered[];
  deliveries: RoutedDelivery[];
}

interface Destination {
  runbook: StoredRunbook;
  role: AlertMessage['role'];
  target: Target;
}

/**
 * Routes a post: each alert to the runbooks that name it, all alerts of one target and runbook into one message (several if
 * they are too large), firing triggers first since only they may start a recovery. `now` is RFC 3339.
 */
export function routePost(
  post: AlertPost,
  runbooks: StoredRunbook[],
  { cluster, now }: { cluster: string; now: string },
): Routing {
  const answered: Answered[] = [];
  const groups = new Map<string, { destination: Destination; alerts: Delivering[] }>();
  for (const [index, raw] of post.alerts.entries()) {
    const alert = readAlert(raw, post.groupKey, now);
    if ('unreadable' in alert) {
      const fingerprint = fingerprintOfRaw(raw);
      answered.push({ index, fingerprint, name: '', status: 'refused', reason: alert.unreadable });
      continue;
    }
    const found = destinationsOf(alert, runbooks);
    if (!Array.isArray(found)) {
      answered.push({ index, fingerprint: alert.fingerprint, name: alert.name, ...found });
      continue;
    }
    for (const destination of found) {
      const key = `${destination.runbook.name} ${formatTarget(destination.target)}`;
      const group = groups.get(key) ?? { destination, alerts: [] };
      group.alerts.push({ index, message: { ...alert, role: destination.role } });
      groups.set(key, group);
    }
  }
  return { answered, deliveries: [...groups.values()].flatMap((group) => deliveriesOf(cluster, group)) };
}

/** Whether an alert may start a recovery: a trigger that fires (durability 8). */
export function mayStart(message: AlertMessage): boolean {
  return message.role === 'trigger' && message.status === 'firing';
}

function deliveriesOf(
  cluster: string,
  { destination, alerts }: { destination: Destination; alerts: Delivering[] },
): RoutedDelivery[] {
  const { runbook, target } = destination;
  const after = runbook.runbook.spec.escalation.rungs[0]?.after ?? '15m';
  const envelope = { v: 1, runbook: runbook.name, digest: runbook.digest, after } as const;
  const startersFirst = [...alerts].sort((a, b) => Number(mayStart(b.message)) - Number(mayStart(a.message)));
  return splitIntoSignals(envelope, startersFirst).map((part) => ({
    delivery: { cluster, target, signal: part.signal, mayStart: part.signal.alerts.some(mayStart) },
    alerts: part.alerts,
  }));
}

/** One runbook whose trigger it is, and every one to which it is related; or why there is none. */
function destinationsOf(
  alert: IncomingAlert,
  runbooks: StoredRunbook[],
): Destination[] | { status: 'unmatched' | 'refused'; reason: string } {
  const named = runbooks.flatMap((runbook) => {
    const { trigger, related } = runbook.runbook.spec.alerts;
    const asTrigger = fitOf(trigger, alert);
    const asRelated = fitOf(related, alert);
    if (asTrigger !== null) return { runbook, role: 'trigger' as const, fit: asTrigger };
    return asRelated === null ? [] : { runbook, role: 'related' as const, fit: asRelated };
  });
  if (named.length === 0) return { status: 'unmatched', reason: `no runbook names the alert ${alert.name}` };
  const located = named.map((entry) => ({
    ...entry,
    place: targetOf(entry.runbook.runbook.spec, entry.role, alert.labels),
  }));
  const reachable = located.flatMap(({ runbook, role, fit, place }) =>
    'refused' in place ? [] : { runbook, role, fit, target: place },
  );
  const trigger = reachable.filter(({ role }) => role === 'trigger').sort((a, b) => b.fit - a.fit)[0];
  const related = reachable.filter(({ role }) => role === 'related');
  const destinations = trigger === undefined ? related : [trigger, ...related];
  if (destinations.length > 0) return destinations;
  const reasons = located.flatMap(({ place }) => ('refused' in place ? place.refused : []));
  return { status: 'refused', reason: [...new Set(reasons)].join('; ') };
}

/** How closely a runbook's list names an alert: the number of labels that it asks for; null if it does not name it. */
function fitOf(matchers: RunbookSpec['alerts']['trigger'], alert: IncomingAlert): number | null {
  const fits = matchers.flatMap((matcher) => {
    const { name, wanted } =
      typeof matcher === 'string'
        ? { name: matcher, wanted: [] }
        : { name: matcher.name, wanted: Object.entries(matcher.matchers ?? {}) };
    return name === alert.name && wanted.every(([label, value]) => alert.labels[label] === value)
      ? [wanted.length]
      : [];
  });
  return fits.length === 0 ? null : Math.max(...fits);
}

/**
 * The target of an alert: the one workload that the runbook names, else the one that the alert names, else the alert's pod, whose
 * owner the worker finds. Refused if the alert is about another namespace than the runbook, or names nothing that could be looked up.
 */
function targetOf(
  spec: RunbookSpec,
  role: AlertMessage['role'],
  labels: Record<string, string>,
): Target | { refused: string } {
  const { namespace, pod, workload } = placeOf(labels);
  const own = spec.target.namespace;
  const allowed = role === 'related' ? [own, ...spec.dependencies.map((dependency) => dependency.namespace)] : [own];
  if (namespace !== undefined && !allowed.includes(namespace)) {
    return { refused: `the alert is about namespace ${namespace.slice(0, 63)}, the runbook about ${own}` };
  }
  const { name, kinds } = spec.target;
  const [kind] = kinds;
  if (name !== undefined && kind !== undefined && kinds.length === 1) return { namespace: own, kind, name };
  if (namespace === undefined) return { refused: 'the alert has no label "namespace"' };
  if (pod !== undefined) {
    if (isObjectName(pod)) return { namespace, kind: 'Pod', name: pod };
    return { refused: 'the label "pod" is no name that a pod can have' };
  }
  if (workload !== undefined) return workloadOf(spec, namespace, workload);
  return { refused: 'the alert has no label "pod" and none of a workload, and the runbook names no single workload' };
}

/** The workload that an alert names: one that the runbook is for. */
function workloadOf(
  { target: { kinds, name: own } }: RunbookSpec,
  namespace: string,
  { kind, name }: { kind: (typeof kinds)[number]; name: string },
): Target | { refused: string } {
  if (!isObjectName(name)) return { refused: `the label "${kind.toLowerCase()}" is no name that a workload can have` };
  if (!kinds.includes(kind)) return { refused: `the alert is about a ${kind}, the runbook about ${kinds.join(', ')}` };
  if (own !== undefined && own !== name) return { refused: `the alert is about ${name}, the runbook about ${own}` };
  return { namespace, kind, name };
}

/** The labels in which kube-state-metrics names a workload, in the order in which they are believed. */
const WORKLOAD_LABELS = [
  ['deployment', 'Deployment'],
  ['statefulset', 'StatefulSet'],
  ['daemonset', 'DaemonSet'],
] as const;

interface AlertPlace {
  namespace?: string;
  pod?: string;
  workload?: { kind: (typeof WORKLOAD_LABELS)[number][1]; name: string };
}

/**
 * The pod, or workload, and namespace that an alert is about. `namespace` and `pod` may be the exporter's own: the real ones are then
 * in `exported_namespace` and `exported_pod`. So where the namespace was exported and a workload is named, a pod that was not
 * exported is the exporter's.
 */
function placeOf(labels: Record<string, string>): AlertPlace {
  const namespace = labels.exported_namespace || labels.namespace;
  const workload = WORKLOAD_LABELS.flatMap(([label, kind]) => {
    const name = labels[`exported_${label}`] || labels[label];
    return name ? [{ kind, name }] : [];
  })[0];
  const exporters = labels.exported_namespace && workload !== undefined;
  const pod = labels.exported_pod || (exporters ? undefined : labels.pod);
  return {
    ...(namespace ? { namespace } : {}),
    ...(pod ? { pod } : {}),
    ...(workload === undefined ? {} : { workload }),
  };
}
