import { createHash } from 'node:crypto';
import type { V1Pod } from '@kubernetes/client-node';
import { KintsugiError } from '../../errors.ts';
import { objectText } from '../../kubernetes/objects.ts';
import { isTerminating } from '../../kubernetes/pods.ts';
import { templateHash } from '../../kubernetes/template.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import type { Workload } from '../../kubernetes/workloads.ts';
import type { Plan } from '../../recovery/values.ts';
import type { ActionContext, ApplyOutcome, RevertResult, WriteContext } from '../action.ts';
import { readTarget } from '../plan/subject.ts';
import { triedPod } from '../rules/admission.ts';
import { ask, FINE, judged, refuse, together, type Verdict } from '../rules/verdict.ts';
import { guardText, readGuard, recipeWith, recipeWithout } from '../write/guard.ts';
import {
  COLLECT_SECONDS,
  containerOf,
  type SessionArgs,
  START_SECONDS,
  sessionArgs,
  type Wanted,
} from './arguments.ts';
import { markTarget, readSessionWorkload } from './mark.ts';
import { debugPod, leftOut, SESSION_LABEL } from './pod.ts';
import { sessionFindings } from './reach.ts';
import { untilRunning } from './running.ts';

/** A debug session beside the workload: a pod of its own, which is deleted when the session ends. */

export async function planCopy(context: ActionContext, wanted: Wanted): Promise<Plan> {
  const { workload } = await readTarget(context);
  const container = containerOf(context, workload, wanted.container);
  const { image, seconds } = wanted;
  const name = podName(context, workload, image);
  const { namespace, ref } = workload;
  const args = {
    mode: 'copy' as const,
    workload: { ...ref },
    container,
    image,
    seconds,
    templateHash: templateHash(workload.template),
    pod: name,
  } satisfies SessionArgs;
  const without = leftOut(workload, container);
  const verdict = together(
    await isFree(context, namespace, name),
    await triedPod(context, namespace, unnamed(debugPod({ workload, container, image, seconds, name, guard: '' }))),
    context.ordered === true ? FINE : ask('a debug session is for a person who is there'),
  );
  return {
    action: 'debug-session',
    summary: `Start the debug pod ${namespace}/${name}: ${image} in the environment of container ${container}, for ${seconds} s`,
    risk: 'low',
    undo: 'at-end',
    changes: [
      { type: 'create', object: { apiVersion: 'v1', kind: 'Pod', namespace, name } },
      { type: 'effect', what: `sleeps ${seconds} s as ${image}, from template ${args.templateHash.slice(0, 12)}` },
      ...(without.length === 0 ? [] : [{ type: 'effect' as const, what: `leaves out ${without.join('; ')}` }]),
    ],
    args,
    waitSeconds: START_SECONDS + COLLECT_SECONDS,
    standsSeconds: seconds,
    ...judged(verdict),
  };
}

/** The dry run is about what such a pod is allowed, and not about whether its name is free. */
function unnamed({ metadata, ...pod }: V1Pod): V1Pod {
  const { name, ...rest } = metadata ?? {};
  return { ...pod, metadata: { ...rest, generateName: `${name}-` } };
}

/** One session of an image and a recovery at a time has this name. */
function podName({ recoveryId }: ActionContext, { name }: Workload, image: string): string {
  const digest = createHash('sha256').update(`${recoveryId} ${image}`).digest('hex').slice(0, 8);
  return `${name.slice(0, 40).replace(/[^a-z0-9]+$/, '')}-debug-${digest}`;
}

async function isFree(context: ActionContext, namespace: string, name: string): Promise<Verdict> {
  const pod = await readPod(context, namespace, name);
  return pod === null || isTerminating(pod)
    ? FINE
    : refuse(
        'already-there',
        `the debug pod ${namespace}/${name} is there already: kubectl exec -it -n ${namespace} ${name} -- sh`,
      );
}

