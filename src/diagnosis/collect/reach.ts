import type { V1Pod } from '@kubernetes/client-node';
import { messageOf } from '../../errors.ts';
import type { Kubernetes } from '../../kubernetes/client.ts';
import { type ProbedPath, probedPaths } from '../../kubernetes/http-probe.ts';
import { containerStatus, isFinished, isReady, isTerminating } from '../../kubernetes/pods.ts';
import { type ProxiedRequest, proxyGet } from '../../kubernetes/proxy.ts';
import { leadsTo, servicesOf } from '../../kubernetes/services.ts';
import type { RunbookContent } from '../../recovery/activities.ts';
import type { ReachEvidence } from '../evidence/connection.ts';

/** Pods that are asked at most: those that are not ready first. */
const MOST_PODS = 3;
const MOST_SERVICES = 2;
/** Milliseconds that a person would wait for an answer. */
const PATIENCE_MS = 5000;

/** Whose pods are asked. */
export interface ReachRequest {
  kubernetes: Kubernetes;
  pods: readonly V1Pod[];
  runbook: RunbookContent | null;
  signal: AbortSignal;
}

/**
 * Asks the pods whose containers run what their probes ask, and the Services that lead to them alone, through the API server: a GET
 * each, side by side. So a program that is only slow is told from one that does not answer, and a Service that leads astray is seen.
 */
export async function readReach(request: ReachRequest): Promise<ReachEvidence[]> {
  const { kubernetes, runbook, signal } = request;
  const asked = request.pods
    .filter((pod) => !isTerminating(pod) && !isFinished(pod))
    .toSorted((a, b) => Number(isReady(a)) - Number(isReady(b)))
    .flatMap((pod) => questionsOf(pod, runbook))
    .slice(0, MOST_PODS);
  if (asked.length === 0) return [];
  const ofPods = Promise.all(asked.map((question) => answerTo(kubernetes, question, signal)));
  const [answers, ofServices] = await Promise.all([ofPods, askServices(request, asked)]);
  return [...answers, ...ofServices];
}

/** A GET of a pod, through the API server. */
export interface Question extends ProbedPath {
  pod: V1Pod;
}

/** What a pod's probes ask over HTTP; without such a probe what the runbook's checks do. Only of a container that runs. */
export function questionsOf(pod: V1Pod, runbook: RunbookContent | null): Question[] {
  const isRunning = (container: string) => containerStatus(pod, container)?.state?.running !== undefined;
  const probed = probedPaths(pod).find(({ container }) => isRunning(container));
  if (probed !== undefined) return [{ pod, ...probed }];
  const path = checkedPath(runbook);
  const running = (pod.spec?.containers ?? []).filter(({ name }) => isRunning(name));
  const main = running.find(({ name }) => name === runbook?.spec.target.container) ?? running[0];
  const port = main?.ports?.[0]?.containerPort;
  if (path === undefined || main === undefined || port === undefined) return [];
  return [{ pod, container: main.name, port, path, scheme: 'http' }];
}

function checkedPath(runbook: RunbookContent | null): string | undefined {
  const checks = runbook?.spec.verify.checks ?? [];
  const paths = checks.flatMap((check) => (typeof check === 'string' ? [] : (check.http?.path ?? [])));
  return paths.find((path) => typeof path === 'string');
}

/** Services whose pods are all of this target: through another, somebody else might answer. */
async function askServices(
  { kubernetes, pods, signal }: ReachRequest,
  asked: readonly Question[],
): Promise<ReachEvidence[]> {
  const [first] = asked;
  const namespace = first?.pod.metadata?.namespace ?? '';
  if (first === undefined || !pods.some(isReady)) return [];
  const ways = (await servicesOf(kubernetes, { namespace, pods }, signal)).filter(
    (way) => way.others.length === 0 && leadsTo(way, first.pod, first.port),
  );
  const requests = ways.slice(0, MOST_SERVICES).map(
    ({ name, port }): ProxiedRequest => ({
      namespace,
      through: 'services',
      name,
      port,
      path: first.path,
      scheme: first.scheme,
    }),
  );
  return Promise.all(requests.map((request) => ask(kubernetes, request, signal)));
}

/** Asks one pod. Never throws, but for `signal`. */
export function answerTo(kubernetes: Kubernetes, question: Question, signal: AbortSignal): Promise<ReachEvidence> {
  const { pod, port, path, scheme } = question;
  const { namespace = '', name = '' } = pod.metadata ?? {};
  return ask(kubernetes, { namespace, through: 'pods', name, port, path, scheme }, signal);
}

async function ask(kubernetes: Kubernetes, request: ProxiedRequest, signal: AbortSignal): Promise<ReachEvidence> {
  const { through, name, port, path } = request;
  const asked = { through: through === 'pods' ? ('pod' as const) : ('service' as const), name, port, path };
  const patience = AbortSignal.timeout(PATIENCE_MS);
  try {
    const answer = await proxyGet(kubernetes, request, AbortSignal.any([signal, patience]));
    const { status, fromApiServer, message } = answer;
    if (!fromApiServer) return { ...asked, state: 'answered', status, saw: `status ${status}` };
    return { ...asked, state: isClosed(message) ? 'closed' : 'unknown', saw: message.slice(0, 200) };
  } catch (thrown) {
    signal.throwIfAborted();
    if (patience.aborted) return { ...asked, state: 'silent', saw: `no answer within ${PATIENCE_MS / 1000} s` };
    return { ...asked, state: 'unknown', saw: messageOf(thrown).slice(0, 200) };
  }
}

/** The pod's own machine said no: nothing listens, or the connection was given up. */
function isClosed(message: string): boolean {
  return /connection refused|connection reset|EOF/i.test(message);
}
