import type { V1Pod } from '@kubernetes/client-node';
import type { Kubernetes } from '../../kubernetes/client.ts';
import { REVISION_LABEL, readImageConfiguration } from '../../registry/image-configuration.ts';
import type { BuildEvidence, RevisionEvidence } from '../evidence/change.ts';
import { pinned } from './image-command.ts';
import { registryOptions } from './registry-options.ts';

/** Containers whose images are compared. */
const MOST_CONTAINERS = 2;
const SOURCE_LABEL = 'org.opencontainers.image.source';

interface Request {
  kubernetes: Kubernetes;
  mirrors: Readonly<Record<string, string>>;
  pods: readonly V1Pod[];
  /** Newest first. */
  revisions: readonly RevisionEvidence[];
  signal: AbortSignal;
}

/**
 * From which commit the running images were built, and those of the revision before: what the labels of the images'
 * configuration say. Asked only where the digests differ; a registry that does not answer in time says nothing.
 */
export async function readBuilds({ kubernetes, mirrors, pods, revisions, signal }: Request): Promise<BuildEvidence[]> {
  const now = revisions.find(({ current }) => current);
  const before =
    revisions.find(({ current, healthyBaseline }) => !current && healthyBaseline) ??
    revisions.find(({ current }) => !current);
  const pod = pods.at(-1);
  if (now === undefined || before === undefined || pod === undefined) return [];
  const changed = now.images
    .map((image, i) => ({
      image: { now: image, before: before.images[i] ?? '' },
      digest: { now: now.digests?.[i] ?? '', before: before.digests?.[i] ?? '' },
    }))
    .filter(({ image, digest }) => image.before !== '' && (image.now !== image.before || digest.now !== digest.before))
    .slice(0, MOST_CONTAINERS);
  if (changed.length === 0) return [];
  const { options } = await registryOptions({ kubernetes, mirrors, signal }, pod);
  const labelsOf = async (image: string, digest: string) => {
    const answer = await readImageConfiguration(pinned(image, digest === '' ? undefined : digest), options).catch(
      () => {
        signal.throwIfAborted();
        return null;
      },
    );
    return answer === null || 'problem' in answer ? null : answer;
  };
  return Promise.all(
    changed.map(async ({ image, digest }) => {
      const [present, former] = await Promise.all([
        labelsOf(image.now, digest.now),
        labelsOf(image.before, digest.before),
      ]);
      const source = present?.labels[SOURCE_LABEL];
      return {
        now: buildOf(image.now, digest.now, present),
        before: buildOf(image.before, digest.before, former),
        ...(source === undefined ? {} : { source }),
      };
    }),
  );
}

function buildOf(
  image: string,
  digest: string,
  configuration: { labels: Record<string, string>; created?: string } | null,
): BuildEvidence['now'] {
  const commit = configuration?.labels[REVISION_LABEL];
  const created = configuration?.created;
  return {
    image,
    ...(digest === '' ? {} : { digest }),
    ...(commit === undefined ? {} : { commit }),
    ...(created === undefined ? {} : { created }),
  };
}
