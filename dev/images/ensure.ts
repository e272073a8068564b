/** The one entry to the development images: their docker-archives, built when they are not in the cache yet. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, type Progress } from '../build/cache.ts';
import { writeArchive } from './archive.ts';
import { IMAGES, type ImageDefinition, type ImageName } from './catalogue.ts';
import { type BuiltLayer, ensureLayer } from './layers.ts';

/**
 * Makes sure that an image's docker-archive exists.
 * @param progress is told what is built, one line each; nothing when all is in the cache
 * @returns the path of the archive, below {@link cacheFolder}
 */
export async function ensureImage(name: ImageName, progress: Progress, signal?: AbortSignal): Promise<string> {
  const folder = join(cacheFolder(), 'images');
  const definition = IMAGES[name];
  const layers: BuiltLayer[] = [];
  for (const layer of definition.layers) {
    layers.push(await ensureLayer(layer, join(folder, 'layers'), progress, signal));
  }
  const revision = imageRevision(definition, layers);
  const archive = join(folder, `${name.replace(':', '-')}-${revision.slice(0, 12)}.tar`);
  if (!existsSync(archive)) {
    await writeArchive(archive, {
      reference: definition.reference,
      config: definition.config,
      labels: { 'org.opencontainers.image.revision': revision },
      layers: layers.map((layer) => layer.file),
    });
  }
  return archive;
}

/** Forty hexadecimal digits like a commit's, made of all that the image consists of: a change of a source is another revision. */
export function imageRevision(definition: ImageDefinition, layers: Pick<BuiltLayer, 'key'>[]): string {
  const content = JSON.stringify([definition.reference, definition.config, layers.map((layer) => layer.key)]);
  return createHash('sha1').update(content).digest('hex');
}
