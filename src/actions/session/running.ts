import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Pod } from '@kubernetes/client-node';
import { KintsugiError } from '../../errors.ts';
import { containerStatus, podState } from '../../kubernetes/pods.ts';
import type { WriteContext } from '../action.ts';
import { type SessionArgs, START_SECONDS } from './arguments.ts';

const POLL_MS = 1000;

/** What a container that waits for this will not come out of within a session's start. */
const HOPELESS: ReadonlySet<string> = new Set([
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]);

/**
 * Waits until the session's container runs its image.
 * @param find reads the pod that it is in; null while there is none
 * @throws KintsugiError, not retryable: `refused` with the kubelet's reason where it cannot start, `timeout`
 */
export async function untilRunning(
  context: WriteContext,
  { container, image }: SessionArgs,
  find: () => Promise<V1Pod | null>,
): Promise<V1Pod> {
  const deadline = Date.now() + START_SECONDS * 1000;
  for (;;) {
    const pod = await find();
    const state = pod === null ? undefined : containerStatus(pod, container)?.state;
    if (pod !== null && state?.running !== undefined) return pod;
    const saw = pod === null ? 'there is no pod yet' : `${pod.metadata?.name} ${podState(pod)}`;
    const { reason = '', message = '' } = state?.waiting ?? state?.terminated ?? {};
    if (state?.terminated !== undefined || HOPELESS.has(reason) || pod?.status?.phase === 'Failed')
      throw notStarted(
        'refused',
        `${image} does not run: ${saw}${message === '' ? '' : `: ${message.slice(0, 300)}`}`,
        pod,
      );
    if (Date.now() > deadline)
      throw notStarted('timeout', `${image} did not run within ${START_SECONDS} s: ${saw}`, pod);
    context.heartbeat(`waiting for ${image}: ${saw}`);
    await sleep(POLL_MS, undefined, { signal: context.signal });
  }
}

function notStarted(code: 'refused' | 'timeout', message: string, pod: V1Pod | null): KintsugiError {
  return new KintsugiError(code, message, {
    where: `pod ${pod?.metadata?.namespace ?? ''}/${pod?.metadata?.name ?? ''}`,
    fix: 'Order the session with an image that the nodes can pull and that has `sleep`.',
    retryable: false,
  });
}
