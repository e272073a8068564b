import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import { registryDigest } from '../../src/registry/digest.ts';
import { compareDigests } from '../../src/registry/tag-moved.ts';
import type { SeenRequest, TestServer } from '../http/server.ts';
import { serversOfFile } from '../http/servers-of-file.ts';

const IMAGE = 'registry.invalid/team/app:latest';
const DIGEST = `sha256:${'a'.repeat(64)}`;
const OTHER = `sha256:${'b'.repeat(64)}`;
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';
const BASIC = `Basic ${Buffer.from('user:secret').toString('base64')}`;
const PULL_SECRET = JSON.stringify({ auths: { 'registry.invalid': { username: 'user', password: 'secret' } } });

const serve = serversOfFile();

const ask = (server: TestServer, pullSecrets: string[] = [], timeoutMs = 5000): ReturnType<typeof registryDigest> =>
  registryDigest(IMAGE, { pullSecrets, mirrors: { 'registry.invalid': server.url }, timeoutMs });

const manifest = (response: ServerResponse): void => {
  response.writeHead(200, { 'content-type': MANIFEST, 'docker-content-digest': DIGEST }).end();
};

describe('a registry that knows the tag', () => {
  test('answers one HEAD with the digest, at the configured mirror, told which registry is meant', async () => {
    const server = await serve((_request, response) => manifest(response));
    expect(await ask(server)).toEqual({ digest: DIGEST, platforms: [] });
    expect(server.seen).toHaveLength(1);
    expect(server.seen[0]).toMatchObject({ method: 'HEAD', path: '/v2/team/app/manifests/latest?ns=registry.invalid' });
    expect(server.seen[0]?.headers.accept).toContain(INDEX);
  });

  test('with an index also tells the digests of its platforms', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': INDEX, 'docker-content-digest': DIGEST });
      response.end(JSON.stringify({ manifests: [{ digest: OTHER, platform: { architecture: 'amd64' } }] }));
    });
    expect(await ask(server)).toEqual({ digest: DIGEST, platforms: [OTHER] });
  });

  test('without a digest header has the manifest itself hashed', async () => {
    const body = '{"schemaVersion":2}';
    const server = await serve((_request, response) => response.writeHead(200, { 'content-type': MANIFEST }).end(body));
    const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`;
    expect(await ask(server)).toEqual({ digest, platforms: [] });
  });
});

describe('a registry that asks who comes', () => {
  test('by Basic gets the pull secret, and only after it asked', async () => {
    const server = await serve((request, response) => {
      if (request.headers.authorization === BASIC) return manifest(response);
      response.writeHead(401, { 'www-authenticate': 'Basic realm="registry"' }).end();
    });
    expect(await ask(server, [PULL_SECRET])).toEqual({ digest: DIGEST, platforms: [] });
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual([undefined, BASIC]);
  });

  test('by Bearer gets a token that was fetched with the pull secret for pulling this repository', async () => {
    const server = await serve((request, response) => {
      if (request.path.startsWith('/token')) return response.end(JSON.stringify({ token: 'fresh' }));
      if (request.headers.authorization === 'Bearer fresh') return manifest(response);
      const challenge = `Bearer realm="http://${request.headers.host}/token",service="registry.invalid"`;
      return response.writeHead(401, { 'www-authenticate': challenge }).end();
    });
    expect(await ask(server, [PULL_SECRET])).toEqual({ digest: DIGEST, platforms: [] });
    expect(server.seen[1]).toMatchObject({
      path: '/token?service=registry.invalid&scope=repository%3Ateam%2Fapp%3Apull',
      headers: { authorization: BASIC },
    });
  });

  test('by Bearer for a public image gives a token without a pull secret', async () => {
    const server = await serve((request, response) => {
      if (request.path.startsWith('/token')) return response.end(JSON.stringify({ access_token: 'public' }));
      if (request.headers.authorization === 'Bearer public') return manifest(response);
      const challenge = `Bearer realm="http://${request.headers.host}/token"`;
      return response.writeHead(401, { 'www-authenticate': challenge }).end();
    });
    expect(await ask(server)).toEqual({ digest: DIGEST, platforms: [] });
  });

  test('and refuses what the pod has leaves the digest unknown, without the password in the reason', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="registry"' }).end();
    });
    const refused = await ask(server, [PULL_SECRET]);
    expect(refused).toEqual({ unknown: expect.stringContaining('refuses the credentials') });
    expect(JSON.stringify(refused)).not.toContain('secret');
    expect(await ask(server)).toEqual({ unknown: expect.stringContaining('the pod has none') });
  });
});

describe('a registry that does not answer the question leaves the digest unknown', () => {
  test.each<[string, string, (request: SeenRequest, response: ServerResponse) => void]>([
    ['the tag is not there', '404', (_request, response) => response.writeHead(404).end()],
    ['it is overloaded', '429', (_request, response) => response.writeHead(429).end()],
    ['it is broken', '500', (_request, response) => response.writeHead(500).end()],
    ['it hangs', 'does not answer in time', () => undefined],
    ['it resets the connection', 'http://127.0.0.1', (_request, response) => response.socket?.destroy()],
    ['it asks in an unknown way', '401 without', (_request, response) => response.writeHead(401).end()],
  ])('%s', async (_sentence, reason, answer) => {
    const server = await serve(answer);
    expect(await ask(server, [], 300)).toEqual({ unknown: expect.stringContaining(reason) });
  });

  test('a name that is no image is said to be none', async () => {
    const answer = await registryDigest('no image', { pullSecrets: [], mirrors: {} });
    expect(answer).toEqual({ unknown: '"no image" is not an image name' });
  });
});

describe('whether a tag has moved', () => {
  const registry = (digest: string, platforms: string[] = []): { digest: string; platforms: string[] } => ({
    digest,
    platforms,
  });

  test.each<[string, Parameters<typeof compareDigests>, boolean | 'unknown']>([
    ['all three agree', ['a:latest', DIGEST, DIGEST, registry(DIGEST)], false],
    ['the registry has another', ['a:latest', DIGEST, DIGEST, registry(OTHER)], true],
    ['what runs is not what was healthy', ['a:latest', OTHER, DIGEST, registry(OTHER)], true],
    ['what runs is one platform of the index', ['a:latest', DIGEST, undefined, registry(OTHER, [DIGEST])], false],
    ['nothing runs and the healthy one is still there', ['a:latest', undefined, DIGEST, registry(DIGEST)], false],
    ['nothing runs and the registry has another', ['a:latest', undefined, DIGEST, registry(OTHER)], true],
    ['the registry does not answer', ['a:latest', DIGEST, DIGEST, { unknown: 'it hangs' }], 'unknown'],
    ['nothing is known to compare with', ['a:latest', undefined, undefined, registry(DIGEST)], 'unknown'],
  ])('%s', (_sentence, [image, running, healthy, answer], moved) => {
    expect(compareDigests(image, running, healthy, answer).moved).toBe(moved);
  });
});
