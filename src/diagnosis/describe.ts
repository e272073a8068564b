import type { Json } from '../recovery/values.ts';
import type { TemplateChange } from './evidence/change.ts';
import type { EventEvidence } from './evidence/pod.ts';
import type { ContainerTemplate } from './evidence/workload.ts';

/** "requests cpu 100m, memory 256Mi; limits cpu 1, memory 1Gi; its use is not known" */
export function describeContainer({ name, resources }: ContainerTemplate): string {
  const list = (of: Record<string, string>): string => {
    const parts = Object.entries(of).map(([resource, quantity]) => `${resource} ${quantity}`);
    return parts.length === 0 ? 'none' : parts.join(', ');
  };
  return `${name}: requests ${list(resources.requests)}; limits ${list(resources.limits)}`;
}

/** "liveness GET /health:8080, delay 30 s, every 10 s, timeout 5 s, 3 failures; readiness ...; no startup probe" */
export function describeProbes({ name, probes }: ContainerTemplate): string {
  const each = (['liveness', 'readiness', 'startup'] as const).map((kind) => {
    const probe = probes[kind];
    return probe === undefined ? `no ${kind} probe` : `${kind} ${describeProbe(probe)}`;
  });
  return `${name}: ${each.join('; ')}`;
}

function describeProbe(probe: Json): string {
  if (typeof probe !== 'object' || probe === null || Array.isArray(probe)) return 'probe';
  const {
    httpGet,
    tcpSocket,
    initialDelaySeconds = 0,
    periodSeconds = 10,
    timeoutSeconds = 1,
    failureThreshold = 3,
  } = probe;
  const how = isRecord(httpGet)
    ? `GET ${httpGet.path ?? '/'}:${httpGet.port}`
    : isRecord(tcpSocket)
      ? `TCP :${tcpSocket.port}`
      : 'command';
  return `${how}, delay ${initialDelaySeconds} s, every ${periodSeconds} s, timeout ${timeoutSeconds} s, ${failureThreshold} failures`;
}

function isRecord(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** "image of agent-bruno: a -> b; env PORT of agent-bruno: 8080 -> absent" */
export function describeChanges(changes: readonly TemplateChange[]): string {
  const shown = changes
    .slice(0, 5)
    .map(
      ({ what, container, before, after }) =>
        `${what}${container === undefined ? '' : ` of ${container}`}: ${before} -> ${after}`,
    );
  return `${shown.join('; ')}${changes.length > 5 ? `; and ${changes.length - 5} more` : ''}`;
}

/** The last three kinds of event with how often they came: "BackOff x12 (Back-off restarting ...)" */
export function describeEvents(events: readonly EventEvidence[]): string {
  const byReason = Map.groupBy(events, ({ reason }) => reason);
  return [...byReason]
    .slice(-3)
    .map(([reason, all]) => {
      const count = all.reduce((sum, event) => sum + (event.count ?? 1), 0);
      return `${reason} x${count} (${(all.at(-1)?.message ?? '').replace(/\s+/g, ' ').slice(0, 120)})`;
    })
    .join('; ');
}
