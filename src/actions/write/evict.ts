import { setTimeout as sleep } from 'node:timers/promises';
import { KintsugiError } from '../../errors.ts';
import type { AnswerCause } from '../../kubernetes/failures.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import type { ObjectRef } from '../../recovery/values.ts';
import type { WriteContext } from '../action.ts';

const POLL_MS = 2000;

/**
 * Evicts that very pod, which asks its PodDisruptionBudgets (safety 13). Where one allows no disruption now it is waited for until the
 * deadline. https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/
 * @param deadline milliseconds since the epoch
 * @returns false where that pod is gone already
 * @throws KintsugiError `refused` where a budget allows it at no time before the deadline
 */
export async function evictPod(context: WriteContext, ref: ObjectRef, deadline: number): Promise<boolean> {
  const { kubernetes, signal } = context;
  const { name, namespace = '', uid = '' } = ref;
  for (;;) {
    try {
      const body = { metadata: { name, namespace }, deleteOptions: { preconditions: { uid } } };
      await kubernetes.core.createNamespacedPodEviction({ name, namespace, body }, callOptions({ signal }));
      return true;
    } catch (error) {
      if (!(error instanceof KintsugiError)) throw error;
      // Gone, or another pod has its name by now.
      if (error.code === 'not-found' || error.code === 'conflict') return false;
      if (!isBudget(error)) throw error;
      if (Date.now() >= deadline)
        throw new KintsugiError('refused', `pod ${name} may not be evicted: ${error.message}`, {
          where: `pods/eviction ${namespace}/${name}`,
          fix: 'Make its other pods ready, or look at what its PodDisruptionBudget asks for.',
        });
      context.heartbeat(`waiting for a disruption budget to let pod ${name} go`);
      await sleep(POLL_MS, undefined, { signal });
    }
  }
}

/** 429 is the budgets' answer. */
function isBudget({ cause }: KintsugiError): boolean {
  return (cause as AnswerCause | undefined)?.status === 429;
}
