/** An image as a pod names it, taken apart the way the container runtime does. */
export interface ImageReference {
  /** `ghcr.io`, `docker.io`, `10.99.0.1:5000`. */
  registry: string;
  /** `brunovlucena/agent-bruno`, `library/busybox`. */
  repository: string;
  /** `latest` where none is written and no digest either. */
  tag?: string;
  /** `sha256:…` where the image is pinned. */
  digest?: string;
}

const DEFAULT_REGISTRY = 'docker.io';
const DIGEST = /^[a-z0-9+._-]+:[0-9a-f]{32,}$/;

/**
 * Takes an image name apart; null if it is none. The first part is a registry if it has a dot or a port or is `localhost`
 * (https://github.com/distribution/reference, normalize.go).
 */
export function parseImage(image: string): ImageReference | null {
  const [named = '', digest, ...rest] = image.split('@');
  if (rest.length > 0 || (digest !== undefined && !DIGEST.test(digest))) return null;
  const slash = named.indexOf('/');
  const first = slash < 0 ? '' : named.slice(0, slash);
  const hasRegistry = first.includes('.') || first.includes(':') || first === 'localhost';
  const registry = hasRegistry ? first : DEFAULT_REGISTRY;
  const path = hasRegistry ? named.slice(slash + 1) : named;
  const colon = path.lastIndexOf(':');
  const name = colon < 0 ? path : path.slice(0, colon);
  const tag = colon < 0 ? undefined : path.slice(colon + 1);
  if (!/^[a-z0-9]+(?:[._/-]+[a-z0-9]+)*$/.test(name) || (tag !== undefined && !/^\w[\w.-]{0,127}$/.test(tag)))
    return null;
  const repository = registry === DEFAULT_REGISTRY && !name.includes('/') ? `library/${name}` : name;
  if (digest !== undefined) return { registry, repository, ...(tag === undefined ? {} : { tag }), digest };
  return { registry, repository, tag: tag ?? 'latest' };
}

/** An image's name as it is written, without tag and digest. */
export function repositoryName(image: string): string {
  return image.replace(/@.*$/, '').replace(/:[^:/]*$/, '');
}

/**
 * The digest in a container status' `imageID` (`ghcr.io/a/b@sha256:…`). Undefined for a bare `sha256:…`: that names the
 * image's configuration, as for an image loaded by hand, and no registry answers with it.
 */
export function digestOfImageId(imageId: string | undefined): string | undefined {
  const at = imageId?.lastIndexOf('@') ?? -1;
  const digest = at < 0 ? undefined : imageId?.slice(at + 1);
  return digest !== undefined && DIGEST.test(digest) ? digest : undefined;
}
