import { authorizationFor } from './authorization.ts';
import { parseChallenge } from './challenge.ts';
import { type Credential, credentialsFor } from './credentials.ts';
import { problemOf, RegistryFailure, statusProblem } from './problem.ts';
import type { ImageReference } from './reference.ts';

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

/** One address at which a registry answers, and the image that is asked for there. */
export interface Endpoint {
  base: string;
  /** Added by containerd for mirrors: the registry that is meant. */
  namespace?: string;
  reference: ImageReference;
  options: RegistryOptions;
}

/** An answer of status 2xx, and what it took to be let in; the next request at this endpoint begins with it. */
export interface Admitted {
  response: Response;
  authorization?: string;
}

export const INDEX_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];
const ACCEPT = [
  ...INDEX_TYPES,
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  '*/*;q=0.1',
].join(', ');
const MOST_BYTES = 4 * 1024 * 1024;

/**
 * Asks at the configured mirror first and then at the registry itself, as containerd pulls; the first that answers counts.
 * @throws RegistryFailure the first failure that is an answer, else the first one, with what each endpoint said
 * API: https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md
 */
export async function atRegistry<T>(
  reference: ImageReference,
  options: RegistryOptions,
  ask: (endpoint: Endpoint) => Promise<T>,
): Promise<T> {
  const failures: RegistryFailure[] = [];
  for (const endpoint of endpointsOf(reference, options)) {
    try {
      return await ask(endpoint);
    } catch (thrown) {
      options.signal?.throwIfAborted();
      const problem = problemOf(thrown);
      failures.push(new RegistryFailure({ ...problem, saw: `${endpoint.base}: ${problem.saw}` }));
    }
  }
  const telling = failures.find(({ problem }) => problem.kind !== 'away') ?? failures[0];
  const saw = failures.map(({ problem }) => problem.saw).join('; ');
  throw new RegistryFailure({ ...(telling?.problem ?? { kind: 'broken' }), saw });
}

function endpointsOf(reference: ImageReference, options: RegistryOptions): Endpoint[] {
  const host = reference.registry === 'docker.io' ? 'registry-1.docker.io' : reference.registry;
  const mirror = options.mirrors[reference.registry];
  const own: Endpoint = { base: `https://${host}`, reference, options };
  if (mirror === undefined) return [own];
  return [{ base: mirror.replace(/\/+$/, ''), namespace: reference.registry, reference, options }, own];
}

/** The path below `/v2/<repository>/` at an endpoint. */
export function addressAt({ base, namespace, reference }: Endpoint, path: string): URL {
  const address = new URL(`${base}/v2/${reference.repository}/${path}`);
  if (namespace !== undefined) address.searchParams.set('ns', namespace);
  return address;
}

/**
 * Sends a request, first as `known` (or without credentials), then as the challenge asks: with each credential that fits, and
 * for a token also without one.
 * @throws RegistryFailure for any answer but 2xx
 */
export async function send(
  endpoint: Endpoint,
  method: 'HEAD' | 'GET',
  address: URL,
  known?: string,
): Promise<Admitted> {
  const { reference, options } = endpoint;
  const response = await request(address, method, known, options);
  if (response.status !== 401) return admitted(response, known);
  const challenge = parseChallenge(response.headers.get('www-authenticate'));
  if (challenge === null) throw new RegistryFailure({ kind: 'broken', saw: '401 without a Basic or Bearer challenge' });
  const credentials: (Credential | undefined)[] = credentialsFor(reference, options.pullSecrets);
  const has = credentials.length > 0;
  if (challenge.scheme === 'bearer') credentials.push(undefined);
  let refused: number | undefined;
  for (const credential of credentials) {
    const authorization = await authorizationFor(challenge, { credential, address, reference }, (realm, basic) =>
      request(realm, 'GET', basic, options),
    );
    if (authorization === undefined) continue;
    const answer = await request(address, method, authorization, options);
    if (answer.status !== 401 && answer.status !== 403) return admitted(answer, authorization);
    refused ??= answer.status;
  }
  if (!has)
    throw new RegistryFailure({ kind: 'no-credentials', saw: 'asks for credentials, and the pod has none for it' });
  const code = refused === undefined ? '' : ` (${refused})`;
  throw new RegistryFailure({ kind: 'denied', saw: `refuses the credentials${code}` });
}

function admitted(response: Response, authorization: string | undefined): Admitted {
  if (!response.ok) throw new RegistryFailure(statusProblem(response.status));
  return { response, ...(authorization === undefined ? {} : { authorization }) };
}

/**
 * Follows redirects by itself, for blobs lie with other hosts: `fetch` drops the credentials on the way to another origin
 * (https://fetch.spec.whatwg.org/#http-redirect-fetch).
 */
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

/** The body of an answer, at most 4 MiB: what a manifest, an index or an image's configuration may have. */
export async function bodyOf({ response }: Admitted): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MOST_BYTES)
      throw new RegistryFailure({ kind: 'broken', saw: 'answers with more than a manifest may have (4 MiB)' });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
