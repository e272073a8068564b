import type { V1Pod } from '@kubernetes/client-node';
import type { Kubernetes } from '../../kubernetes/client.ts';
import { askPull } from '../../registry/pull.ts';
import { namedPullSecrets } from '../../registry/pull-secrets.ts';
import type { ImageEvidence } from '../evidence/reference.ts';
import type { Attempt } from './collect.ts';
import { REGISTRY_MS } from './registry-options.ts';

/** Waiting reasons of a pull that the registry has a part in (kubernetes pkg/kubelet/images/types.go). */
const PULLS = new Set(['ErrImagePull', 'ImagePullBackOff', 'RegistryUnavailable']);
/** A rollout of many pods asks for the same few images. */
const MOST_IMAGES = 4;

/**
 * What the registry itself says of each image that the kubelet cannot pull, asked with the pod's own pull secrets: the
 * kubelet's message is cut, repeated and worded by the runtime. Nothing is asked where every image was pulled.
 */
export async function readRegistry(request: {
  kubernetes: Kubernetes;
  pods: readonly V1Pod[];
  mirrors: Readonly<Record<string, string>>;
  attempt: Attempt;
  signal: AbortSignal;
}): Promise<ImageEvidence[]> {
  const { kubernetes, mirrors, signal } = request;
  const asked = await Promise.all(
    failedPulls(request.pods).map(({ pod, container, image }) =>
      request.attempt<ImageEvidence | null>(
        `registry of ${image}`,
        async () => {
          const secrets = await namedPullSecrets(kubernetes, pod, { signal });
          const { kind, saw } = await askPull(image, secrets, { mirrors, signal, timeoutMs: REGISTRY_MS });
          return { container, image, pull: { kind, saw } };
        },
        null,
      ),
    ),
  );
  return asked.filter((answer) => answer !== null);
}

interface FailedPull {
  pod: V1Pod;
  container: string;
  image: string;
}

function failedPulls(pods: readonly V1Pod[]): FailedPull[] {
  const found = new Map<string, FailedPull>();
  for (const pod of pods) {
    const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
    for (const { name, state } of statuses) {
      if (!PULLS.has(state?.waiting?.reason ?? '')) continue;
      const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
      const image = containers.find((container) => container.name === name)?.image ?? '';
      found.set(`${name} ${image}`, { pod, container: name, image });
    }
  }
  return [...found.values()].slice(0, MOST_IMAGES);
}
