import type { Quote } from '../recovery/values.ts';
import type { ContainerEvidence, ContainerState, EventEvidence, PodEvidence } from './evidence/pod.ts';
import type { Evidence } from './evidence.ts';

/** How states and events are read and quoted, for all that speaks of them. */

/** How a container last ended, if it did. */
export function lastEnd(container: ContainerEvidence): ContainerState | undefined {
  if (container.state.kind === 'terminated') return container.state;
  return container.lastState?.kind === 'terminated' ? container.lastState : undefined;
}

/** Events of the pod that name this container or none. */
export function eventsOf(evidence: Evidence, pod: PodEvidence, container?: ContainerEvidence): EventEvidence[] {
  return evidence.events.filter(
    (event) =>
      (event.object === undefined || event.object === `Pod/${pod.name}`) &&
      (container === undefined || event.container === undefined || event.container === container.name),
  );
}

export function eventQuote(event: EventEvidence): Quote {
  return {
    source: event.object === undefined ? 'event' : `${event.object} event`,
    text: `${event.reason}: ${event.message}`,
  };
}

/** A container's last end in words: "OOMKilled, exit code 137". */
export function describeEnd(end: ContainerState | undefined): string {
  if (end === undefined) return 'no end is recorded';
  const parts = [end.reason ?? 'terminated'];
  if (end.exitCode !== undefined) parts.push(`exit code ${end.exitCode}`);
  if (end.signal !== undefined && end.signal > 0) parts.push(`signal ${end.signal}`);
  if (end.message !== undefined && end.message !== '') parts.push(end.message);
  return parts.join(', ');
}
