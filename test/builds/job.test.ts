import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { BuildContext, BuildOrder } from '../../src/builds/build.ts';
import { jobHook } from '../../src/builds/job.ts';
import { buildHook } from '../../src/builds/settings.ts';
import { type FakeApiServer, type Route, refuse, startApiServer } from '../checks/api-server.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const order: BuildOrder = {
  hook: 'kaniko',
  key: '0123456789abcdef',
  image: 'ghcr.io/team/app',
  commit: 'c0ffee',
  recoveryId: 'recovery/default/shop/deployment/app@0badcafe',
  target: { namespace: 'shop', kind: 'Deployment', name: 'app' },
};
const JOBS = '/apis/batch/v1/namespaces/builds/jobs';
const JOB = `${JOBS}/build-kaniko-0123456789abcdef`;
const PODS = '/api/v1/namespaces/builds/pods';
const manifest = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  spec: {
    template: { spec: { containers: [{ name: 'build', image: 'builder:1', env: [{ name: 'A', value: 'b' }] }] } },
  },
};

const answer = (response: ServerResponse, body: string) =>
  response.writeHead(200, { 'content-type': 'application/json' }).end(body);
const echo: Route = (request, response) => void answer(response, request.body);

let api: FakeApiServer;
beforeEach(async () => {
  api = await startApiServer({});
});
afterEach(() => api.close());

const context = (): BuildContext => ({ kubernetes: api.kubernetes, signal: new AbortController().signal });

function hook(job: Record<string, unknown> = { manifest }) {
  const parsed = buildHook.parse({ name: 'kaniko', timeout: '5m', job: { namespace: 'builds', ...job } });
  if (parsed.job === undefined) throw new Error('a job hook');
  return jobHook({ name: parsed.name, timeoutSeconds: 300 }, parsed.job);
}

const made = (over: object = {}, annotations: Record<string, string> = {}) => ({
  metadata: {
    name: 'build-kaniko-0123456789abcdef',
    namespace: 'builds',
    uid: 'u',
    annotations: { 'kintsugi.dev/build': order.key, ...annotations },
  },
  ...over,
});
const over = (type: string, reason?: string) => ({ status: { conditions: [{ type, status: 'True', reason }] } });
const pods = (...messages: (string | undefined)[]) => ({
  items: messages.map((message) => ({
    metadata: { name: 'p' },
    status: { containerStatuses: [{ name: 'build', state: { terminated: { exitCode: 0, message } } }] },
  })),
});

describe('a build by a Job', () => {
  test('is made once under the name of its build, with its commit, its time and no second try', async () => {
    api.routes[JOBS] = echo;
    expect(await hook().start(context(), order, null)).toBe('build-kaniko-0123456789abcdef');
    const body = JSON.parse(api.seen.find(({ method }) => method === 'POST')?.body ?? '{}');
    expect(body.metadata).toMatchObject({ name: 'build-kaniko-0123456789abcdef', namespace: 'builds' });
    expect(body.spec).toMatchObject({ backoffLimit: 0, activeDeadlineSeconds: 300 });
    expect(body.spec.template.spec.restartPolicy).toBe('Never');
    expect(body.spec.template.spec.containers[0].env).toEqual([
      { name: 'A', value: 'b' },
      { name: 'KINTSUGI_COMMIT', value: 'c0ffee' },
      { name: 'KINTSUGI_IMAGE', value: 'ghcr.io/team/app' },
      { name: 'KINTSUGI_RECOVERY', value: order.recoveryId },
    ]);
    expect(hook().describe(order)).toMatchObject({ type: 'create', object: { kind: 'Job', namespace: 'builds' } });
  });

  test('that is there already is not made again; one that is not this build is left alone', async () => {
    api.routes[JOB] = made();
    expect(await hook().start(context(), order, null)).toBe('build-kaniko-0123456789abcdef');
    expect(api.seen.map(({ method }) => method)).toEqual(['GET']);
    api.routes[JOB] = made({}, { 'kintsugi.dev/build': 'another' });
    await expect(hook().start(context(), order, null)).rejects.toMatchObject({ code: 'conflict', retryable: false });
  });

  test('is known as begun when the answer to its making was lost', async () => {
    api.routes[JOBS] = (_request, response) => {
      api.routes[JOB] = made();
      refuse(response, 409, 'already exists');
    };
    expect(await hook().start(context(), order, null)).toBe('build-kaniko-0123456789abcdef');
  });

  test('may stand in a ConfigMap, where what is no Job is said to be none', async () => {
    const from = { configMap: { name: 'hooks' } };
    const map = '/api/v1/namespaces/builds/configmaps/hooks';
    api.routes[map] = { data: { 'job.yaml': JSON.stringify(manifest) } };
    api.routes[JOBS] = echo;
    await hook(from).start(context(), order, null);
    api.routes[map] = { data: { 'job.yaml': 'kind: Pod' } };
    await expect(hook(from).start(context(), order, null)).rejects.toMatchObject({
      code: 'invalid',
      where: 'ConfigMap builds/hooks, key job.yaml',
    });
  });

  test.each<[string, object, object, object]>([
    ['runs', made(), pods(undefined), { is: 'running' }],
    ['is done by the digest alone', made(over('Complete')), pods(`${DIGEST}\n`), { is: 'done', digest: DIGEST }],
    [
      'is done by JSON',
      made(over('Complete')),
      pods(JSON.stringify({ digest: DIGEST })),
      { is: 'done', digest: DIGEST },
    ],
    [
      'is done by an annotation',
      made(over('Complete'), { 'kintsugi.dev/digest': DIGEST }),
      pods(),
      { is: 'done', digest: DIGEST },
    ],
    [
      'has failed',
      made(over('Failed', 'DeadlineExceeded')),
      pods(),
      { is: 'failed', saw: expect.stringContaining('DeadlineExceeded') },
    ],
  ])('%s', async (_sentence, job, itsPods, expected) => {
    api.routes[JOB] = job;
    api.routes[PODS] = itsPods;
    expect(await hook().look(context(), order, '')).toMatchObject(expected);
  });

  test.each([
    ['no digest', pods('pushed')],
    ['two digests', pods(DIGEST, `sha256:${'b'.repeat(64)}`)],
    ['nothing', pods(undefined)],
  ])('that is done and gives %s is a clear fault', async (_sentence, itsPods) => {
    api.routes[JOB] = made(over('Complete'));
    api.routes[PODS] = itsPods;
    await expect(hook().look(context(), order, '')).rejects.toMatchObject({ code: 'invalid', retryable: false });
  });

  test('that was deleted has failed', async () => {
    expect(await hook().look(context(), order, '')).toMatchObject({ is: 'failed' });
  });

  test('is stopped with its pods while it runs, and left when it is over', async () => {
    api.routes[JOB] = (request, response) => answer(response, JSON.stringify(request.method === 'GET' ? made() : {}));
    expect(await hook().stop(context(), order)).toContain('was stopped');
    const deleted = api.seen.find(({ method }) => method === 'DELETE');
    expect(JSON.parse(deleted?.body ?? '{}')).toMatchObject({
      preconditions: { uid: 'u' },
      propagationPolicy: 'Background',
    });
    api.routes[JOB] = made(over('Complete'));
    expect(await hook().stop(context(), order)).toBeNull();
  });
});
