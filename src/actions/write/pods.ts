import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Pod } from '@kubernetes/client-node';
import { KintsugiError } from '../../errors.ts';
import type { Kubernetes } from '../../kubernetes/client.ts';
import { isReady, isTerminating } from '../../kubernetes/pods.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import type { ObjectRef, Plan } from '../../recovery/values.ts';
import type { WriteContext } from '../action.ts';

const TRIES = 5;

/** A pod as a plan names it: that very one. */
export function podRef(pod: V1Pod): ObjectRef {
  const { namespace = '', name = '', uid = '' } = pod.metadata ?? {};
  return { apiVersion: 'v1', kind: 'Pod', namespace, name, uid };
}

/**
 * Deletes a plan's pods: each by uid and the resourceVersion just read, with its grace period, and only while it is not
 * ready; one that is gone, going, or became ready is left alone.
 * @returns `unchanged` when there was none to delete
 */
export async function deletePods(context: WriteContext, plan: Pick<Plan, 'changes'>): Promise<'applied' | 'unchanged'> {
  let outcome: 'applied' | 'unchanged' = 'unchanged';
  for (const change of plan.changes) {
    if (change.type !== 'delete') continue;
    context.heartbeat(`deleting pod ${change.object.name}`);
    if (await deletePod(context, change.object)) outcome = 'applied';
  }
  return outcome;
}

/** Deletes that very pod while it is not ready. @returns false where it is gone, going, or ready by now */
export async function deletePod(context: WriteContext, ref: ObjectRef): Promise<boolean> {
  const { name, namespace = '', uid = '' } = ref;
  const options = callOptions({ signal: context.signal });
  for (let tried = 1; ; tried += 1) {
    try {
      const pod = await context.kubernetes.core.readNamespacedPod({ name, namespace }, options);
      if (pod.metadata?.uid !== uid || isTerminating(pod) || isReady(pod)) return false;
      const { resourceVersion = '' } = pod.metadata;
      await context.kubernetes.core.deleteNamespacedPod(
        { name, namespace, body: { preconditions: { uid, resourceVersion } } },
        options,
      );
      return true;
    } catch (error) {
      if (!(error instanceof KintsugiError)) throw error;
      if (error.code === 'not-found') return false;
      if (error.code !== 'conflict' || tried === TRIES) throw error;
      await sleep(50 * tried, undefined, { signal: context.signal });
    }
  }
}

/** Whether that very pod no longer exists, or is on its way out. */
export async function isPodGone(kubernetes: Kubernetes, ref: ObjectRef, signal: AbortSignal): Promise<boolean> {
  try {
    const { name, namespace = '' } = ref;
    const pod = await kubernetes.core.readNamespacedPod({ name, namespace }, callOptions({ signal }));
    return pod.metadata?.uid !== ref.uid || isTerminating(pod);
  } catch (error) {
    if (error instanceof KintsugiError && error.code === 'not-found') return true;
    throw error;
  }
}
