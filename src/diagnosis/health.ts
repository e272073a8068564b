import type { Finding } from '../recovery/values.ts';
import { ageSeconds, isStarting, isYoung } from './age.ts';
import { classify, presentFindings } from './classify.ts';
import type { ContainerEvidence, PodEvidence } from './evidence/pod.ts';
import type { Evidence } from './evidence.ts';
import { isDegraded } from './facts/degradation.ts';
import { isComplete } from './facts/jobs.ts';
import { finding } from './finding.ts';
import { describeEnd, lastEnd } from './states.ts';

/** How a target does by one look alone. */
export interface Health {
  healthy: boolean;
  /** One line: "0 of 1 pods ready; app was restarted 4 times, last end OOMKilled, exit code 137". */
  state: string;
  /** The best first; never empty when it is not healthy. */
  findings: Finding[];
}

/** Seconds for which a rollout whose pods show nothing wrong is only on its way. */
const ROLLING_SECONDS = 60;

/**
 * Judges one look: healthy is what has all the pods that it wants, ready, and nothing wrong with them now; a rollout that has
 * only begun and shows nothing wrong is no illness. Unlike a recovery's verification it waits for nothing (safety 19 does).
 */
export function judgeHealth(evidence: Evidence): Health {
  const state = stateOf(evidence);
  if (isComplete(evidence) || isDone(evidence)) return { healthy: true, state, findings: [] };
  const present = presentFindings(evidence);
  if (present.length > 0) return { healthy: false, state, findings: present };
  if (isWhole(evidence)) return { healthy: true, state, findings: classify(evidence) };
  if (isOnItsWay(evidence))
    return { healthy: true, state: `${state}; on its way, nothing is wrong so far`, findings: [] };
  return { healthy: false, state, findings: [unexplained(evidence, state)] };
}

/** A pod that has done its work. */
function isDone({ target, pods }: Evidence): boolean {
  return target.kind === 'Pod' && pods[0]?.phase === 'Succeeded';
}

/** Every pod that is wanted is there and ready; a Job that runs, and a CronJob that waits, want no more. */
function isWhole({ workload, pods }: Evidence): boolean {
  if (workload === null) return false;
  if (workload.job !== undefined) return standing(pods).every((pod) => pod.ready);
  const ready = standing(pods).filter((pod) => pod.current && pod.ready).length;
  return ready >= workload.desired && workload.observedGeneration >= workload.generation;
}

function standing(pods: readonly PodEvidence[]): PodEvidence[] {
  return pods.filter(({ deleting, phase }) => !deleting && phase !== 'Succeeded' && phase !== 'Failed');
}

/** Its controller has just seen a change, or every pod that is not ready was made or started a moment ago. */
function isOnItsWay(evidence: Evidence): boolean {
  const { workload, pods } = evidence;
  if (workload === null) return false;
  if (workload.observedGeneration < workload.generation) return true;
  if (workload.conditions.some(({ reason }) => reason === 'ProgressDeadlineExceeded')) return false;
  const waiting = standing(pods).filter((pod) => !pod.ready);
  if (waiting.length === 0) return newest(evidence) < ROLLING_SECONDS;
  return waiting.every(
    (pod) =>
      isYoung(evidence, pod, ROLLING_SECONDS) || pod.containers.some((container) => starts(evidence, pod, container)),
  );
}

function starts(evidence: Evidence, pod: PodEvidence, container: ContainerEvidence): boolean {
  return isStarting(
    evidence,
    pod,
    container,
    evidence.workload?.containers.find(({ name }) => name === container.name),
  );
}

/** Seconds since the newest revision, or the target's newest pod. */
function newest(evidence: Evidence): number {
  const times = [
    ...evidence.revisions.map(({ createdAt }) => createdAt),
    ...evidence.pods.map(({ createdAt }) => createdAt),
  ];
  return Math.min(...times.map((at) => ageSeconds(evidence, at)), Number.POSITIVE_INFINITY);
}

function unexplained({ target, missing, workload }: Evidence, state: string): Finding {
  const late = workload?.conditions.find(({ reason }) => reason === 'ProgressDeadlineExceeded');
  const unread = missing.length === 0 ? '' : ' Not everything could be read.';
  return finding({
    cause: 'unknown',
    score: 5,
    summary: `${target.kind} ${target.name} is not whole (${state}), and nothing that was read says why.${unread}`,
    quotes:
      late === undefined
        ? []
        : [{ source: `${target.kind} condition ${late.type}`, text: late.message ?? late.reason ?? '' }],
  });
}

/** Counts, the rollout, and the container that does worst. */
export function stateOf(evidence: Evidence): string {
  return [counts(evidence), ...rollout(evidence), ...worstContainer(evidence)].join('; ');
}

function counts({ target, workload, pods }: Evidence): string {
  const { job } = workload ?? {};
  if (job !== undefined) return jobCounts(job, workload?.conditions ?? []);
  if (target.kind === 'Pod') return podText(pods[0], workload?.owner);
  const owner = workload?.owner === undefined ? '' : ` (of ${workload.owner})`;
  const ready = standing(pods).filter((pod) => pod.ready).length;
  const degraded = isDegraded({ workload, pods }) ? 'degraded, ' : '';
  return `${degraded}${ready} of ${workload?.desired ?? '?'} pods ready${owner}`;
}

function jobCounts(
  job: NonNullable<NonNullable<Evidence['workload']>['job']>,
  conditions: { type: string; status: string }[],
): string {
  const schedule =
    job.schedule === undefined
      ? ''
      : `${job.schedule.cron}, ${job.name === '' ? 'no Job yet' : `latest Job ${job.name}`}: `;
  const ended = conditions.find(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True');
  const how = ended === undefined ? (job.suspended ? 'suspended, ' : '') : `${ended.type.toLowerCase()}, `;
  return `${schedule}${how}${job.succeeded} of ${job.completions} completions, ${job.active} active, ${job.failed} failed`;
}

function podText(pod: PodEvidence | undefined, owner: string | undefined): string {
  const what = pod === undefined ? 'gone' : `${pod.phase}, ${pod.ready ? 'ready' : 'not ready'}`;
  return `${what}${owner === undefined ? ', owned by nobody: it is not made again' : `, of ${owner}`}`;
}

function rollout({ workload, pods }: Evidence): string[] {
  const older = standing(pods).filter(({ current }) => !current);
  const serving = older.filter(({ ready }) => ready).length;
  return [
    ...(workload?.paused === true ? ['paused'] : []),
    ...(older.length === 0 ? [] : [`${older.length} of an older revision, ${serving} of them ready`]),
  ];
}

function worstContainer({ pods }: Evidence): string[] {
  const [worst] = pods
    .flatMap((pod) => pod.containers)
    .filter((container) => container.restarts > 0 || lastEnd(container) !== undefined)
    .filter(({ role, state }) => role !== 'init' || state.exitCode !== 0)
    .toSorted((a, b) => Number(a.ready) - Number(b.ready) || b.restarts - a.restarts);
  if (worst === undefined) return [];
  const end = lastEnd(worst);
  const times = worst.restarts === 1 ? 'once' : `${worst.restarts} times`;
  const restarted = worst.restarts === 0 ? `${worst.name} ended` : `${worst.name} was restarted ${times}, last end`;
  const { message: _, ...short } = end ?? { kind: 'none' as const };
  return [`${restarted} ${end === undefined ? 'not recorded' : describeEnd(short)}`];
}
