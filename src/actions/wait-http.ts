import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { KintsugiError } from '../errors.ts';
import { type ProxiedRequest, proxyGet } from '../kubernetes/proxy.ts';
import { milliseconds } from '../recovery/durations.ts';
import { duration } from '../runbook/schema/scalars.ts';
import type { Action, ActionContext, WriteContext } from './action.ts';
import { type Place, placeOfDependency, placeOfTarget } from './plan/address.ts';
import { ASK_PROGRAMS, READ_WORKLOAD } from './plan/permissions.ts';
import { refusedPlan } from './plan/refused-plan.ts';
import { dependencyNamed, readTarget } from './plan/subject.ts';

const NAME = 'wait-http';
const POLL_MS = 1000;
/** Milliseconds that one answer may take. */
const PATIENCE_MS = 5000;

const params = z.strictObject({
  timeout: duration.default('180s'),
  of: z.string().optional().describe("A dependency to ask instead of the target's own Service"),
  path: z
    .string()
    .regex(/^\/[^?#]*$/, 'a path with its leading slash: /api/version')
    .optional()
    .describe("The path to ask for; by default the dependency's"),
});

const args = z.object({
  namespace: z.string(),
  name: z.string(),
  port: z.number(),
  scheme: z.enum(['http', 'https']).default('http'),
  path: z.string(),
  timeoutSeconds: z.number(),
});

/**
 * Waits until a path is answered with a status from 200 to 299, asked through the API server's proxy of the Service: from
 * inside the cluster, wherever the worker runs (safety 21). An address outside of it cannot be asked so, and is refused.
 */
const waitHttp: Action<z.infer<typeof params>> = {
  name: NAME,
  summary: 'Waits until a dependency, or the target, answers an HTTP path well',
  params,
  disruptive: false,
  harm: () => null,
  permissions: () => [...READ_WORKLOAD, ...ASK_PROGRAMS, { group: '', resource: 'services', verbs: ['get', 'list'] }],
  async plan(context, { timeout, of, path: written }) {
    const timeoutSeconds = milliseconds(timeout) / 1000;
    const path = written ?? (of === undefined ? undefined : dependencyNamed(context, of).path) ?? '/';
    const place = of === undefined ? placeOfTarget(context) : await placeOf(context, of);
    const summary = `Wait up to ${timeoutSeconds} s for ${of ?? 'the target'} to answer GET ${path}`;
    if ('refusal' in place) return refusedPlan(NAME, summary, place.refusal);
    const where = `Service ${place.namespace}/${place.name}:${place.port}`;
    return {
      action: NAME,
      summary: `${summary} through ${where}`,
      risk: 'none',
      undo: 'none',
      changes: [{ type: 'effect', what: `waits for GET ${path} of ${where}` }],
      args: { ...place, path, timeoutSeconds },
      waitSeconds: timeoutSeconds,
    };
  },
  async apply(context, plan) {
    const { timeoutSeconds, ...service } = args.parse(plan.args);
    return untilAnswered(context, { through: 'services', ...service }, timeoutSeconds);
  },
  revert: async () => ({ outcome: 'not-needed' }),
};
export default waitHttp;

async function placeOf(context: ActionContext, of: string): Promise<Place> {
  const { workload } = await readTarget(context);
  const variables = (workload.template.spec?.containers ?? []).flatMap(({ env = [] }) =>
    env.flatMap(({ name, value }): [string, string][] => (value === undefined ? [] : [[name, value]])),
  );
  return placeOfDependency(context, dependencyNamed(context, of), new Map(variables));
}

async function untilAnswered(
  context: WriteContext,
  request: ProxiedRequest,
  timeoutSeconds: number,
): Promise<'applied' | 'unchanged'> {
  const deadline = Date.now() + timeoutSeconds * 1000;
  const what = `GET ${request.path} of Service ${request.namespace}/${request.name}:${request.port}`;
  for (let waited = false; ; waited = true) {
    const saw = await askOnce(context, request);
    if (saw === null) return waited ? 'applied' : 'unchanged';
    if (Date.now() >= deadline)
      throw new KintsugiError('timeout', `${what} was not answered well within ${timeoutSeconds} s: ${saw}`, {
        where: what,
        fix: 'Look at its pods, its endpoints and its log.',
        retryable: false,
      });
    context.heartbeat(`${what}: ${saw}`);
    await sleep(POLL_MS, undefined, { signal: context.signal });
  }
}

/** Null when it was answered well, else what was seen. @throws KintsugiError `forbidden` where it may not be asked at all */
async function askOnce({ kubernetes, signal }: WriteContext, request: ProxiedRequest): Promise<string | null> {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  try {
    const { status, fromApiServer, message } = await proxyGet(kubernetes, request, AbortSignal.any([signal, patience]));
    if (!fromApiServer) return status < 300 ? null : `status ${status}`;
    if (status !== 403) return message;
    throw new KintsugiError('forbidden', message, {
      where: `get services/proxy ${request.namespace}/${request.name}`,
      fix: "Give Kintsugi's user or ServiceAccount the right to get services/proxy.",
    });
  } catch (thrown) {
    signal.throwIfAborted();
    if (patience.aborted) return `no answer within ${PATIENCE_MS / 1000} s`;
    if (thrown instanceof KintsugiError && thrown.retryable) return thrown.message;
    throw thrown;
  }
}
