import { createHash } from 'node:crypto';
import { z } from 'zod';
import { addressAt, atRegistry, bodyOf, type Endpoint, INDEX_TYPES, type RegistryOptions, send } from './client.ts';
import { RegistryFailure, type RegistryProblem } from './problem.ts';
import { type ImageReference, parseImage } from './reference.ts';

/** What a tag stands for now. `platforms`: the digests inside, where it is an index of several architectures. */
export type RegistryAnswer = { digest: string; platforms: string[] } | { unknown: string };

const index = z.looseObject({ manifests: z.array(z.looseObject({ digest: z.string() })) });

/**
 * Asks the registry which digest an image's tag stands for now (safety 4), by HEAD `/v2/<name>/manifests/<tag>`. Never throws
 * but for an aborted signal: what could not be found out is `unknown` with the reason. A pinned image is not asked for.
 */
export async function registryDigest(image: string, options: RegistryOptions): Promise<RegistryAnswer> {
  const reference = parseImage(image);
  if (reference?.digest !== undefined) return { digest: reference.digest, platforms: [] };
  const found = await findManifest(image, options);
  return 'problem' in found ? { unknown: found.problem.saw } : found;
}

/** Whether the registry has the image, by tag or by digest, and lets it be pulled; else why not. */
export async function findManifest(
  image: string,
  options: RegistryOptions,
): Promise<{ digest: string; platforms: string[] } | { problem: RegistryProblem }> {
  const reference = parseImage(image);
  if (reference === null) return { problem: { kind: 'not-an-image-name', saw: `"${image}" is not an image name` } };
  try {
    return await atRegistry(reference, options, askEndpoint);
  } catch (thrown) {
    if (thrown instanceof RegistryFailure) return { problem: thrown.problem };
    throw thrown;
  }
}

async function askEndpoint(endpoint: Endpoint): Promise<{ digest: string; platforms: string[] }> {
  const address = addressAt(endpoint, `manifests/${manifestName(endpoint.reference)}`);
  const { response, authorization } = await send(endpoint, 'HEAD', address);
  const isIndex = INDEX_TYPES.includes((response.headers.get('content-type') ?? '').split(';')[0]?.trim() ?? '');
  const digest = response.headers.get('docker-content-digest');
  if (digest !== null && !isIndex) return { digest, platforms: [] };
  const body = await bodyOf(await send(endpoint, 'GET', address, authorization));
  return { digest: digest ?? digestOf(body), platforms: isIndex ? platformsOf(body) : [] };
}

/** What stands for the image in `/manifests/<reference>`: its digest, else its tag. */
export function manifestName({ digest, tag }: ImageReference): string {
  return digest ?? tag ?? 'latest';
}

function platformsOf(body: Buffer): string[] {
  return index.parse(JSON.parse(body.toString('utf8'))).manifests.map((manifest) => manifest.digest);
}

/** A manifest's digest is that of its bytes. */
export function digestOf(body: Buffer): string {
  return `sha256:${createHash('sha256').update(body).digest('hex')}`;
}
