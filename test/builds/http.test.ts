import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { BuildContext, BuildHook, BuildOrder } from '../../src/builds/build.ts';
import { httpHook } from '../../src/builds/http.ts';
import { buildHook } from '../../src/builds/settings.ts';
import { type FakeApiServer, startApiServer } from '../checks/api-server.ts';
import type { TestServer } from '../http/server.ts';
import { serversOfFile } from '../http/servers-of-file.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const order: BuildOrder = {
  hook: 'ci',
  key: '0123456789abcdef',
  image: 'ghcr.io/team/app',
  commit: 'c0ffee',
  recoveryId: 'recovery/default/shop/deployment/app@0badcafe',
  target: { namespace: 'shop', kind: 'Deployment', name: 'app' },
};

let folder: string;
let api: FakeApiServer;
const serve = serversOfFile();
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kintsugi-builds-'));
  // No call of these tests goes to a cluster.
  api = await startApiServer({});
});
afterAll(async () => {
  await api.close();
  await rm(folder, { recursive: true });
});

const context = (): BuildContext => ({ kubernetes: api.kubernetes, signal: new AbortController().signal });

/** The hook of a configuration whose CI system is this server. */
function hook(server: TestServer, over: Record<string, unknown> = {}): BuildHook {
  const parsed = buildHook.parse({ name: 'ci', http: { url: `${server.url}/builds`, status: '/url', ...over } });
  if (parsed.http === undefined) throw new Error('an http hook');
  return httpHook({ name: parsed.name, timeoutSeconds: 60 }, parsed.http);
}

const json = (response: ServerResponse, body: unknown, status = 200, headers: Record<string, string> = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
};

describe('a build by an HTTP call', () => {
  test('is one POST with the order, the secret headers and an Idempotency-Key, and then its status', async () => {
    const headersFile = join(folder, 'headers');
    await writeFile(headersFile, 'Authorization: Bearer very secret\n\nX-Team: shop\n');
    const server = await serve((request, response) =>
      request.method === 'POST'
        ? json(response, { url: '/builds/7' }, 201)
        : json(response, { state: 'success', digest: DIGEST }),
    );
    const ci = hook(server, { headersFile, body: { ref: 'main' } });
    const handle = await ci.start(context(), order, null);
    expect(handle).toBe(`${server.url}/builds/7`);
    expect(await ci.look(context(), order, handle)).toEqual({ is: 'done', digest: DIGEST });
    const [post, get] = server.seen;
    expect(post).toMatchObject({
      path: '/builds',
      headers: { authorization: 'Bearer very secret', 'x-team': 'shop', 'idempotency-key': order.key },
    });
    expect(JSON.parse(post?.body ?? '')).toEqual({
      ref: 'main',
      image: order.image,
      commit: 'c0ffee',
      recovery: order.recoveryId,
      target: order.target,
    });
    expect(get).toMatchObject({ method: 'GET', path: '/builds/7', headers: { authorization: 'Bearer very secret' } });
    expect(JSON.stringify(ci.describe(order))).not.toContain('secret');
  });

  test('that is begun already is not begun again', async () => {
    const server = await serve((_request, response) => json(response, {}));
    expect(await hook(server).start(context(), order, 'http://ci.invalid/7')).toBe('http://ci.invalid/7');
    expect(server.seen).toEqual([]);
  });

  test('may tell its status by the header Location', async () => {
    const server = await serve((_request, response) => json(response, {}, 202, { location: '/builds/8' }));
    const ci = hook(server, { status: undefined });
    expect(await ci.start(context(), order, null)).toBe(`${server.url}/builds/8`);
  });

  test.each<[string, object, object]>([
    ['running', { state: 'queued' }, { is: 'running', saw: 'the CI system says: queued' }],
    ['failed', { state: 'cancelled' }, { is: 'failed', saw: 'the CI system says: cancelled' }],
    [
      'failed, in words that do no harm in a page',
      { state: 'failed' },
      { is: 'failed', saw: 'the CI system says: failed' },
    ],
  ])('is %s', async (_sentence, body, expected) => {
    const server = await serve((_request, response) => json(response, body));
    expect(await hook(server).look(context(), order, `${server.url}/7`)).toEqual(expected);
  });

  test.each<[string, (response: ServerResponse) => void, string, string, boolean]>([
    [
      'is done without a digest',
      (response) => json(response, { state: 'success' }),
      'invalid',
      'gives no digest',
      false,
    ],
    [
      'is done with something else as digest',
      (response) => json(response, { state: 'success', digest: 'latest' }),
      'invalid',
      'gives no digest',
      false,
    ],
    ['has no state', (response) => json(response, []), 'invalid', 'no text at /state', false],
    ['is no JSON', (response) => void response.end('<html>'), 'invalid', 'something else than JSON', false],
    ['is endless', (response) => void response.end('x'.repeat(100_000)), 'invalid', 'something else than JSON', false],
    ['is not permitted', (response) => json(response, {}, 403), 'refused', 'answers 403', false],
    ['is broken', (response) => json(response, {}, 502), 'unavailable', 'answers 502', true],
    [
      'leads elsewhere',
      (response) => void response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end(),
      'unavailable',
      'cannot be reached',
      true,
    ],
    ['is cut', (response) => void response.socket?.destroy(), 'unavailable', 'cannot be reached', true],
  ])('whose status %s is a clear fault', async (_sentence, answer, code, message, retryable) => {
    const server = await serve((_request, response) => answer(response));
    const looked = hook(server).look(context(), order, `${server.url}/7`);
    await expect(looked).rejects.toMatchObject({ code, retryable, message: expect.stringContaining(message) });
  });

  test.each<[string, object, string]>([
    ['is told nowhere', {}, 'no address of a status in /url'],
    [
      'is at another host, which would be told the secret headers',
      { url: 'http://evil.invalid/7' },
      'is at http://evil.invalid',
    ],
  ])('whose status %s is refused', async (_sentence, body, message) => {
    const server = await serve((_request, response) => json(response, body));
    const started = hook(server).start(context(), order, null);
    await expect(started).rejects.toMatchObject({ code: 'invalid', message: expect.stringContaining(message) });
  });
});
