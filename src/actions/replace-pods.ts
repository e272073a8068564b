import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Pod } from '@kubernetes/client-node';
import { z } from 'zod';
import { answerTo, questionsOf } from '../diagnosis/collect/reach.ts';
import { KintsugiError } from '../errors.ts';
import { objectText } from '../kubernetes/objects.ts';
import { isFinished, isReady, isTerminating, podState } from '../kubernetes/pods.ts';
import { type OwnedWorkload, readOwned } from '../kubernetes/revisions.ts';
import { ownedPods, readSelectedPods, readWorkload } from '../kubernetes/workloads.ts';
import { milliseconds } from '../recovery/durations.ts';
import type { ObjectRef, Plan } from '../recovery/values.ts';
import { duration } from '../runbook/schema/scalars.ts';
import type { Action, ActionContext, WriteContext } from './action.ts';
import { ASK_PROGRAMS, READ_WORKLOAD } from './plan/permissions.ts';
import { readTarget } from './plan/subject.ts';
import { sameImages } from './rules/image.ts';
import { comesBackTheSame, rolloutUnderWay } from './rules/replacement.ts';
import { FINE, judged, refuse, together } from './rules/verdict.ts';
import { evictPod } from './write/evict.ts';
import { checkGuard } from './write/guard.ts';
import { deletePod, isPodGone, podRef } from './write/pods.ts';

const NAME = 'replace-pods';
const POLL_MS = 2000;

const params = z.strictObject({
  timeout: duration
    .default('180s')
    .describe('For each pod: until a disruption budget lets it go, and until the one in its place is ready'),
});

const args = z.object({
  owner: z.object({ namespace: z.string(), kind: z.string(), name: z.string() }),
  timeoutSeconds: z.number(),
});

/**
 * Replaces the pods that do not answer, one at a time: each that very one, with its grace period, and the next only when the one in
 * its place is ready. What is not ready is deleted; what is ready only by its probe, and silent, is evicted, which asks the
 * disruption budgets (safety 13). It goes on where a worker that died has left it: the plan names the pods.
 */
const replacePods: Action<z.infer<typeof params>> = {
  name: NAME,
  summary: 'Replaces the pods that do not answer one at a time, ready ones only by eviction',
  params,
  disruptive: true,
  harm: () => null,
  permissions: () => [
    ...READ_WORKLOAD,
    ...ASK_PROGRAMS,
    { group: '', resource: 'pods', verbs: ['delete'] },
    { group: '', resource: 'pods', subresource: 'eviction', verbs: ['create'] },
  ],
  async plan(context, { timeout }) {
    const owned = await readTarget(context);
    const { workload } = owned;
    const standing = owned.pods.filter(isStanding);
    const doomed = [...standing.filter((pod) => !isReady(pod)), ...(await silentOnes(context, standing))];
    const what = objectText(workload.ref);
    const timeoutSeconds = milliseconds(timeout) / 1000;
    const verdict = together(
      doomed.length === 0 ? refuse('none-unready', `every pod of ${what} is ready and answers`) : FINE,
      rolloutUnderWay(context, owned),
      comesBackTheSame(owned, doomed),
      doomed.length === 0 ? FINE : await sameImages(context, doomed),
    );
    const states = doomed.map((pod) => `${pod.metadata?.name} (${isReady(pod) ? 'ready, but silent' : podState(pod)})`);
    const { namespace, kind, name } = workload;
    return {
      action: NAME,
      summary: `Replace the pods of ${what} that do not answer, one at a time: ${states.join(', ') || 'none'}`,
      risk: 'low',
      undo: 'none',
      changes: doomed.map((pod) => ({ type: 'delete', object: podRef(pod) })),
      args: { owner: { namespace, kind, name }, timeoutSeconds },
      waitSeconds: doomed.length * timeoutSeconds,
      ...judged(verdict),
    };
  },
  async apply(context, plan) {
    const { owner, timeoutSeconds } = args.parse(plan.args);
    const owned = await readOwned(context.kubernetes, owner, context.signal);
    const pods = podsOf(plan);
    let replaced = false;
    for (const [index, ref] of pods.entries()) {
      await checkGuard(context, await readWorkload(context.kubernetes, owner, context.signal));
      const left = new Set(pods.slice(index + 1).map(({ uid = '' }) => uid));
      replaced = (await replaceOne(context, owned, { ref, left, timeoutSeconds })) || replaced;
    }
    return replaced ? 'applied' : 'unchanged';
  },
  revert: async () => ({ outcome: 'not-needed' }),
  /** One of its pods is gone: whoever began it, the others follow. */
  async hasWritten({ kubernetes, signal }, plan) {
    for (const ref of podsOf(plan)) if (await isPodGone(kubernetes, ref, signal)) return true;
    return false;
  },
};
export default replacePods;

