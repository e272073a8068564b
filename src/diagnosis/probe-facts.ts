import { isRecord } from '../kubernetes/template.ts';
import type { Finding, Json } from '../recovery/values.ts';
import type { ContainerEvidence, ContainerTemplate, EventEvidence, PodEvidence } from './evidence.ts';
import { finding } from './finding.ts';
import { eventQuote, lastEnd } from './kubelet-facts.ts';

/** Exit codes of a process that was told to end: SIGKILL, SIGTERM, or an orderly end after SIGTERM. */
const ENDED_BY_SIGNAL = new Set([137, 143, 0]);

/** What tells of a container's probes: the events about it, and its template where that is known. */
export interface ProbeSources {
  events: EventEvidence[];
  template: ContainerTemplate | undefined;
}

/** Whether the process was ended from outside rather than by its own failure: exit code 137 or 143. */
export function endedFromOutside(container: ContainerEvidence): boolean {
  const code = lastEnd(container)?.exitCode;
  return code === 137 || code === 143;
}

/**
 * The kubelet ended the container because its liveness or startup probe failed. A process that ended by its own failure
 * (another exit code) is no such case unless the kubelet says that it killed it.
 * @returns the finding, with score 90; or 60 when the exit code speaks of a failure of the program's own.
 */
export function livenessFact(pod: PodEvidence, container: ContainerEvidence, seen: ProbeSources): Finding | null {
  const { events, template } = seen;
  const killing = events.filter(
    (event) => event.reason === 'Killing' && /failed (?:liveness|startup) probe/i.test(event.message),
  );
  const failing = events.filter((event) => /^(?:Liveness|Startup) probe (?:failed|errored)/i.test(event.message));
  if (killing.length === 0 && failing.length === 0) return null;
  const code = lastEnd(container)?.exitCode;
  const bySignal = code === undefined || ENDED_BY_SIGNAL.has(code);
  if (killing.length === 0 && !bySignal) return null;
  const message = failing.at(-1)?.message ?? killing.at(-1)?.message ?? '';
  const kind = /startup/i.test(message) ? 'startup' : 'liveness';
  return finding({
    cause: 'liveness-probe-failure',
    pod: pod.name,
    container: container.name,
    subject: probeSubject(template?.probes[kind], message),
    score: bySignal ? 90 : 60,
    summary: `The kubelet ended ${container.name} because its ${kind} probe failed: ${probeReason(message)}.`,
    quotes: [...failing.slice(-2), ...killing.slice(-1)].map(eventQuote),
  });
}

/** Runs, but is not ready: the readiness probe says why. */
export function readinessFact(pod: PodEvidence, container: ContainerEvidence, seen: ProbeSources): Finding | null {
  const { events, template } = seen;
  if (container.ready || container.state.kind !== 'running') return null;
  const failing = events.filter((event) => /^Readiness probe (?:failed|errored)/i.test(event.message));
  const latest = failing.at(-1);
  if (latest === undefined) return null;
  return finding({
    cause: 'readiness-probe-failure',
    pod: pod.name,
    container: container.name,
    subject: probeSubject(template?.probes.readiness, latest.message),
    score: 70,
    summary: `${container.name} runs but is not ready: ${probeReason(latest.message)}.`,
    quotes: failing.slice(-2).map(eventQuote),
  });
}

/**
 * Port and path that are probed, as the template has them: the pod's own address would change the finding's key with every
 * pod, and a wrong status is reported without any.
 */
function probeSubject(probe: Json | undefined, message: string): string | undefined {
  const { httpGet, tcpSocket } = isRecord(probe) ? probe : {};
  if (isRecord(httpGet)) return `:${httpGet.port}${httpGet.path ?? '/'}`;
  if (isRecord(tcpSocket)) return `:${tcpSocket.port}`;
  const url = /https?:\/\/[^/"]*?(:\d+)?(\/[^\s"]*)?"/.exec(message);
  if (url !== null) return `${url[1] ?? ''}${url[2] ?? '/'}`;
  return /dial tcp \S*?(:\d+):/.exec(message)?.[1];
}

function probeReason(message: string): string {
  const status = /statuscode: (\d+)/.exec(message)?.[1];
  if (status !== undefined) return `it answers with status ${status}`;
  if (/deadline exceeded|timed out|timeout/i.test(message)) return 'it does not answer in time';
  if (/connection refused/i.test(message)) return 'nothing listens on its port';
  if (/connection reset|EOF/i.test(message)) return 'it closes the connection';
  return message.replace(/\s+/g, ' ').slice(0, 160);
}
