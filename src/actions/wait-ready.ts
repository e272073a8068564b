import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { KintsugiError } from '../errors.ts';
import { objectText } from '../kubernetes/objects.ts';
import { podState } from '../kubernetes/pods.ts';
import { readOwned } from '../kubernetes/revisions.ts';
import { rolloutProgress } from '../kubernetes/rollout.ts';
import { readWorkload } from '../kubernetes/workloads.ts';
import { milliseconds } from '../recovery/durations.ts';
import type { Target } from '../recovery/values.ts';
import { duration } from '../runbook/schema.ts';
import type { Action, WriteContext } from './action.ts';
import { READ_WORKLOAD } from './plan/permissions.ts';
import { readDependency } from './plan/subject.ts';

const NAME = 'wait-ready';
const POLL_MS = 1000;

const params = z.strictObject({
  timeout: duration.default('180s'),
  of: z.string().optional().describe('A dependency to wait for instead of the target'),
});

const args = z.object({
  workloads: z.array(z.object({ namespace: z.string(), kind: z.string(), name: z.string() })).min(1),
  timeoutSeconds: z.number(),
});

/** Waits until the last change is rolled out and every wanted pod is ready; fails when that does not come in time. */
const waitReady: Action<z.infer<typeof params>> = {
  name: NAME,
  summary: 'Waits until every wanted pod of the workload is ready',
  params,
  disruptive: false,
  permissions: () => READ_WORKLOAD,
  async plan(context, { timeout, of }) {
    const workloads: Target[] = of === undefined ? [context.target] : await targetsOf(context, of);
    const timeoutSeconds = milliseconds(timeout) / 1000;
    const what = workloads.map(targetText).join(', ');
    return {
      action: NAME,
      summary: `Wait up to ${timeoutSeconds} s for ${what} to be ready`,
      risk: 'none',
      undo: 'none',
      changes: [{ type: 'effect', what: `waits for ${what}` }],
      args: { workloads: workloads.map(({ namespace, kind, name }) => ({ namespace, kind, name })), timeoutSeconds },
      waitSeconds: timeoutSeconds,
    };
  },
  async apply(context, plan) {
    const { workloads, timeoutSeconds } = args.parse(plan.args);
    const deadline = Date.now() + timeoutSeconds * 1000;
    let waited = false;
    for (const target of workloads) waited = (await untilReady(context, target, deadline, timeoutSeconds)) || waited;
    return waited ? 'applied' : 'unchanged';
  },
  revert: async () => ({ outcome: 'not-needed' }),
};
export default waitReady;

async function targetsOf(context: Parameters<typeof readDependency>[0], of: string): Promise<Target[]> {
  const { workloads, dependency } = await readDependency(context, of);
  if (workloads.length > 0) return workloads.map(({ workload }) => workload);
  throw new KintsugiError('not-found', `nothing matches ${dependency.selector} in namespace ${dependency.namespace}`, {
    where: `of: ${of}`,
    fix: "Correct the dependency's namespace and selector in the runbook, or install it.",
  });
}

/** @returns whether it had to be waited for */
async function untilReady(context: WriteContext, target: Target, deadline: number, seconds: number): Promise<boolean> {
  for (let waited = false; ; waited = true) {
    const progress = rolloutProgress(await readWorkload(context.kubernetes, target, context.signal));
    if (progress.state === 'ready') return waited;
    if (progress.state === 'stuck') throw notReady(target, progress.saw, 'Look at its pods and events.');
    if (Date.now() >= deadline) {
      const pods = await podsText(context, target);
      throw notReady(target, `not ready after ${seconds} s: ${progress.saw}${pods}`, 'Look at its pods and events.');
    }
    context.heartbeat(`${targetText(target)}: ${progress.saw}`);
    await sleep(POLL_MS, undefined, { signal: context.signal });
  }
}

async function podsText(context: WriteContext, target: Target): Promise<string> {
  const { pods } = await readOwned(context.kubernetes, target, context.signal);
  return pods.map((pod) => `; ${pod.metadata?.name} ${podState(pod)}`).join('');
}

function notReady(target: Target, saw: string, fix: string): KintsugiError {
  const where = targetText(target);
  return new KintsugiError('timeout', `${where}: ${saw}`, { where, fix, retryable: false });
}

function targetText({ namespace, kind, name }: Target): string {
  return objectText({ apiVersion: 'apps/v1', kind, namespace, name });
}
