import { expect, test } from '@jest/globals';
import { readBuilds } from '../../src/diagnosis/collect/builds.ts';
import type { RevisionEvidence } from '../../src/diagnosis/evidence/change.ts';
import { serversOfFile } from '../http/servers-of-file.ts';
import { startFakeApi } from '../kubernetes/fake-api.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const startServer = serversOfFile();

/** A registry whose images of digest a and b were built from the commits of the same letter; of others it knows nothing. */
async function registry(): Promise<string> {
  const server = await startServer((request, response) => {
    const name = /[^/]+(?=\?)/.exec(request.path)?.[0] ?? '';
    const letter = name.at(-1) ?? '';
    if (!['a', 'b', '1', '2'].includes(letter)) return response.writeHead(404).end();
    const commit = letter === '1' ? 'a' : 'b';
    const labels = {
      'org.opencontainers.image.revision': commit.repeat(40),
      'org.opencontainers.image.source': 'https://github.com/shop/app',
    };
    const isConfiguration = letter === '1' || letter === '2';
    const body = isConfiguration
      ? { os: 'linux', architecture: 'amd64', created: '2026-01-31T02:10:00Z', config: { Labels: labels } }
      : { config: { digest: digest(letter === 'a' ? '1' : '2') } };
    return response
      .writeHead(200, { 'content-type': isConfiguration ? 'application/octet-stream' : MANIFEST })
      .end(JSON.stringify(body));
  });
  return server.url;
}

function revision(number: string, letter: string, parts: Partial<RevisionEvidence> = {}): RevisionEvidence {
  return {
    revision: number,
    name: `r${number}`,
    createdAt: '2026-01-31T02:00:00Z',
    images: ['registry.invalid/shop/app:latest'],
    digests: [digest(letter)],
    replicas: 1,
    ready: 0,
    current: false,
    healthyBaseline: false,
    ...parts,
  };
}

async function builds(...revisions: RevisionEvidence[]) {
  const api = await startFakeApi();
  try {
    return await readBuilds({
      kubernetes: api.kubernetes,
      mirrors: { 'registry.invalid': await registry() },
      pods: [{ metadata: { namespace: 'shop', name: 'app-1' }, spec: { containers: [] } }],
      revisions,
      signal: new AbortController().signal,
    });
  } finally {
    await api.close();
  }
}

test('an image that differs from the one before tells the commits of both, and the repository', async () => {
  const [build] = await builds(revision('3', 'a', { current: true }), revision('2', 'b'));
  expect(build).toEqual({
    now: {
      image: 'registry.invalid/shop/app:latest',
      digest: digest('a'),
      commit: 'a'.repeat(40),
      created: '2026-01-31T02:10:00Z',
    },
    before: {
      image: 'registry.invalid/shop/app:latest',
      digest: digest('b'),
      commit: 'b'.repeat(40),
      created: '2026-01-31T02:10:00Z',
    },
    source: 'https://github.com/shop/app',
  });
});

test('it is compared with the revision that was seen healthy, where there is one', async () => {
  const healthy = revision('1', 'b', { healthyBaseline: true });
  const [build] = await builds(revision('3', 'a', { current: true }), revision('2', 'c'), healthy);
  expect(build?.before.commit).toBe('b'.repeat(40));
});

test('a registry that does not know an image leaves its commit open', async () => {
  const [build] = await builds(revision('3', 'a', { current: true }), revision('2', 'c'));
  expect(build?.now.commit).toBe('a'.repeat(40));
  expect(build?.before).toEqual({ image: 'registry.invalid/shop/app:latest', digest: digest('c') });
});

test('nothing is asked where the image is the same', async () => {
  expect(await builds(revision('3', 'a', { current: true }), revision('2', 'a'))).toEqual([]);
  expect(await builds(revision('1', 'a', { current: true }))).toEqual([]);
});
