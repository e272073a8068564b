import { setTimeout as sleep } from 'node:timers/promises';
import { PatchStrategy, type V1ContainerStatus, type V1Pod } from '@kubernetes/client-node';
import { KintsugiError } from '../../errors.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import type { WriteContext } from '../action.ts';
import { checkTarget } from './created.ts';

const POLL_MS = 1000;
const START_SECONDS = 30;
/** How long it stays awake: it cannot be taken out of the pod again, but it ends. */
const AWAKE_SECONDS = 120;

/** The container of that very pod that is to be looked into, and the image to do it with. */
export interface Beside {
  namespace: string;
  pod: string;
  uid: string;
  container: string;
  image: string;
}

/**
 * Puts an ephemeral container beside a container, in its process namespace and with the right to read its memory, and waits until it
 * runs. The same step finds its own again. It stands in the pod until that is replaced; it sleeps for two minutes and ends.
 * https://kubernetes.io/docs/concepts/workloads/pods/ephemeral-containers/
 * @returns its name
 * @throws KintsugiError `refused` or `timeout` where it cannot run, `conflict` where the pod is another by now
 */
export async function putBeside(context: WriteContext, beside: Beside): Promise<string> {
  const { kubernetes, signal, step } = context;
  const { namespace, pod: name, uid, container, image } = beside;
  const own = `kintsugi-look-${step}`;
  const deadline = Date.now() + START_SECONDS * 1000;
  let isAsked = false;
  for (;;) {
    const pod = await kubernetes.core.readNamespacedPod({ namespace, name }, callOptions({ signal }));
    const status = statusOf(pod, own);
    if (status?.state?.running !== undefined) return own;
    if (status?.state?.terminated !== undefined || Date.now() >= deadline) throw notRunning(beside, status);
    if (!isAsked && !isIn(pod, own)) {
      await checkTarget(context);
      const ephemeral = {
        name: own,
        image,
        targetContainerName: container,
        command: ['sleep', String(AWAKE_SECONDS)],
        securityContext: { capabilities: { add: ['SYS_PTRACE'] } },
      };
      const body = { metadata: { uid }, spec: { ephemeralContainers: [ephemeral] } };
      const options = callOptions({ signal, patch: PatchStrategy.StrategicMergePatch });
      await kubernetes.core.patchNamespacedPodEphemeralcontainers({ namespace, name, body }, options);
    }
    isAsked = true;
    context.heartbeat(`waiting for ${image} beside ${name}`);
    await sleep(POLL_MS, undefined, { signal });
  }
}

function isIn({ spec }: V1Pod, own: string): boolean {
  return spec?.ephemeralContainers?.some(({ name }) => name === own) === true;
}

function statusOf({ status }: V1Pod, own: string): V1ContainerStatus | undefined {
  return status?.ephemeralContainerStatuses?.find(({ name }) => name === own);
}

function notRunning({ namespace, pod, image }: Beside, status: V1ContainerStatus | undefined): KintsugiError {
  const { reason = 'it has not started', message = '' } = status?.state?.waiting ?? status?.state?.terminated ?? {};
  return new KintsugiError('refused', `${image} does not run beside ${pod}: ${reason} ${message}`.trim(), {
    where: `ephemeral container of pod ${namespace}/${pod}`,
    fix: 'Name an image that the nodes can pull and that has py-spy and `sleep`.',
  });
}
