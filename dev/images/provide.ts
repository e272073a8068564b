/** Brings the images to a cluster: into its registry, or onto its nodes where it has none. */
import type { Progress } from '../build/cache.ts';
import { loadImage, pushImage } from '../cluster/cluster.ts';
import type { ClusterAccess } from '../cluster/state.ts';
import { IMAGES, type ImageName } from './catalogue.ts';
import { ensureImage } from './ensure.ts';

/**
 * Builds what is missing and makes it available under the published references.
 * @param cluster the development cluster that runs
 */
export async function provideImages(
  cluster: Pick<ClusterAccess, 'registry'>,
  names: readonly ImageName[],
  progress: Progress,
  signal?: AbortSignal,
): Promise<void> {
  for (const [index, name] of names.entries()) {
    signal?.throwIfAborted();
    const archive = await ensureImage(name, progress, signal);
    progress(`bringing image ${name} to the cluster (${index + 1} of ${names.length})`);
    if (cluster.registry === undefined) await loadImage(archive);
    else await pushImage(archive, IMAGES[name].reference);
  }
}