/** Makes the pod, waits until it runs, and tells what it reaches. A pod that cannot start is taken away again. */
export async function applyCopy(context: WriteContext, plan: Plan): Promise<ApplyOutcome> {
  const args = sessionArgs.parse(plan.args);
  const { workload, pod } = await makePod(context, plan, args);
  const name = pod.metadata?.name ?? '';
  try {
    const running = await untilRunning(context, args, () => readPod(context, workload.namespace, name));
    return { outcome: 'applied', saw: await sessionFindings(context, args, { workload, pod: running }) };
  } catch (error) {
    if (error instanceof KintsugiError && !error.retryable) {
      await removePod(context, pod);
      await markTarget(context, args.workload, (target) => recipeWithout(target, plan));
    }
    throw error;
  }
}

async function makePod(
  context: WriteContext,
  plan: Plan,
  args: SessionArgs,
): Promise<{ workload: Workload; pod: V1Pod }> {
  const workload = await readSessionWorkload(context, args.workload);
  const { namespace } = workload;
  const { container, image, seconds, pod: name = '' } = args;
  const known = await readPod(context, namespace, name);
  if (known !== null && isOwn(context, known)) return { workload, pod: known };
  if (templateHash(workload.template) !== args.templateHash)
    throw new KintsugiError('conflict', 'the pod template has changed since the session was planned', {
      where: objectText(workload.ref),
      fix: 'Order the session again.',
      retryable: false,
    });
  // The guard and the recipe first: whatever becomes of this step, it is known that the pod may be there.
  await markTarget(context, args.workload, (target) => recipeWith(context, target, plan));
  const body = debugPod({ workload, container, image, seconds, name, guard: guardText(context) });
  context.heartbeat(`creating pod ${name}`);
  const options = callOptions({ signal: context.signal });
  return { workload, pod: await context.kubernetes.core.createNamespacedPod({ namespace, body }, options) };
}

/** Whether this very step has made the pod: its answer was lost. */
export async function hasMadeCopy(context: WriteContext, plan: Plan): Promise<boolean> {
  const { workload, pod } = sessionArgs.parse(plan.args);
  const known = await readPod(context, workload.namespace, pod ?? '');
  return known !== null && isOwn(context, known);
}

/** Leaves the guard by which a late creation is refused, and deletes the pod; one that is none of ours is let alone. */
export async function revertCopy(context: WriteContext, plan: Plan): Promise<RevertResult> {
  const { workload, pod: name = '' } = sessionArgs.parse(plan.args);
  const { namespace } = workload;
  try {
    const again = await markTarget(context, workload, (target) => recipeWithout(target, plan));
    const pod = await readPod(context, namespace, name);
    if (pod === null || isTerminating(pod)) return { outcome: again ? 'undone' : 'not-needed' };
    if (pod.metadata?.labels?.[SESSION_LABEL] === undefined)
      return { outcome: 'refused', saw: `pod ${namespace}/${name} is none of Kintsugi's` };
    await removePod(context, pod);
    return { outcome: 'undone' };
  } catch (error) {
    if (error instanceof KintsugiError && error.code === 'refused') return { outcome: 'refused', saw: error.message };
    throw error;
  }
}

function isOwn({ recoveryId, step }: WriteContext, pod: V1Pod): boolean {
  const guard = readGuard(pod.metadata?.annotations ?? {});
  return guard?.recoveryId === recoveryId && guard.step === step && !isTerminating(pod);
}

async function readPod(context: WriteContext, namespace: string, name: string): Promise<V1Pod | null> {
  try {
    return await context.kubernetes.core.readNamespacedPod(
      { name, namespace },
      callOptions({ signal: context.signal }),
    );
  } catch (error) {
    if (error instanceof KintsugiError && error.code === 'not-found') return null;
    throw error;
  }
}

/** Deletes that very pod, with its grace period of a second. */
async function removePod({ kubernetes, signal }: WriteContext, pod: V1Pod): Promise<void> {
  const { name = '', namespace = '', uid = '' } = pod.metadata ?? {};
  try {
    await kubernetes.core.deleteNamespacedPod(
      { name, namespace, body: { preconditions: { uid } } },
      callOptions({ signal }),
    );
  } catch (error) {
    if (!(error instanceof KintsugiError) || error.code !== 'not-found') throw error;
  }
}
