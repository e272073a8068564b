import { describe, expect, test } from '@jest/globals';
import { readImageConfiguration } from '../../src/registry/image-configuration.ts';
import type { TestServer } from '../http/server.ts';
import { serversOfFile } from '../http/servers-of-file.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';
const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const CONFIGURATION = {
  created: '2025-10-15T12:00:00Z',
  os: 'linux',
  architecture: 'arm64',
  config: {
    Entrypoint: null,
    Cmd: ['uvicorn', 'src.main:app'],
    Env: ['PATH=/usr/bin'],
    User: '1000:1000',
    WorkingDir: '/app',
    Labels: { 'org.opencontainers.image.revision': 'c0ffee' },
  },
};

const startServer = serversOfFile();

/** A registry with these manifests and blobs, by the name at the end of their path. */
async function serve(content: Record<string, { type: string; body: unknown; digest?: string }>): Promise<TestServer> {
  const server = await startServer((request, response) => {
    const found = content[/[^/]+(?=\?)/.exec(request.path)?.[0] ?? ''];
    if (found === undefined) return response.writeHead(404).end();
    const header = found.digest === undefined ? {} : { 'docker-content-digest': found.digest };
    return response.writeHead(200, { 'content-type': found.type, ...header }).end(JSON.stringify(found.body));
  });
  return server;
}

const read = (server: TestServer, image = 'registry.invalid/team/app:latest') =>
  readImageConfiguration(
    image,
    { pullSecrets: [], mirrors: { 'registry.invalid': server.url }, timeoutMs: 2000 },
    { os: 'linux', architecture: 'arm64' },
  );

const blob = { type: 'application/octet-stream', body: CONFIGURATION };
const manifest = (name: string) => ({ type: MANIFEST, body: { config: { digest: digest('c') } }, digest: name });

describe("an image's configuration", () => {
  test('is read by its manifest: command, user, labels, when it was built', async () => {
    const server = await serve({ latest: manifest(digest('a')), [digest('c')]: blob });
    expect(await read(server)).toEqual({
      digest: digest('a'),
      entrypoint: [],
      command: ['uvicorn', 'src.main:app'],
      env: ['PATH=/usr/bin'],
      workingDir: '/app',
      user: '1000:1000',
      labels: { 'org.opencontainers.image.revision': 'c0ffee' },
      created: '2025-10-15T12:00:00Z',
      platform: 'linux/arm64',
    });
    expect(server.seen.map(({ method }) => method)).toEqual(['GET', 'GET']);
  });

  test("of an index is the wanted platform's, told by that one's digest", async () => {
    const platforms = ['amd64', 'arm64'].map((architecture, at) => ({
      digest: digest(at === 0 ? 'd' : 'e'),
      platform: { os: 'linux', architecture },
    }));
    const server = await serve({
      latest: { type: INDEX, body: { manifests: platforms }, digest: digest('a') },
      [digest('e')]: manifest(digest('e')),
      [digest('c')]: blob,
    });
    expect(await read(server)).toMatchObject({ digest: digest('e'), platform: 'linux/arm64' });
  });

  test('is asked for by the digest, where the name has one', async () => {
    const server = await serve({ [digest('b')]: manifest(digest('b')), [digest('c')]: blob });
    expect(await read(server, `registry.invalid/team/app:1@${digest('b')}`)).toMatchObject({ digest: digest('b') });
  });

  test.each<[string, Parameters<typeof serve>[0], string, string]>([
    ['there is no such tag', {}, 'no-image', '404'],
    [
      'it was built for other platforms',
      {
        latest: {
          type: INDEX,
          body: { manifests: [{ digest: digest('d'), platform: { os: 'linux', architecture: 's390x' } }] },
        },
      },
      'no-image',
      'only for linux/s390x',
    ],
    ['what is answered is no manifest', { latest: { type: MANIFEST, body: [] } }, 'broken', 'no registry'],
  ])('cannot be read where %s', async (_sentence, content, kind, saw) => {
    expect(await read(await serve(content))).toEqual({ problem: { kind, saw: expect.stringContaining(saw) } });
  });
});
