import type { V1Pod } from '@kubernetes/client-node';
import { z } from 'zod';
import { messageOf } from '../errors.ts';
import { probedPaths } from '../kubernetes/http-probe.ts';
import { type ProxiedAnswer, type ProxiedRequest, proxyGet } from '../kubernetes/proxy.ts';
import { leadsTo, servicesOf } from '../kubernetes/services.ts';
import type { Judgement } from '../verification/readiness.ts';
import type { TargetState } from '../verification/target-state.ts';
import type { Check, CheckContext } from './check.ts';
import { podPort, readTargetPort, type ServicePort, serviceOf } from './ports.ts';

const params = z.strictObject({
  path: z
    .string()
    .regex(/^\/[^?#]*$/, 'a path with its leading slash: /health')
    .describe('The path to ask for'),
  port: z
    .int()
    .min(1)
    .max(65535)
    .optional()
    .describe(
      "The container's port; without it the target port of the runbook's Service, else what its probes ask, else the container's first",
    ),
});

/** Milliseconds for one answer, as a person at the other end would wait; and how many are asked at a time. */
const PATIENCE_MS = 5000;
/** A probe that waits longer for the same path is kept up with, below the 10 s of one call to the API server. */
const LONGEST_PATIENCE_MS = 9500;
const AT_A_TIME = 5;

const check: Check<z.infer<typeof params>> = {
  name: 'http',
  summary: 'Each pod, and the Service in front of them, answers the path with a status from 200 to 399.',
  params,
  async run(context, { path, port }) {
    const { state, target, runbook } = context;
    const { namespace } = target;
    const service = serviceOf(runbook);
    const targetPort = service === null ? undefined : await readTargetPort(context, service);
    const probedPort = (pod: V1Pod) => (service === null ? portProbedAt(pod, path) : undefined);
    const asked: ProxiedRequest[] = [];
    for (const pod of state.current) {
      const containerPort = port ?? probedPort(pod) ?? podPort(pod, targetPort, runbook.spec.target.container);
      if (containerPort === undefined) return { result: 'unknown', saw: `no port is known to ask ${path} at` };
      asked.push({ namespace, through: 'pods', name: pod.metadata?.name ?? '', port: containerPort, path });
    }
    if (asked.length === 0) return { result: 'fail', saw: 'there is no pod to ask' };
    const { ways, note, unread = [] } = service === null ? await waysOf(context, asked) : { ways: [service], note: '' };
    asked.push(
      ...ways.map(({ name, port: at }) => ({ namespace, through: 'services' as const, name, port: at, path })),
    );
    const judgements = await askAll(context, asked, patienceFor(state.current, path));
    return summary(path, [...judgements, ...unread], note);
  },
};

export default check;

/** The port of the probe that asks for the same path, else of any: a container may listen at more than one. */
function portProbedAt(pod: V1Pod, path: string): number | undefined {
  const probed = probedPaths(pod);
  return (probed.find((one) => one.path === path) ?? probed[0])?.port;
}

/**
 * Where the runbook names no Service, those that lead to these pods alone: what answers through one that leads to another workload's
 * pods too says nothing of this one.
 */
async function waysOf(
  { kubernetes, target: { namespace }, state, signal }: CheckContext,
  asked: readonly ProxiedRequest[],
): Promise<{ ways: ServicePort[]; note: string; unread?: Judgement[] }> {
  const [pod] = state.current;
  const port = asked[0]?.port;
  if (pod === undefined || port === undefined) return { ways: [], note: '' };
  const pods = [...state.current, ...state.older, ...state.terminating];
  const all = await servicesOf(kubernetes, { namespace, pods }, signal).catch((thrown: unknown) => {
    signal.throwIfAborted();
    return `its Services could not be read: ${messageOf(thrown)}`;
  });
  if (typeof all === 'string') return { ways: [], note: '', unread: [{ result: 'unknown', saw: all }] };
  const found = all.filter((way) => leadsTo(way, pod, port));
  const shared = found.filter(({ others }) => others.length > 0);
  if (found.length === 0) return { ways: [], note: '; no Service leads there' };
  const note = shared
    .map(({ name, others }) => `; not through Service ${name}, which leads to ${others[0]} too`)
    .join('');
  return { ways: found.filter(({ others }) => others.length === 0), note };
}

/** As long as the probes of the same path wait: what is late for a person is well for whoever set them. */
function patienceFor(pods: TargetState['current'], path: string): number {
  const waits = pods
    .flatMap(({ spec }) => spec?.containers ?? [])
    .flatMap(({ livenessProbe, readinessProbe, startupProbe }) => [livenessProbe, readinessProbe, startupProbe])
    .filter((probe) => probe?.httpGet?.path === path)
    .map((probe) => (probe?.timeoutSeconds ?? 1) * 1000);
  return Math.min(Math.max(PATIENCE_MS, ...waits), LONGEST_PATIENCE_MS);
}

async function askAll(
  context: CheckContext,
  requests: readonly ProxiedRequest[],
  patienceMs: number,
): Promise<Judgement[]> {
  const judgements: Judgement[] = [];
  for (let start = 0; start < requests.length; start += AT_A_TIME) {
    const group = requests.slice(start, start + AT_A_TIME);
    judgements.push(...(await Promise.all(group.map((request) => ask(context, request, patienceMs)))));
  }
  return judgements;
}

async function ask(context: CheckContext, request: ProxiedRequest, patienceMs: number): Promise<Judgement> {
  const who = `${request.through === 'pods' ? 'pod' : 'Service'} ${request.name}:${request.port}`;
  const patience = AbortSignal.timeout(patienceMs);
  try {
    return judge(who, await proxyGet(context.kubernetes, request, AbortSignal.any([context.signal, patience])));
  } catch (thrown) {
    context.signal.throwIfAborted();
    if (!patience.aborted) return { result: 'unknown', saw: `${who}: ${messageOf(thrown)}` };
    return judgeSilence(who, patienceMs, context);
  }
}

function judge(who: string, { status, fromApiServer, message }: ProxiedAnswer): Judgement {
  if (!fromApiServer) return { result: status < 400 ? 'pass' : 'fail', saw: `${who} answered ${status}` };
  return { result: isAboutTheTarget(status, message) ? 'fail' : 'unknown', saw: `${who}: ${message}` };
}

/**
 * The API server's own word is about the target if it found no endpoint, or reached the pod's address and was turned away. A
 * missing permission, or no way from the API server into the pods' network, says nothing about the target.
 */
function isAboutTheTarget(status: number, message: string): boolean {
  if (status === 404) return true;
  return status >= 500 && !/i\/o timeout|no route to host|network is unreachable|agent|tunnel/.test(message);
}

/** No answer in time: the program's fault only if the API server itself answers meanwhile. */
async function judgeSilence(
  who: string,
  patienceMs: number,
  { kubernetes, target, signal }: CheckContext,
): Promise<Judgement> {
  const saw = `${who} gave no answer within ${patienceMs / 1000} s`;
  try {
    await kubernetes.core.listNamespacedPod({ namespace: target.namespace, limit: 1 });
    return { result: 'fail', saw };
  } catch (thrown) {
    signal.throwIfAborted();
    return { result: 'unknown', saw: `${saw}, nor did the API server: ${messageOf(thrown)}` };
  }
}

function summary(path: string, judgements: readonly Judgement[], note: string): Judgement {
  const worst = (['fail', 'unknown'] as const).find((result) => judgements.some((one) => one.result === result));
  const told = worst === undefined ? judgements : judgements.filter(({ result }) => result === worst);
  const from = `asked through the API server's proxy${note}`;
  return { result: worst ?? 'pass', saw: `GET ${path}: ${told.map(({ saw }) => saw).join('; ')} (${from})` };
}
