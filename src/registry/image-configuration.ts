import { z } from 'zod';
import { addressAt, atRegistry, bodyOf, type Endpoint, INDEX_TYPES, type RegistryOptions, send } from './client.ts';
import { digestOf, manifestName } from './digest.ts';
import { RegistryFailure, type RegistryProblem } from './problem.ts';
import { parseImage } from './reference.ts';

/** What an image says about itself: the part of its configuration that people compare. */
export interface ImageConfiguration {
  /** Digest of the manifest that was read: of one platform, where the name stands for an index. */
  digest: string;
  /** `ENTRYPOINT` and `CMD`; what a pod's `command` and `args` stand in for. Empty where the image has none. */
  entrypoint: string[];
  command: string[];
  /** `NAME=value`, as in the image. */
  env: string[];
  workingDir?: string;
  user?: string;
  labels: Record<string, string>;
  /** RFC 3339; when it was built. */
  created?: string;
  /** `linux/amd64`, `linux/arm/v7`. */
  platform: string;
}

/** The label by which a build names the commit that it was made from. */
export const REVISION_LABEL = 'org.opencontainers.image.revision';

const texts = z.array(z.string()).nullish();
const manifest = z.looseObject({ config: z.looseObject({ digest: z.string() }) });
const platform = z.looseObject({ os: z.string(), architecture: z.string(), variant: z.string().optional() });
const index = z.looseObject({
  manifests: z.array(z.looseObject({ digest: z.string(), platform: platform.optional() })),
});
const configuration = z.looseObject({
  created: z.string().optional(),
  os: z.string().default('linux'),
  architecture: z.string().default('unknown'),
  variant: z.string().optional(),
  config: z
    .looseObject({
      Entrypoint: texts,
      Cmd: texts,
      Env: texts,
      User: z.string().optional(),
      WorkingDir: z.string().optional(),
      Labels: z.record(z.string(), z.string()).nullish(),
    })
    .nullish(),
});

/** Which image inside of an index is read. */
export interface Platform {
  os: string;
  architecture: string;
}

/**
 * Reads an image's configuration from its registry: the manifest, of an index the one for `platform`, and then the blob that
 * it names. At most four requests and 4 MiB each. Never throws but for an aborted signal; what could not be read is a problem.
 * OCI image specification, "Image Index", "Image Manifest" and "Image Configuration"
 * (https://github.com/opencontainers/image-spec/blob/v1.1.0/config.md)
 * @param image by tag, or better by the digest that runs
 * @param wanted the node's; linux/amd64 if not given
 */
export async function readImageConfiguration(
  image: string,
  options: RegistryOptions,
  wanted: Platform = { os: 'linux', architecture: 'amd64' },
): Promise<ImageConfiguration | { problem: RegistryProblem }> {
  const reference = parseImage(image);
  if (reference === null) return { problem: { kind: 'not-an-image-name', saw: `"${image}" is not an image name` } };
  try {
    return await atRegistry(reference, options, (endpoint) => readAt(endpoint, wanted));
  } catch (thrown) {
    if (thrown instanceof RegistryFailure) return { problem: thrown.problem };
    throw thrown;
  }
}

async function readAt(endpoint: Endpoint, wanted: Platform): Promise<ImageConfiguration> {
  const found = await readManifest(endpoint, manifestName(endpoint.reference), wanted);
  const { config } = manifest.parse(found.body);
  const blob = await send(endpoint, 'GET', addressAt(endpoint, `blobs/${config.digest}`), found.authorization);
  const image = configuration.parse(json(await bodyOf(blob)));
  const { Entrypoint, Cmd, Env, User, WorkingDir, Labels } = image.config ?? {};
  return {
    digest: found.digest,
    entrypoint: Entrypoint ?? [],
    command: Cmd ?? [],
    env: Env ?? [],
    ...(WorkingDir === undefined || WorkingDir === '' ? {} : { workingDir: WorkingDir }),
    ...(User === undefined || User === '' ? {} : { user: User }),
    labels: Labels ?? {},
    ...(image.created === undefined ? {} : { created: image.created }),
    platform: [image.os, image.architecture, ...(image.variant === undefined ? [] : [image.variant])].join('/'),
  };
}

interface FoundManifest {
  body: unknown;
  digest: string;
  authorization?: string;
}

/** The manifest of one image: where the name stands for an index, that of the wanted platform. */
async function readManifest(
  endpoint: Endpoint,
  name: string,
  wanted: Platform,
  known?: string,
): Promise<FoundManifest> {
  const admitted = await send(endpoint, 'GET', addressAt(endpoint, `manifests/${name}`), known);
  const { response, authorization } = admitted;
  const bytes = await bodyOf(admitted);
  const body = json(bytes);
  const type = (response.headers.get('content-type') ?? '').split(';')[0]?.trim() ?? '';
  if (!INDEX_TYPES.includes(type)) {
    const digest = response.headers.get('docker-content-digest') ?? digestOf(bytes);
    return { body, digest, ...(authorization === undefined ? {} : { authorization }) };
  }
  const { manifests } = index.parse(body);
  const fits = manifests.find(
    (entry) => entry.platform?.os === wanted.os && entry.platform.architecture === wanted.architecture,
  );
  if (fits !== undefined) return readManifest(endpoint, fits.digest, wanted, authorization);
  const has = manifests.flatMap((entry) => (entry.platform === undefined ? [] : [text(entry.platform)]));
  const saw = `has no image for ${text(wanted)}, only for ${has.join(', ') || 'none that it names'}`;
  throw new RegistryFailure({ kind: 'no-image', saw });
}

function text({ os, architecture }: Platform): string {
  return `${os}/${architecture}`;
}

function json(body: Buffer): unknown {
  return JSON.parse(body.toString('utf8'));
}
