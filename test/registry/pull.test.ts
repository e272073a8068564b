import type { ServerResponse } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import { askPull } from '../../src/registry/pull.ts';
import { PULL_SECRET_TYPE, type PullSecret } from '../../src/registry/pull-secrets.ts';
import type { SeenRequest } from '../http/server.ts';
import { serversOfFile } from '../http/servers-of-file.ts';

const IMAGE = 'registry.invalid/team/app:v9';
const DIGEST = `sha256:${'a'.repeat(64)}`;
const TEXT = JSON.stringify({ auths: { 'registry.invalid': { username: 'user', password: 'pass word' } } });
const BASIC = `Basic ${Buffer.from('user:pass word').toString('base64')}`;

const startServer = serversOfFile();

const secret = (parts: Partial<PullSecret> = {}, readable = true): PullSecret => ({
  namespace: 'shop',
  name: 'pull',
  state: 'usable',
  type: PULL_SECRET_TYPE,
  ...(readable ? { text: TEXT } : {}),
  ...parts,
});

async function ask(
  answer: (request: SeenRequest, response: ServerResponse) => void,
  secrets: PullSecret[] = [secret()],
  { image = IMAGE, timeoutMs = 10_000 } = {},
) {
  const server = await startServer(answer);
  const answered = await askPull(image, secrets, { mirrors: { 'registry.invalid': server.url }, timeoutMs });
  expect(JSON.stringify(answered)).not.toContain('pass word');
  return answered;
}

/** A registry that lets this user in and then answers with `then`. */
const guarded =
  (then: (request: SeenRequest, response: ServerResponse) => void) =>
  (request: SeenRequest, response: ServerResponse): void => {
    if (request.headers.authorization === BASIC) then(request, response);
    else response.writeHead(401, { 'www-authenticate': 'Basic realm="registry"' }).end();
  };

const closed = guarded((_request, response) => response.writeHead(403).end());

describe('a pull that the registry is asked about', () => {
  test('may be made', async () => {
    const has = guarded((_request, response) => response.writeHead(200, { 'docker-content-digest': DIGEST }).end());
    expect(await ask(has)).toEqual({
      kind: 'pullable',
      digest: DIGEST,
      saw: `${IMAGE} may be pulled (${DIGEST.slice(0, 19)})`,
    });
  });

  test('of a tag that is not there names those that are', async () => {
    const others = guarded((request, response) => {
      if (!request.path.includes('/tags/list')) response.writeHead(404).end();
      else response.end(JSON.stringify({ name: 'team/app', tags: ['latest', 'v8'] }));
    });
    expect(await ask(others)).toEqual({
      kind: 'no-image',
      saw: 'registry.invalid has no tag v9 of team/app; it has latest, v8',
    });
  });

  test('of a repository that is not there says so by its name', async () => {
    const nothing = guarded((_request, response) => response.writeHead(404).end());
    expect(await ask(nothing)).toEqual({
      kind: 'no-image',
      saw: expect.stringContaining('no tag v9 of team/app: http'),
    });
  });

  test.each<[string, PullSecret[], string, string]>([
    [
      'the pull secret does not exist',
      [secret({ state: 'absent' }, false)],
      'secret-absent',
      'its pull secret shop/pull does not exist',
    ],
    [
      'it is of another type',
      [secret({ state: 'wrong-type', type: 'Opaque' }, false)],
      'secret-wrong-type',
      'is no kubernetes.io/dockerconfigjson (type Opaque)',
    ],
    [
      'it is for another registry',
      [secret({ text: JSON.stringify({ auths: { 'quay.io': { username: 'u', password: 'p' } } }) })],
      'secret-without-registry',
      'its pull secret shop/pull holds none for registry.invalid',
    ],
    ['none is named', [], 'no-credentials', 'the pod names no pull secret'],
    [
      'its credentials are refused',
      [secret({ text: JSON.stringify({ auths: { 'registry.invalid': { username: 'user', password: 'old' } } }) })],
      'denied',
      'with the credentials of shop/pull',
    ],
  ])('is not permitted where %s', async (_sentence, secrets, kind, saw) => {
    expect(await ask(closed, secrets)).toEqual({ kind, saw: expect.stringContaining(saw) });
  });

  test('is not permitted where the user may not pull this repository', async () => {
    expect(await ask(closed)).toEqual({
      kind: 'denied',
      saw: expect.stringContaining('does not permit pulling team/app'),
    });
  });

  test.each<[string, (request: SeenRequest, response: ServerResponse) => void, string, string]>([
    [
      'has reached its limit',
      (_request, response) => response.writeHead(429).end(),
      'rate-limited',
      'the rate limit of registry.invalid is reached',
    ],
    ['closes the connection', (_request, response) => response.socket?.destroy(), 'away', 'cannot be reached'],
    ['is broken', (_request, response) => response.writeHead(502).end(), 'broken', 'answers 502'],
  ])('says so when the registry %s', async (_sentence, answer, kind, saw) => {
    expect(await ask(answer)).toEqual({ kind, saw: expect.stringContaining(saw) });
  });

  test('says so when the registry hangs', async () => {
    const hangs = await ask(() => undefined, [], { timeoutMs: 300 });
    expect(hangs).toEqual({ kind: 'away', saw: expect.stringContaining('does not answer in time') });
  });

  test('says so when the one that gives tokens has reached its limit, which says nothing about the password', async () => {
    const limited = (request: SeenRequest, response: ServerResponse): void => {
      const realm = `http://${request.headers.host}/token`;
      if (request.path.startsWith('/token')) response.writeHead(429).end();
      else response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}"` }).end();
    };
    expect(await ask(limited)).toMatchObject({ kind: 'rate-limited' });
  });

  test('of what is no image name is not made', async () => {
    expect(await ask(closed, [], { image: 'no image' })).toEqual({
      kind: 'not-an-image-name',
      saw: '"no image" is not an image name',
    });
  });
});
