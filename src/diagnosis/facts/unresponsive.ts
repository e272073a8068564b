import type { Finding } from '../../recovery/values.ts';
import { hasServed, isForgotten, notReadySince } from '../age.ts';
import type { ReachEvidence } from '../evidence/connection.ts';
import type { ContainerEvidence, PodEvidence } from '../evidence/pod.ts';
import type { Evidence } from '../evidence.ts';
import { finding } from '../finding.ts';
import { described, type ProbeSources, probeFailure, probeSubject, throttling } from '../probe-facts.ts';
import { eventQuote, lastEnd } from '../states.ts';

const MEND = 'Find where its threads wait, then replace the pod.';

/**
 * A program that runs and does not answer: its readiness probe gets no answer in time and a GET with more patience neither, or
 * nothing listens any more, or it answers with an error of its own, where this very instance has served. A wrong path or port, an
 * error from the start on and a start itself are other findings.
 */
export function unresponsiveFact(
  evidence: Evidence,
  pod: PodEvidence,
  container: ContainerEvidence,
  { events, template }: ProbeSources,
): Finding | null {
  if (container.role !== 'main' || container.ready || !isRunningOn(evidence, pod, container)) return null;
  if (events.some(({ reason, message }) => reason === 'Killing' && /failed (?:liveness|startup) probe/i.test(message)))
    return null;
  const failing = events.findLast(({ message }) => /^Readiness probe (?:failed|errored)/i.test(message));
  const reach = reachOf(evidence, pod);
  const how = silence(failing?.message, reach, hasServed(pod, container));
  if (how === null) return null;
  const probe = template?.probes.readiness;
  const throttled = throttling(container);
  const since = notReadySince(pod);
  return finding({
    cause: 'unresponsive',
    pod: pod.name,
    container: container.name,
    subject: probeSubject(probe, failing?.message ?? ''),
    score: 84,
    summary: `${container.name} runs but has not answered as it should${since === undefined ? '' : ` since ${since}`}: its readiness probe${described(probe)} ${how}${alsoAsked(reach)}${throttled === null ? '' : `, while ${throttled}`}.`,
    mend: MEND,
    quotes: failing === undefined ? [] : [eventQuote(failing)],
  });
}

/** Ready by a probe that asks something else, and silent all the same to a GET. */
export function silentWhileReady(
  evidence: Evidence,
  pod: PodEvidence,
  container: ContainerEvidence,
  { template }: ProbeSources,
): Finding | null {
  const reach = reachOf(evidence, pod);
  if (container.role !== 'main' || container.state.kind !== 'running' || reach?.state !== 'silent') return null;
  // The kubelet asks the same and is answered: it is the way from the API server that is at fault.
  if (template === undefined || asksHttp(template.probes.readiness)) return null;
  return finding({
    cause: 'unresponsive',
    pod: pod.name,
    container: container.name,
    subject: `:${reach.port}${reach.path}`,
    score: 84,
    summary: `${container.name} is ready, but does not answer GET :${reach.port}${reach.path} through the API server (${reach.saw}).`,
    mend: MEND,
    quotes: [{ source: `GET of pod ${pod.name}`, text: reach.saw }],
  });
}

/** Services that are not answered through although the pods behind them are: they lead somewhere else. */
export function strayServiceFacts({ reach = [] }: Evidence): Finding[] {
  const pods = reach.filter(({ through }) => through === 'pod');
  const answered = pods.find(({ state }) => state === 'answered');
  if (answered === undefined || pods.some(({ state }) => state !== 'answered')) return [];
  return reach
    .filter(({ through, state }) => through === 'service' && (state === 'silent' || state === 'closed'))
    .map(({ name, port, path, saw }) =>
      finding({
        cause: 'service-without-endpoints',
        subject: name,
        score: 88,
        summary: `Service ${name}:${port} does not answer GET ${path} (${saw}), though a GET of pod ${answered.name}:${answered.port} is answered: it leads somewhere else.`,
        mend: "Compare the Service's targetPort with the port that the program listens at.",
        quotes: [{ source: `GET of Service ${name}`, text: saw }],
      }),
    );
}

/** How it is silent, in words that follow its probe; null where it is not, or where the probe itself is wrong. */
function silence(message: string | undefined, reach: ReachEvidence | undefined, served: boolean): string | null {
  // An error of its own since some moment is no wrong probe: that one would have failed from the start.
  const status = reach?.status ?? statusOf(message);
  if (status !== undefined && status >= 500 && served) return `is answered with status ${status}`;
  if (reach?.state === 'answered') return null;
  switch (message === undefined ? null : probeFailure(message)) {
    case 'late':
      return 'gets no answer in time';
    case 'refused':
      return served ? 'finds that nothing listens on its port any more' : null;
    case 'closed':
      return served ? 'finds its connection closed without an answer' : null;
    case null:
      return reach?.state === 'silent' ? 'does not succeed' : null;
    default:
      return null;
  }
}

function statusOf(message: string | undefined): number | undefined {
  const status = /statuscode: (\d+)/.exec(message ?? '')?.[1];
  return status === undefined ? undefined : Number(status);
}

function alsoAsked(reach: ReachEvidence | undefined): string {
  if (reach === undefined || reach.state === 'unknown') return '';
  if (reach.state === 'answered') return `, and so is a GET through the API server (${reach.saw})`;
  return `, and neither does a GET through the API server (${reach.saw})`;
}

function reachOf({ reach = [] }: Evidence, pod: PodEvidence): ReachEvidence | undefined {
  return reach.find(({ through, name }) => through === 'pod' && name === pod.name);
}

/** Runs, and did not end by itself a moment ago: then that end is what is to be explained. */
function isRunningOn(evidence: Evidence, pod: PodEvidence, container: ContainerEvidence): boolean {
  if (container.state.kind !== 'running') return false;
  return lastEnd(container) === undefined || hasServed(pod, container) || isForgotten(evidence, container);
}

function asksHttp(probe: unknown): boolean {
  return typeof probe === 'object' && probe !== null && 'httpGet' in probe;
}