function podsOf({ changes }: Pick<Plan, 'changes'>): ObjectRef[] {
  return changes.flatMap((change) => (change.type === 'delete' ? [change.object] : []));
}

function isStanding(pod: V1Pod): boolean {
  return !isFinished(pod) && !isTerminating(pod);
}

/** Ready pods that give no answer to a GET: only where that is what was found, and where their readiness probe asks something else. */
async function silentOnes(context: ActionContext, standing: readonly V1Pod[]): Promise<V1Pod[]> {
  const { kubernetes, finding, runbook, signal } = context;
  if (finding.cause !== 'unresponsive') return [];
  const asked = standing.filter((pod) => isReady(pod) && !isProbedByHttp(pod));
  const answers = await Promise.all(
    asked.map(async (pod) => {
      const [question] = questionsOf(pod, runbook);
      return question === undefined ? null : answerTo(kubernetes, question, signal);
    }),
  );
  return asked.filter((_, index) => answers[index]?.state === 'silent');
}

function isProbedByHttp({ spec }: V1Pod): boolean {
  return (spec?.containers ?? []).some(({ readinessProbe }) => readinessProbe?.httpGet !== undefined);
}

interface Replacement {
  ref: ObjectRef;
  /** Pods that are replaced after it: they are not waited for. */
  left: ReadonlySet<string>;
  timeoutSeconds: number;
}

/** @returns whether that pod was taken away, by this step or before */
async function replaceOne(context: WriteContext, owned: OwnedWorkload, replacement: Replacement): Promise<boolean> {
  const { ref, timeoutSeconds } = replacement;
  const deadline = Date.now() + timeoutSeconds * 1000;
  context.heartbeat(`replacing pod ${ref.name}`);
  const pod = (await ownPods(context, owned)).find(({ metadata }) => metadata?.uid === ref.uid);
  if (pod !== undefined && isStanding(pod)) {
    await stopIfHeldBack(context, ref);
    const gone = isReady(pod) ? await evictIfSilent(context, pod, ref, deadline) : await deletePod(context, ref);
    if (!gone) return false;
  }
  await untilReplaced(context, owned, replacement, deadline);
  return true;
}

/** Thrown as what passes: the next try finds the recovery held back, and goes on from here when it no longer is. */
async function stopIfHeldBack(context: WriteContext, { namespace, name }: ObjectRef): Promise<void> {
  const why = (await context.heldBack?.()) ?? null;
  if (why === null) return;
  throw new KintsugiError('unavailable', `pod ${name} was not replaced: ${why}`, {
    where: `pods ${namespace}/${name}`,
    fix: 'kintsugi resume lets it go on.',
  });
}

/** One that answers by now, or whose probe has come to say that it is ready, is left alone. */
async function evictIfSilent(context: WriteContext, pod: V1Pod, ref: ObjectRef, deadline: number): Promise<boolean> {
  const [question] = isProbedByHttp(pod) ? [] : questionsOf(pod, context.runbook);
  if (question === undefined) return false;
  const { state } = await answerTo(context.kubernetes, question, context.signal);
  return state === 'silent' && (await evictPod(context, ref, deadline));
}

/** Waits until the pod is gone and, but for those that are still to be replaced, as many are ready as are wanted. */
async function untilReplaced(
  context: WriteContext,
  owned: OwnedWorkload,
  { ref, left, timeoutSeconds }: Replacement,
  deadline: number,
): Promise<void> {
  const { replicas } = owned.workload;
  for (;;) {
    const pods = await ownPods(context, owned);
    const isThere = pods.some(({ metadata }) => metadata?.uid === ref.uid);
    const others = pods.filter((pod) => isStanding(pod) && !left.has(pod.metadata?.uid ?? ''));
    const waiting = others.filter((pod) => !isReady(pod));
    if (!isThere && waiting.length === 0 && others.length + left.size >= replicas) return;
    const saw = isThere
      ? 'it has not ended yet'
      : waiting.map((pod) => `${pod.metadata?.name} ${podState(pod)}`).join('; ') || 'there is no new pod yet';
    if (Date.now() >= deadline)
      throw new KintsugiError('timeout', `pod ${ref.name} was not replaced within ${timeoutSeconds} s: ${saw}`, {
        where: `pods ${ref.namespace}/${ref.name}`,
        fix: 'Look at the pods and events of its workload; no other pod of it was touched since.',
        retryable: false,
      });
    context.heartbeat(`replacing pod ${ref.name}: ${saw}`);
    await sleep(POLL_MS, undefined, { signal: context.signal });
  }
}

/** Its pods now: one call, since no new revision comes about by replacing them. */
async function ownPods({ kubernetes, signal }: WriteContext, owned: OwnedWorkload): Promise<V1Pod[]> {
  const { workload, revisions } = owned;
  return ownedPods(await readSelectedPods(kubernetes, workload, signal), [workload, ...revisions]);
}
