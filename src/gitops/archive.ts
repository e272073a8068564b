import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { KintsugiError, messageOf } from '../errors.ts';
import { fetchFailure } from '../fetch-failure.ts';
import type { Kubernetes } from '../kubernetes/client.ts';
import type { Artifact } from '../kubernetes/flux.ts';
import { proxyDownload } from '../kubernetes/proxy.ts';

const unzip = promisify(gunzip);

/** Manifests are text: an archive beyond these is not read. */
const MOST_COMPRESSED = 8 << 20;
const MOST_BYTES = 32 << 20;
const BLOCK = 512;

/** The text files of an archive by their path, without a leading `./`. */
export type Files = ReadonlyMap<string, string>;

/**
 * Fetches what a source offers: a tarball whose digest is checked. Its address is the source-controller's Service, which is
 * reached through the API server from outside of the cluster.
 * @throws KintsugiError `unavailable` when it cannot be had, `invalid` when it is not what its digest says
 */
export async function fetchArtifact(kubernetes: Kubernetes, artifact: Artifact, signal: AbortSignal): Promise<Files> {
  const bytes = await download(kubernetes, artifact, signal);
  const [algorithm = '', wanted = ''] = artifact.digest.split(':');
  if (algorithm !== 'sha256' || createHash('sha256').update(bytes).digest('hex') !== wanted)
    throw unusable(artifact, 'it is not what its digest says');
  return readTar(await inflate(bytes, artifact));
}

/** Inflates gzip, up to a bound. @throws KintsugiError `invalid` for what is none or is too large */
async function inflate(bytes: Buffer, artifact: Artifact): Promise<Buffer> {
  try {
    return await unzip(bytes, { maxOutputLength: MOST_BYTES });
  } catch (error) {
    throw unusable(artifact, messageOf(error));
  }
}

/** Straight from the Service where the worker runs in the cluster, else through the API server's proxy. */
async function download(kubernetes: Kubernetes, artifact: Artifact, signal: AbortSignal): Promise<Buffer> {
  try {
    const answer = await fetch(artifact.url, { signal });
    if (!answer.ok) throw unusable(artifact, `the answer is ${answer.status}`);
    return bounded(Buffer.from(await answer.arrayBuffer()), artifact);
  } catch (error) {
    const url = new URL(artifact.url);
    const [name = '', namespace = '', svc] = url.hostname.split('.');
    if (svc !== 'svc') throw error instanceof KintsugiError ? error : unusable(artifact, fetchFailure(error).reason);
    const port = url.port === '' ? 80 : Number(url.port);
    const request = { through: 'services', namespace, name, port, path: url.pathname } as const;
    return bounded(await proxyDownload(kubernetes, request, signal), artifact);
  }
}

function bounded(bytes: Buffer, artifact: Artifact): Buffer {
  if (bytes.length > MOST_COMPRESSED) throw unusable(artifact, `it has ${bytes.length} bytes`);
  return bytes;
}

function unusable({ url }: Artifact, reason: string): KintsugiError {
  return new KintsugiError('invalid', `the artifact cannot be used: ${reason}`, {
    where: url,
    fix: 'Look at the source that offers it.',
    retryable: false,
  });
}

/** The regular files of a tar archive: https://www.gnu.org/software/tar/manual/html_node/Standard.html */
export function readTar(bytes: Buffer): Files {
  const files = new Map<string, string>();
  for (let at = 0; at + BLOCK <= bytes.length && bytes[at] !== 0; ) {
    const field = (from: number, length: number) => textOf(bytes.subarray(at + from, at + from + length));
    const size = Number.parseInt(field(124, 12).trim() || '0', 8);
    const prefix = field(345, 155);
    const name = `${prefix === '' ? '' : `${prefix}/`}${field(0, 100)}`.replace(/^\.\//, '');
    const type = field(156, 1);
    if (type === '0' || type === '') files.set(name, bytes.toString('utf8', at + BLOCK, at + BLOCK + size));
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}
