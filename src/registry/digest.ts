import { createHash } from 'node:crypto';
import { z } from 'zod';
import { fetchFailure } from '../fetch-failure.ts';
import { type Challenge, parseChallenge } from './challenge.ts';
import { type Credential, credentialsFor } from './credentials.ts';
import { type ImageReference, parseImage } from './reference.ts';

/** How a registry is asked. */
export interface RegistryOptions {
  /** Decoded `.dockerconfigjson` (or `.dockercfg`) of the pod's pull secrets. */
  pullSecrets: readonly string[];
  /** From the configuration: a registry's host to the address that the nodes pull from, `{"ghcr.io": "http://10.99.0.1:5000"}`. */
  mirrors: Readonly<Record<string, string>>;
  signal?: AbortSignal;
  /** Milliseconds for one request; 5000 if not given. */
  timeoutMs?: number;
}

/** What a tag stands for now. `platforms`: the digests inside, where it is an index of several architectures. */
export type RegistryAnswer = { digest: string; platforms: string[] } | { unknown: string };

interface Endpoint {
  base: string;
  /** Added by containerd for mirrors: the registry that is meant. */
  namespace?: string;
}

const INDEX_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];
const ACCEPT = [
  ...INDEX_TYPES,
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');
const INDEX_BYTES = 4 * 1024 * 1024;
const index = z.looseObject({ manifests: z.array(z.looseObject({ digest: z.string() })) });
const token = z.looseObject({ token: z.string().optional(), access_token: z.string().optional() });

/**
 * Asks the registry which digest an image's tag stands for now (safety 4), by HEAD `/v2/<name>/manifests/<tag>`: at the
 * configured mirror first and then at the registry itself, as containerd pulls. Never throws: what could not be found out is
 * `unknown` with the reason. API: https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md
 */
export async function registryDigest(image: string, options: RegistryOptions): Promise<RegistryAnswer> {
  const reference = parseImage(image);
  if (reference === null) return { unknown: `"${image}" is not an image name` };
  if (reference.digest !== undefined) return { digest: reference.digest, platforms: [] };
  const reasons: string[] = [];
  for (const endpoint of endpointsOf(reference, options.mirrors)) {
    try {
      return await askEndpoint(endpoint, reference, options);
    } catch (thrown) {
      reasons.push(`${endpoint.base}: ${fetchFailure(thrown).reason}`);
    }
  }
  return { unknown: reasons.join('; ') };
}

function endpointsOf(reference: ImageReference, mirrors: Readonly<Record<string, string>>): Endpoint[] {
  const host = reference.registry === 'docker.io' ? 'registry-1.docker.io' : reference.registry;
  const mirror = mirrors[reference.registry];
  const own: Endpoint = { base: `https://${host}` };
  return mirror === undefined ? [own] : [{ base: mirror.replace(/\/+$/, ''), namespace: reference.registry }, own];
}

async function askEndpoint(
  endpoint: Endpoint,
  reference: ImageReference,
  options: RegistryOptions,
): Promise<RegistryAnswer> {
  const address = new URL(`${endpoint.base}/v2/${reference.repository}/manifests/${reference.tag ?? 'latest'}`);
  if (endpoint.namespace !== undefined) address.searchParams.set('ns', endpoint.namespace);
  const { response, authorization } = await authorized(address, reference, options);
  if (!response.ok) throw new Error(statusReason(response.status));
  const isIndex = INDEX_TYPES.includes((response.headers.get('content-type') ?? '').split(';')[0]?.trim() ?? '');
  const digest = response.headers.get('docker-content-digest');
  if (digest !== null && !isIndex) return { digest, platforms: [] };
  const body = await bodyOf(await request(address, 'GET', authorization, options));
  return { digest: digest ?? digestOf(body), platforms: isIndex ? platformsOf(body) : [] };
}

/** HEAD without credentials, then as the challenge asks: with each credential that fits, and for a token also without one. */
async function authorized(
  address: URL,
  reference: ImageReference,
  options: RegistryOptions,
): Promise<{ response: Response; authorization?: string }> {
  let response = await request(address, 'HEAD', undefined, options);
  if (response.status !== 401) return { response };
  const challenge = parseChallenge(response.headers.get('www-authenticate'));
  if (challenge === null) throw new Error('401 without a Basic or Bearer challenge');
  const credentials: (Credential | undefined)[] = credentialsFor(reference, options.pullSecrets);
  if (challenge.scheme === 'bearer') credentials.push(undefined);
  for (const credential of credentials) {
    const authorization = await authorizationFor(challenge, credential, address, reference, options);
    if (authorization === undefined) continue;
    response = await request(address, 'HEAD', authorization, options);
    if (response.status !== 401 && response.status !== 403) return { response, authorization };
  }
  throw new Error(
    credentials.length === 0 ? 'asks for credentials, and the pod has none for it' : 'refuses the credentials',
  );
}

async function authorizationFor(
  challenge: Challenge,
  credential: Credential | undefined,
  address: URL,
  reference: ImageReference,
  options: RegistryOptions,
): Promise<string | undefined> {
  const basic = credential === undefined ? undefined : basicAuthorization(credential);
  if (challenge.scheme === 'basic') return basic;
  const realm = new URL(challenge.realm);
  // A registry reached by TLS must not lure the password onto an open wire.
  if (basic !== undefined && address.protocol === 'https:' && realm.protocol !== 'https:') return undefined;
  if (challenge.service !== undefined) realm.searchParams.set('service', challenge.service);
  realm.searchParams.set('scope', challenge.scope ?? `repository:${reference.repository}:pull`);
  const response = await request(realm, 'GET', basic, options);
  if (!response.ok) return undefined;
  const answer = token.parse(JSON.parse(await response.text()));
  const value = answer.token ?? answer.access_token;
  return value === undefined ? undefined : `Bearer ${value}`;
}

function request(
  address: URL,
  method: 'HEAD' | 'GET',
  authorization: string | undefined,
  options: RegistryOptions,
): Promise<Response> {
  const timeout = AbortSignal.timeout(options.timeoutMs ?? 5000);
  return fetch(address, {
    method,
    headers: { accept: ACCEPT, ...(authorization === undefined ? {} : { authorization }) },
    signal: options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]),
  });
}

async function bodyOf(response: Response): Promise<Buffer> {
  if (!response.ok) throw new Error(statusReason(response.status));
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > INDEX_BYTES) throw new Error('answers with more than a manifest may have (4 MiB)');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function platformsOf(body: Buffer): string[] {
  return index.parse(JSON.parse(body.toString('utf8'))).manifests.map((manifest) => manifest.digest);
}

function digestOf(body: Buffer): string {
  return `sha256:${createHash('sha256').update(body).digest('hex')}`;
}

function basicAuthorization(credential: Credential): string {
  return `Basic ${Buffer.from(`${credential.username}:${credential.password}`).toString('base64')}`;
}

function statusReason(status: number): string {
  return status === 404 ? 'has no such image (404)' : `answers ${status}`;
}
