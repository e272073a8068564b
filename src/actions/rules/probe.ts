import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Container, V1HTTPGetAction, V1Pod, V1Probe } from '@kubernetes/client-node';
import { readEvents } from '../../diagnosis/collect/events.ts';
import { type ProbeFailure, probeFailure, saysThrottled } from '../../diagnosis/probe-facts.ts';
import { KintsugiError } from '../../errors.ts';
import { readPodMetrics } from '../../kubernetes/pod-metrics.ts';
import { containerStatus } from '../../kubernetes/pods.ts';
import { proxyGet } from '../../kubernetes/proxy.ts';
import { parseQuantity } from '../../kubernetes/quantity.ts';
import { currentRevision, type OwnedWorkload, revisionOfPod } from '../../kubernetes/revisions.ts';
import type { ActionContext } from '../action.ts';
import { handlerText, type ProbeKind, probePort } from '../plan/probe.ts';
import { ask, FINE, refuse, type Verdict } from './verdict.ts';

/** A probe whose container the kubelet restarts, and the patience that it would get. */
export interface ProbeQuestion {
  container: V1Container;
  kind: ProbeKind;
  probe: V1Probe;
  /** Seconds that an answer may take from then on. */
  timeoutSeconds: number;
}

/** Seconds that an answer is waited for in all, since a container that is restarted does not serve all the time. */
export const LONGEST_WAIT_SECONDS = 35;
/** Milliseconds: one call to the API server is given up after 10 s. */
const LONGEST_ANSWER_MS = 9_500;
const POLL_MS = 1000;
/** Of its CPU limit: from here on the container is throttled rather than slow. */
const THROTTLED = 0.9;

/**
 * Patience cures an endpoint that answers well, but late (safety 9): every failure of the probe that the kubelet tells is one
 * of time, a GET of what it asks is answered well within the new timeout, and the container is not at its CPU limit. What
 * cannot be asked from here (a command, a bare connection, gRPC) a person decides.
 */
export async function answersLate(
  context: ActionContext,
  owned: OwnedWorkload,
  question: ProbeQuestion,
): Promise<Verdict> {
  const { probe, kind } = question;
  const what = `${kind} probe ${handlerText(probe)}`;
  const told = await troubles(context, owned, question.container.name, kind);
  const wrong = told.find(isWrongStatus);
  if (wrong !== undefined)
    return refuse('not-slow', statusReason(what, /statuscode: (\d+)/.exec(wrong.message)?.[1] ?? ''));
  const late = told.filter(({ trouble }) => trouble === 'late').reduce((sum, { count }) => sum + count, 0);
  if (late === 0) return refuse('not-late', notLateReason(what, told[0]?.trouble));
  const throttled = await atCpuLimit(context, owned, question.container);
  if (throttled !== null)
    return refuse('cpu-throttled', `${throttled}: patience does not cure that, more CPU or less work does`);
  return probe.httpGet === undefined
    ? ask(`${what} failed by time ${late} times, and whether it answers well cannot be asked from here`)
    : answersWell(context, owned, question, probe.httpGet);
}

/**
 * A start that outlasts its probe: the kubelet ended containers in which nothing listened yet, and what the probe asks was
 * answered when the target was healthy, else a person decides.
 */
export async function startsLate(
  context: ActionContext,
  owned: OwnedWorkload,
  question: ProbeQuestion,
  knownGood: boolean,
): Promise<Verdict> {
  const { container, probe } = question;
  const told = [
    ...(await troubles(context, owned, container.name, 'startup')),
    ...(await troubles(context, owned, container.name, 'liveness')),
  ];
  const what = `what its probe asks (${handlerText(probe)})`;
  if (told.length === 0) return refuse('not-killed', `no probe ended ${container.name}: it ends by itself`);
  const wrong = told.find(isWrongStatus);
  if (wrong !== undefined)
    return refuse('not-slow', statusReason(what, /statuscode: (\d+)/.exec(wrong.message)?.[1] ?? ''));
  if (told.every(({ trouble, kind }) => trouble === 'late' && kind === 'liveness'))
    return refuse('not-starting', `${container.name} listens, and answers late: its start is not what takes long`);
  return knownGood ? FINE : ask(`${what} was never seen answered: its port may be wrong`);
}

interface Trouble {
  kind: ProbeKind;
  trouble: ProbeFailure;
  message: string;
  count: number;
}

/** How a probe of the present revision's pods failed, by the kubelet's events, the latest first. */
async function troubles(
  { kubernetes, signal }: ActionContext,
  owned: OwnedWorkload,
  container: string,
  kind: ProbeKind,
): Promise<Trouble[]> {
  const pods = new Set(currentPods(owned).map((pod) => `Pod/${pod.metadata?.name}`));
  const begin = new RegExp(`^${kind} probe (?:failed|errored)`, 'i');
  const around = { autoscaler: undefined, claims: new Set<string>() };
  const events = await readEvents(kubernetes, { ...owned, between: [] }, around, signal);
  return events
    .filter((event) => pods.has(event.object ?? '') && (event.container ?? container) === container)
    .filter(({ message }) => begin.test(message))
    .map(({ message, count = 1 }) => ({ kind, message, count, trouble: probeFailure(message) }))
    .reverse();
}

