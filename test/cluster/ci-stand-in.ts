import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Registry } from '../../dev/cluster/state.ts';
import { type SeenRequest, startServer, type TestServer } from '../http/server.ts';

/**
 * Stands in for a CI system: there is no builder here. Asked to build a commit, it takes the good image that the registry has
 * under `latest`, lets it name that commit, and pushes it: a new image with a digest of its own, as a build's would be.
 */
export interface Ci {
  url: string;
  /** What it was asked, by Idempotency-Key: a key that comes again starts nothing. */
  builds: Map<string, { commit: string; digest: string }>;
  /** Every build ends as failed while this is true. */
  fails: boolean;
  close(): Promise<void>;
}

const TOKEN = 'Bearer the CI token of the test';
export const CI_HEADERS = `Authorization: ${TOKEN}\n`;
const REPOSITORY = 'brunovlucena/agent-bruno';

const order = z.looseObject({ image: z.string(), commit: z.string() });

export async function startCi(registry: Registry): Promise<Ci> {
  const builds: Ci['builds'] = new Map();
  const server: TestServer = await startServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  const ci: Ci = { url: `${server.url}/builds`, builds, fails: false, close: () => server.close() };

  async function answer(request: SeenRequest, response: ServerResponse): Promise<void> {
    if (request.headers.authorization !== TOKEN) return reply(response, 401, {});
    if (request.method === 'POST') {
      const key = String(request.headers['idempotency-key']);
      const { commit } = order.parse(JSON.parse(request.body));
      if (!builds.has(key)) builds.set(key, { commit, digest: ci.fails ? '' : await build(registry, commit) });
      return reply(response, 201, { url: `/builds/${key}` });
    }
    const built = builds.get(request.path.split('/').at(-1) ?? '');
    if (built === undefined) return reply(response, 404, {});
    return reply(response, 200, built.digest === '' ? { state: 'failed' } : { state: 'success', digest: built.digest });
  }
  return ci;
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

const manifestSchema = z.looseObject({ config: z.looseObject({ digest: z.string(), size: z.number() }) });
const imageSchema = z.looseObject({ config: z.looseObject({ Labels: z.record(z.string(), z.string()).optional() }) });

async function build(registry: Registry, commit: string): Promise<string> {
  const base = `http://${registry.address}/v2/${REPOSITORY}`;
  const authorization = `Basic ${Buffer.from(`${registry.user}:${registry.password}`).toString('base64')}`;
  const call = async (address: string, init: RequestInit = {}): Promise<Response> => {
    const answered = await fetch(address, { ...init, headers: { authorization, ...init.headers } });
    if (!answered.ok) throw new Error(`${init.method ?? 'GET'} ${address}: ${answered.status}`);
    return answered;
  };
  const type = 'application/vnd.docker.distribution.manifest.v2+json';
  const manifest = manifestSchema.parse(
    await (await call(`${base}/manifests/latest`, { headers: { accept: type } })).json(),
  );
  const image = imageSchema.parse(await (await call(`${base}/blobs/${manifest.config.digest}`)).json());
  const Labels = { ...image.config.Labels, 'org.opencontainers.image.revision': commit };
  const config = JSON.stringify({ ...image, config: { ...image.config, Labels } });
  const upload = await call(`${base}/blobs/uploads/`, { method: 'POST' });
  const place = new URL(upload.headers.get('location') ?? '', base);
  const configDigest = digestOf(config);
  place.searchParams.set('digest', configDigest);
  await call(place.href, { method: 'PUT', body: config, headers: { 'content-type': 'application/octet-stream' } });
  const size = Buffer.byteLength(config);
  const body = JSON.stringify({ ...manifest, config: { ...manifest.config, digest: configDigest, size } });
  await call(`${base}/manifests/${digestOf(body)}`, { method: 'PUT', body, headers: { 'content-type': type } });
  return digestOf(body);
}

function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
