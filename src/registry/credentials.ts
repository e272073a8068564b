import { z } from 'zod';
import type { ImageReference } from './reference.ts';

/** One user at a registry, from a pull secret. */
export interface Credential {
  username: string;
  password: string;
}

const entry = z.looseObject({
  username: z.string().optional(),
  password: z.string().optional(),
  auth: z.string().optional(),
});
const dockerConfig = z.looseObject({ auths: z.record(z.string(), entry) });
const dockerConfigLegacy = z.record(z.string(), entry);

/**
 * The credentials of pull secrets (the decoded text of `.dockerconfigjson` or `.dockercfg`) that fit an image, the most
 * specific key first: host globs, ports and path prefixes as the kubelet matches them
 * (https://kubernetes.io/docs/concepts/containers/images/#config-json). A secret that does not parse gives none.
 */
export function credentialsFor(image: ImageReference, pullSecrets: readonly string[]): Credential[] {
  const matches: { key: string; credential: Credential }[] = [];
  for (const secret of pullSecrets) {
    for (const [key, value] of Object.entries(authsOf(secret))) {
      const credential = credentialOf(value);
      if (credential !== undefined && keyMatches(key, image)) matches.push({ key, credential });
    }
  }
  matches.sort((left, right) => right.key.length - left.key.length);
  return matches.map((match) => match.credential);
}

function authsOf(secret: string): Record<string, z.infer<typeof entry>> {
  let json: unknown;
  try {
    json = JSON.parse(secret);
  } catch {
    return {};
  }
  const current = dockerConfig.safeParse(json);
  if (current.success) return current.data.auths;
  const legacy = dockerConfigLegacy.safeParse(json);
  return legacy.success ? legacy.data : {};
}

function credentialOf(value: z.infer<typeof entry>): Credential | undefined {
  if (value.username !== undefined && value.password !== undefined) {
    return { username: value.username, password: value.password };
  }
  if (value.auth === undefined) return undefined;
  const decoded = Buffer.from(value.auth, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon < 0 ? undefined : { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

function keyMatches(key: string, image: ImageReference): boolean {
  const bare = key.replace(/^https?:\/\//, '');
  const slash = bare.indexOf('/');
  const host = slash < 0 ? bare : bare.slice(0, slash);
  if (image.registry === 'docker.io' && (host === 'index.docker.io' || host === 'docker.io')) return true;
  const path = slash < 0 ? '' : bare.slice(slash + 1).replace(/\/$/, '');
  const pathMatches = /^(?:v[12])?$/.test(path) || image.repository === path || image.repository.startsWith(`${path}/`);
  return pathMatches && hostMatches(host, image.registry);
}

/** `*` stands for a part of one label: `*.example.com` fits `eu.example.com`, not `a.eu.example.com`. */
function hostMatches(pattern: string, host: string): boolean {
  const patternLabels = pattern.split('.');
  const labels = host.split('.');
  if (patternLabels.length !== labels.length) return false;
  return patternLabels.every((part, index) => {
    const expression = part.split('*').map((piece) => piece.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
    return new RegExp(`^${expression.join('[^.]*')}$`).test(labels[index] ?? '');
  });
}
