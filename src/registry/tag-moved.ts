import type { V1Pod } from '@kubernetes/client-node';
import type { Kubernetes } from '../kubernetes/client.ts';
import { type RegistryAnswer, registryDigest } from './digest.ts';
import { namedPullSecrets, type StandIns, textsOf } from './pull-secrets.ts';
import { digestOfImageId, parseImage } from './reference.ts';

/** Whose image is compared, and with what. */
export interface TagQuestion {
  /** A live pod of the target: its `imageID` says what runs, its pull secrets open the registry. */
  pod: V1Pod;
  container: string;
  /** The digest in the healthy baseline, if there is one. */
  healthyDigest?: string;
  /** The configuration's mirrors: `{"ghcr.io": "http://10.99.0.1:5000"}`. */
  mirrors: Readonly<Record<string, string>>;
  /** Pull secrets that the remedy is about to copy. */
  standIns?: StandIns;
  signal?: AbortSignal;
}

/** Whether a restart of the container could bring another image than the one that runs and was healthy. */
export interface TagComparison {
  /** True asks for an approval; so does `unknown` (safety 4). */
  moved: boolean | 'unknown';
  /** One sentence for the plan's `ask`, with the digests shortened. */
  saw: string;
  running?: string;
  registry?: string;
}

/**
 * Compares the running, the healthy and the registry's digest of a container's image (safety 4): with a moving tag a restart
 * may be a deploy. An image pinned by digest, or one that is never pulled, cannot move. Reads only; asks the registry at most
 * a few seconds.
 */
export async function tagMoved(kubernetes: Kubernetes, question: TagQuestion): Promise<TagComparison> {
  const { pod, container } = question;
  const spec = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].find(
    ({ name }) => name === container,
  );
  const image = spec?.image ?? '';
  if (parseImage(image)?.digest !== undefined) return { moved: false, saw: `${image} is pinned by its digest` };
  if (spec?.imagePullPolicy === 'Never') return { moved: false, saw: `${image} is never pulled` };
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  const running = digestOfImageId(statuses.find(({ name }) => name === container)?.imageID);
  const { mirrors, standIns, signal } = question;
  const abortable = signal === undefined ? {} : { signal };
  const secrets = await namedPullSecrets(kubernetes, pod, {
    ...(standIns === undefined ? {} : { standIns }),
    ...abortable,
  });
  const answer = await registryDigest(image, { pullSecrets: textsOf(secrets), mirrors, ...abortable });
  return compareDigests(image, running, question.healthyDigest, answer);
}

/** The comparison itself, from what is known: any two digests that differ mean that the tag has moved. */
export function compareDigests(
  image: string,
  running: string | undefined,
  healthy: string | undefined,
  registry: RegistryAnswer,
): TagComparison {
  const known = {
    ...(running === undefined ? {} : { running }),
    ...('digest' in registry ? { registry: registry.digest } : {}),
  };
  if (running !== undefined && healthy !== undefined && running !== healthy) {
    return { moved: true, saw: `${image} runs as ${short(running)}, healthy was ${short(healthy)}`, ...known };
  }
  const expected = running ?? healthy;
  if ('unknown' in registry) {
    return { moved: 'unknown', saw: `what ${image} stands for now could not be asked: ${registry.unknown}`, ...known };
  }
  if (expected === undefined) {
    return { moved: 'unknown', saw: `which digest of ${image} runs is not known`, ...known };
  }
  // A node may record the digest of its own platform instead of the index that the tag names.
  if (registry.digest === expected || registry.platforms.includes(expected)) {
    return { moved: false, saw: `${image} is still ${short(expected)} in its registry`, ...known };
  }
  const what = running === undefined ? 'healthy was' : 'runs as';
  return {
    moved: true,
    saw: `${image} ${what} ${short(expected)}, its registry now has ${short(registry.digest)}`,
    ...known,
  };
}

function short(digest: string): string {
  return digest.slice(0, 'sha256:'.length + 12);
}
