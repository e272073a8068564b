/**
 * Puts layers and a configuration together as a docker-archive: the format of `docker save`, which `ctr image import`,
 * `skopeo copy docker-archive:` and `kind load image-archive` read.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../build/commands.ts';
import type { ImageConfig } from './catalogue.ts';

/** The digest of a file's content in hexadecimal; remembered beside the file, since layers are large and never change. */
export async function fileDigest(file: string): Promise<string> {
  const remembered = `${file}.sha256`;
  const known = await readFile(remembered, 'utf8').catch(() => undefined);
  if (known !== undefined) return known;
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  const digest = hash.digest('hex');
  await writeFile(`${remembered}.${process.pid}`, digest);
  await rename(`${remembered}.${process.pid}`, remembered);
  return digest;
}

/** The image's configuration object. OCI image specification, "OCI Image Configuration". */
export function imageConfiguration(config: ImageConfig, labels: Record<string, string>, diffIds: string[]): string {
  return JSON.stringify({
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    // A fixed time: the same content is the same image, with the same digest, on every machine.
    created: '1970-01-01T00:00:00Z',
    config: { ...config, Labels: labels },
    rootfs: { type: 'layers', diff_ids: diffIds.map((digest) => `sha256:${digest}`) },
    history: diffIds.map(() => ({ created: '1970-01-01T00:00:00Z', created_by: 'kintsugi dev/images' })),
  });
}

export interface ArchiveContent {
  reference: string;
  config: ImageConfig;
  labels: Record<string, string>;
  /** Paths of uncompressed tar files, the lowest layer first. */
  layers: string[];
}

/** Writes the archive to `target`, whole or not at all. */
export async function writeArchive(target: string, content: ArchiveContent): Promise<void> {
  const folder = await mkdtemp(join(dirname(target), '.archive-'));
  try {
    const digests = await Promise.all(content.layers.map(fileDigest));
    const names = digests.map((digest) => `${digest}.tar`);
    await Promise.all(content.layers.map((layer, index) => linkOnce(layer, join(folder, `${digests[index]}.tar`))));
    const configuration = imageConfiguration(content.config, content.labels, digests);
    const configurationName = `${createHash('sha256').update(configuration).digest('hex')}.json`;
    await writeFile(join(folder, configurationName), configuration);
    const manifest = [{ Config: configurationName, RepoTags: [content.reference], Layers: names }];
    await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
    const files = ['manifest.json', configurationName, ...new Set(names)];
    await run('tar', [
      '-cf',
      join(folder, 'archive.tar'),
      '-C',
      folder,
      '--owner=0',
      '--group=0',
      '--mtime=@0',
      ...files,
    ]);
    await rename(join(folder, 'archive.tar'), target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function linkOnce(from: string, to: string): Promise<void> {
  const exists = await stat(to).then(
    () => true,
    () => false,
  );
  if (!exists) await link(from, to);
}
