import { setTimeout as sleep } from 'node:timers/promises';
import { KintsugiError } from '../../errors.ts';
import { podState } from '../../kubernetes/pods.ts';
import { attachmentsOf, podsMounting } from '../../kubernetes/volumes.ts';
import type { WriteContext } from '../action.ts';

const POLL_MS = 500;

/** Claims that nobody may write to, with their bound volumes. */
export interface Still {
  namespace: string;
  claims: string[];
  volumes: string[];
}

/** Who still holds the claims, in clauses; none when nobody can write to them any more (safety 24). */
export async function holdersOf({ kubernetes, signal }: WriteContext, still: Still): Promise<string[]> {
  const [pods, attachments] = await Promise.all([
    podsMounting(kubernetes, still.namespace, still.claims, signal),
    attachmentsOf(kubernetes, still.volumes, signal),
  ]);
  return [
    ...pods.map((pod) => `pod ${pod.metadata?.name} ${podState(pod)}`),
    ...attachments.map((name) => `VolumeAttachment ${name} is there`),
  ];
}

/**
 * Waits until no pod mounts the claims and no node has their volumes attached.
 * @throws KintsugiError `timeout` that names who holds them; `retryable` as the caller can try again
 */
export async function untilStill(
  context: WriteContext,
  still: Still,
  { seconds, retryable }: { seconds: number; retryable: boolean },
): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const holders = await holdersOf(context, still);
    if (holders.length === 0) return;
    if (Date.now() >= deadline)
      throw new KintsugiError('timeout', `after ${seconds} s ${holders.join(', ')}`, {
        where: `claims ${still.claims.join(', ')} in namespace ${still.namespace}`,
        fix: 'Look why the pods do not end; a Job that uses the claim must end first.',
        retryable,
      });
    context.heartbeat(`waiting for ${holders.join(', ')}`);
    await sleep(POLL_MS, undefined, { signal: context.signal });
  }
}