function isWrongStatus({ trouble }: Trouble): boolean {
  return trouble === 'status' || trouble === 'not-found';
}

function currentPods({ workload, revisions, pods }: OwnedWorkload): V1Pod[] {
  const current = currentRevision(workload, revisions);
  return pods.filter((pod) => revisionOfPod(pod, revisions)?.uid === current?.uid);
}

function statusReason(what: string, status: string): string {
  const why = /^5/.test(status)
    ? 'the program itself says that it is not well'
    : 'its path or port is not the one that tells of health';
  return `${what} is answered with status ${status}: ${why}, and patience does not cure that`;
}

function notLateReason(what: string, trouble: ProbeFailure | undefined): string {
  if (trouble === 'refused')
    return `nothing listens where ${what} asks: a wrong port, or a start that takes long, and no slow answer`;
  if (trouble === 'port-name')
    return `${what} names a port that the container does not have: patience does not cure that`;
  if (trouble === 'closed') return `the connection of ${what} is closed without an answer: patience does not cure that`;
  return `no event says that ${what} was answered too late`;
}

/** Asks what the kubelet asks, of every pod that runs, until one answers; never longer than the wait. */
async function answersWell(
  context: ActionContext,
  owned: OwnedWorkload,
  { container, timeoutSeconds }: ProbeQuestion,
  get: V1HTTPGetAction,
): Promise<Verdict> {
  const port = probePort(container, get.port);
  if (port === undefined)
    return refuse('not-slow', `${container.name} has no port named ${get.port}, which its probe asks`);
  if (get.host !== undefined || get.httpHeaders !== undefined)
    return ask('its probe asks another host or sends headers, which cannot be asked so from here');
  const timeoutMs = Math.min(timeoutSeconds * 1000, LONGEST_ANSWER_MS);
  const path = get.path ?? '/';
  const deadline = Date.now() + LONGEST_WAIT_SECONDS * 1000;
  let saw = 'no container of its pods runs';
  while (Date.now() + timeoutMs < deadline) {
    context.heartbeat(`asking GET :${port}${path} as its probe does: ${saw}`);
    for (const name of await runningPods(context, owned, container.name)) {
      const answer = await askOnce(
        context,
        { name, port, path, ...(get.scheme === 'HTTPS' ? { scheme: 'https' } : {}) },
        timeoutMs,
      );
      if (typeof answer === 'string') saw = answer;
      else if (answer.status < 400) return FINE;
      else return refuse('not-slow', statusReason(`GET :${port}${path}`, String(answer.status)));
    }
    await sleep(POLL_MS, undefined, { signal: context.signal });
  }
  return refuse('not-seen-well', `GET :${port}${path} was not seen answered within ${timeoutMs / 1000} s: ${saw}`);
}

async function runningPods(context: ActionContext, owned: OwnedWorkload, container: string): Promise<string[]> {
  const { namespace } = owned.workload;
  const pods = await Promise.all(
    currentPods(owned).map(async ({ metadata }) =>
      context.kubernetes.core.readNamespacedPod({ namespace, name: metadata?.name ?? '' }).catch(() => undefined),
    ),
  );
  return pods.flatMap((pod) =>
    pod !== undefined && containerStatus(pod, container)?.state?.running !== undefined
      ? [pod.metadata?.name ?? '']
      : [],
  );
}

/** A program's status, or why there was none. */
async function askOnce(
  { kubernetes, target, signal }: ActionContext,
  request: { name: string; port: number; path: string; scheme?: 'https' },
  timeoutMs: number,
): Promise<{ status: number } | string> {
  const patience = AbortSignal.timeout(timeoutMs);
  try {
    const asked = { namespace: target.namespace, through: 'pods' as const, ...request };
    const { status, fromApiServer, message } = await proxyGet(kubernetes, asked, AbortSignal.any([signal, patience]));
    return fromApiServer ? `${request.name}: ${message}` : { status };
  } catch (thrown) {
    signal.throwIfAborted();
    if (patience.aborted) return `${request.name} gave no answer in time`;
    if (thrown instanceof KintsugiError && thrown.code !== 'forbidden') return `${request.name}: ${thrown.message}`;
    throw thrown;
  }
}

/** In one clause that a container is at its CPU limit; null where it is not, or where no metrics say it. */
async function atCpuLimit(
  { kubernetes, signal, finding }: ActionContext,
  { workload }: OwnedWorkload,
  container: V1Container,
): Promise<string | null> {
  const limit = container.resources?.limits?.cpu;
  if (limit === undefined) return null;
  if (saysThrottled(finding)) return finding.summary.replace(/\.$/, '');
  const measured = await readPodMetrics(kubernetes, workload, signal);
  if (typeof measured === 'string') return null;
  const cores = Number(parseQuantity(limit)) / 1e9;
  const throttled = measured.find((usage) => usage.container === container.name && usage.cpu >= THROTTLED * cores);
  return throttled === undefined
    ? null
    : `${container.name} of ${throttled.pod} uses ${throttled.cpu.toFixed(2)} of its ${cores} cores (CPU limit ${limit})`;
}
