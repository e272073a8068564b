import { isRecord } from '../kubernetes/template.ts';
import type { Finding, Json } from '../recovery/values.ts';
import { ageSeconds } from './age.ts';
import type { ContainerEvidence, EventEvidence, PodEvidence } from './evidence/pod.ts';
import type { ContainerTemplate } from './evidence/workload.ts';
import type { Evidence } from './evidence.ts';
import { finding } from './finding.ts';
import { eventQuote, lastEnd } from './states.ts';

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

/** How a probe fails, as far as its mend depends on it. */
export type ProbeFailure = 'status' | 'not-found' | 'refused' | 'late' | 'closed' | 'command' | 'port-name' | 'other';

/** Reads the kubelet's message of a failed probe (kubernetes pkg/probe, and Go's net wordings). */
export function probeFailure(message: string): ProbeFailure {
  const status = /statuscode: (\d+)/.exec(message)?.[1];
  if (status !== undefined) return status === '404' ? 'not-found' : 'status';
  if (/deadline ?exceeded|timed out|timeout/i.test(message)) return 'late';
  if (/connection refused/i.test(message)) return 'refused';
  if (/connection reset|EOF/i.test(message)) return 'closed';
  if (/couldn't find port|no port named|invalid port|strconv/i.test(message)) return 'port-name';
  return /https?:\/\/|dial tcp|probe errored/i.test(message) ? 'other' : 'command';
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
  const probe = template?.probes[kind];
  const throttled = throttling(container);
  return finding({
    cause: 'liveness-probe-failure',
    pod: pod.name,
    container: container.name,
    subject: probeSubject(probe, message),
    score: bySignal ? 90 : 60,
    summary: `The kubelet ended ${container.name} because its ${kind} probe${described(probe)} failed: ${probeReason(message, template)}${throttled === null ? '' : `, while ${throttled}`}.`,
    mend: probeMend(message, throttled !== null, kind),
    quotes: [...failing.slice(-2), ...killing.slice(-1)].map(eventQuote),
  });
}

/** Seconds within which a probe's failure counts as of now. */
const NOW_SECONDS = 60;

/** Runs and is ready, and its liveness probe fails all the same, only not often enough in a row to be ended for it. */
export function failingLivenessFact(
  evidence: Evidence,
  pod: PodEvidence,
  container: ContainerEvidence,
  { events, template }: ProbeSources,
): Finding | null {
  if (container.state.kind !== 'running') return null;
  const failing = events.findLast((event) => /^Liveness probe (?:failed|errored)/i.test(event.message));
  if (failing === undefined || (failing.count ?? 1) < 3 || ageSeconds(evidence, failing.lastSeen) > NOW_SECONDS)
    return null;
  const probe = template?.probes.liveness;
  return finding({
    cause: 'liveness-probe-failure',
    pod: pod.name,
    container: container.name,
    subject: probeSubject(probe, failing.message),
    score: 50,
    summary: `The liveness probe${described(probe)} of ${container.name} fails (${failing.count} times so far), not yet enough to be ended for it: ${probeReason(failing.message, template)}.`,
    mend: probeMend(failing.message, throttling(container) !== null, 'liveness'),
    quotes: [eventQuote(failing)],
  });
}

/** Runs, but is not ready: the readiness probe says why. */
export function readinessFact(pod: PodEvidence, container: ContainerEvidence, seen: ProbeSources): Finding | null {
  const { events, template } = seen;
  if (container.ready || container.state.kind !== 'running') return null;
  const failing = events.filter((event) => /^Readiness probe (?:failed|errored)/i.test(event.message));
  const latest = failing.at(-1);
  if (latest === undefined) return null;
  const probe = template?.probes.readiness;
  const throttled = throttling(container);
  return finding({
    cause: 'readiness-probe-failure',
    pod: pod.name,
    container: container.name,
    subject: probeSubject(probe, latest.message),
    score: 70,
    summary: `${container.name} runs but is not ready: its probe${described(probe)} fails: ${probeReason(latest.message, template)}${throttled === null ? '' : `, while ${throttled}`}.`,
    mend: probeMend(latest.message, throttled !== null, 'readiness'),
    quotes: failing.slice(-2).map(eventQuote),
  });
}

/** From this share of periods on a program is slowed down enough to miss its probes. */
const THROTTLED = 0.25;
/** Periods (100 ms each) below which a share means nothing. */
const FEWEST_PERIODS = 20;

/** "its CPU is throttled in 83 % of periods"; null where it is not, or not known. */
export function throttling({ throttling: seen }: ContainerEvidence): string | null {
  if (seen === undefined || seen.periods < FEWEST_PERIODS) return null;
  const share = seen.throttled / seen.periods;
  return share < THROTTLED ? null : `its CPU is throttled in ${Math.round(share * 100)} % of periods`;
}

/** Whether a finding about a probe says that the container's CPU is throttled. */
export function saysThrottled({ summary }: Pick<Finding, 'summary'>): boolean {
  return /its CPU is throttled in \d+ % of periods/.test(summary);
}

/** What mends it: patience only for an answer that comes late and would be good (safety 9). */
function probeMend(
  message: string,
  throttled: boolean,
  kind: 'liveness' | 'startup' | 'readiness',
): string | undefined {
  const impatient = kind !== 'readiness';
  switch (probeFailure(message)) {
    case 'not-found':
      return `Correct the probe's path${impatient ? ': patience does not cure it' : ''}.`;
    case 'port-name':
      return "Correct the probe's port name.";
    case 'refused':
      return "Correct the probe's port, or find why the program does not listen there.";
    case 'status':
      return impatient ? 'The program itself says that it is unwell: patience does not cure it.' : undefined;
    case 'late':
      if (throttled) return 'Raise its CPU limit: patience alone does not cure it.';
      return impatient ? 'If it only starts or answers slowly: a startupProbe, or a longer timeoutSeconds.' : undefined;
    default:
      return undefined;
  }
}

/** " GET :8080/health" */
export function described(probe: Json | undefined): string {
  const { httpGet, exec } = isRecord(probe) ? probe : {};
  const subject = probeSubject(probe, '');
  if (isRecord(httpGet)) return ` GET ${subject}`;
  if (isRecord(exec) && Array.isArray(exec.command)) return ` \`${exec.command.join(' ').slice(0, 60)}\``;
  return subject === undefined ? '' : ` TCP ${subject}`;
}

/**
 * Port and path that are probed, as the template has them: the pod's own address would change the finding's key with every
 * pod, and a wrong status is reported without any.
 */
export function probeSubject(probe: Json | undefined, message: string): string | undefined {
  const { httpGet, tcpSocket, grpc } = isRecord(probe) ? probe : {};
  if (isRecord(httpGet)) return `:${httpGet.port}${httpGet.path ?? '/'}`;
  if (isRecord(tcpSocket)) return `:${tcpSocket.port}`;
  if (isRecord(grpc)) return `:${grpc.port}`;
  const url = /https?:\/\/[^/"]*?(:\d+)?(\/[^\s"]*)?"/.exec(message);
  if (url !== null) return `${url[1] ?? ''}${url[2] ?? '/'}`;
  return /dial tcp \S*?(:\d+):/.exec(message)?.[1];
}

function probeReason(message: string, template: ContainerTemplate | undefined): string {
  const ports = (template?.ports ?? []).map(({ port }) => port);
  switch (probeFailure(message)) {
    case 'not-found':
      return 'there is no such path (it answers with status 404)';
    case 'status':
      return `it answers with status ${/statuscode: (\d+)/.exec(message)?.[1]}`;
    case 'late':
      return 'it does not answer in time';
    case 'refused':
      return `nothing listens on its port${ports.length === 0 ? '' : ` (the container declares ${ports.join(', ')})`}`;
    case 'closed':
      return 'it closes the connection';
    case 'port-name':
      return 'its port is the name of no port of the container';
    default:
      return said(message);
  }
}

/** What the probe itself said, without the kubelet's words before it; a command may fail without a word. */
function said(message: string): string {
  const own = message
    .replace(/^\w+ probe (?:failed|errored)[^:]*:\s*/i, '')
    .replace(/\s+/g, ' ')
    .trim();
  return own === '' ? 'its command fails and says nothing' : own.slice(0, 160);
}
