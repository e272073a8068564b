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
import { duration } from '../runbook/schema/scalars.ts';
import type { Action, WriteContext } from './action.ts';
import { READ_WORKLOAD } from './plan/permissions.ts';
import { readDependency } from './plan/subject.ts';
import { crashesAgain, dependenciesAway, type Ends, endsUntilNow } from './rules/crash-loop.ts';

const NAME = 'wait-ready';
const POLL_MS = 1000;
/** Its pods are three calls more: looked at this often, in milliseconds. */
const CRASH_LOOK_MS = 5000;

const params = z.strictObject({
  timeout: duration.default('180s'),
  of: z.string().optional().describe('A dependency to wait for instead of the target'),
});

const args = z.object({
  workloads: z.array(z.object({ namespace: z.string(), kind: z.string(), name: z.string() })).min(1),
  timeoutSeconds: z.number(),
});

/**
 * Waits until the last change is rolled out and every wanted pod is ready; fails when that does not come in time, and before
 * that when a pod of the present revision crashes again and again though what it needs is there.
 */
const waitReady: Action<z.infer<typeof params>> = {
  name: NAME,
  summary: 'Waits until every wanted pod of the workload is ready',
  params,
  disruptive: false,
  harm: () => null,
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
  const crashes = new CrashWatch(context, target);
  for (let waited = false; ; waited = true) {
    const progress = rolloutProgress(await readWorkload(context.kubernetes, target, context.signal));
    if (progress.state === 'ready') return waited;
    if (progress.state === 'stuck') throw notReady(target, progress.saw, 'Look at its pods and events.');
    if (Date.now() >= deadline) {
      const pods = await podsText(context, target);
      throw notReady(target, `not ready after ${seconds} s: ${progress.saw}${pods}`, 'Look at its pods and events.');
    }
    const crashed = await crashes.look();
    if (crashed !== null) throw notReady(target, `${progress.saw}: ${crashed}`, 'Read the log of its last instance.');
    context.heartbeat(`${targetText(target)}: ${progress.saw}`);
    await sleep(POLL_MS, undefined, { signal: context.signal });
  }
}

/** Sees that waiting on is useless: the change did not help, and people learn of it minutes earlier. */
class CrashWatch {
  readonly #context: WriteContext;
  readonly #target: Target;
  #before: Ends | undefined;
  #next = 0;

  constructor(context: WriteContext, target: Target) {
    this.#context = context;
    this.#target = target;
  }

  /** What leaves no doubt, in one clause; null while there is hope. While a dependency is away crashes say nothing. */
  async look(): Promise<string | null> {
    if (Date.now() < this.#next) return null;
    this.#next = Date.now() + CRASH_LOOK_MS;
    const owned = await readOwned(this.#context.kubernetes, this.#target, this.#context.signal);
    this.#before ??= endsUntilNow(owned);
    const crashed = crashesAgain(owned, this.#before);
    if (crashed === null) return null;
    const isTarget = targetText(this.#target) === targetText(this.#context.target);
    const away = isTarget ? await dependenciesAway(this.#context, owned.workload) : [];
    if (away.length === 0) return crashed;
    this.#before = endsUntilNow(owned);
    return null;
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
