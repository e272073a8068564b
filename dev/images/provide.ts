/** Brings the images to a cluster: into its registry, or onto its nodes where it has none. */
import type { Progress } from '../build/cache.ts';
import { isUsersOwn, loadImage, pushImage } from '../cluster/cluster.ts';
import type { ClusterAccess } from '../cluster/state.ts';
import { IMAGES, type ImageName } from './catalogue.ts';
import { ensureImage } from './ensure.ts';

/**
 * Builds what is missing and makes it available under the published references; a cluster of the user's own is left as it is.
 * @param cluster the development cluster that runs
 */
export async function provideImages(
  cluster: Pick<ClusterAccess, 'registry'>,
  names: readonly ImageName[],
  progress: Progress,
  signal?: AbortSignal,
): Promise<void> {
  if (isUsersOwn()) {
    const references = names.map((name) => IMAGES[name].reference).join(', ');
    progress(
      `the cluster of KINTSUGI_DEV_KUBECONFIG pulls these images by itself, from its nodes or its registry: ${references}`,
    );
    return;
  }
  for (const [index, name] of names.entries()) {
    signal?.throwIfAborted();
    const archive = await ensureImage(name, progress, signal);
    progress(`bringing image ${name} to the cluster (${index + 1} of ${names.length})`);
    if (cluster.registry === undefined) await loadImage(archive);
    else await pushImage(archive, IMAGES[name].reference);
  }
}
