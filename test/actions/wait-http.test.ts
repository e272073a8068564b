import { afterEach, describe, expect, test } from '@jest/globals';
import { actionNamed } from '../../src/actions/parameters.ts';
import type { Json } from '../../src/recovery/values.ts';
import { type FakeApiServer, type Route, refuse } from '../checks/api-server.ts';
import { startTemplateWorld, type TemplateStory, type TemplateWorld } from './template-world.ts';

const OLLAMA = {
  name: 'ollama',
  type: 'http' as const,
  env: 'OLLAMA_URL',
  namespace: 'ollama',
  selector: 'app=ollama',
  port: 11434,
  path: '/api/version',
};
const SERVICE = '/api/v1/namespaces/ollama/services/ollama';
const VERSION = `${SERVICE}:11434/proxy/api/version`;
const answering =
  (status: number): Route =>
  (_request, response) =>
    void response.writeHead(status).end('{}');

let server: FakeApiServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function worldWith(
  url: string | undefined,
  routes: Record<string, Route> = {},
  story: Partial<TemplateStory> = {},
) {
  const world = await startTemplateWorld({
    healthy: url === undefined ? {} : { env: [{ name: 'OLLAMA_URL', value: url }] },
    finding: { cause: 'ollama-timeout' },
    runbook: { dependencies: [OLLAMA] },
    routes: { [SERVICE]: { metadata: { name: 'ollama' }, spec: {} }, ...routes },
    ...story,
  });
  server = world.server;
  return world;
}

async function applied({ context }: TemplateWorld, params: { [key: string]: Json }) {
  const action = actionNamed('wait-http');
  return action.apply(context, await action.plan(context, action.params.parse(params)));
}

describe('where wait-http asks (safety 21)', () => {
  test.each([
    ['http://ollama.ollama.svc.cluster.local:11434', 'Service ollama/ollama:11434'],
    ['http://ollama.ollama.svc:11434/', 'Service ollama/ollama:11434'],
    ['http://ollama.ollama', 'Service ollama/ollama:80'],
    ['ollama.ollama', 'Service ollama/ollama:11434'],
    ['http://10.96.0.7:80', 'Service ollama/by-address:80'],
  ])('the Service behind %s', async (url, where) => {
    const services = { items: [{ metadata: { name: 'by-address' }, spec: { clusterIPs: ['10.96.0.7'] } }] };
    const world = await worldWith(url, { '/api/v1/namespaces/ollama/services': services });
    const plan = await world.plan('wait-http', { of: 'ollama', timeout: '300s' });
    expect(plan.refusal).toBeUndefined();
    expect(plan).toMatchObject({ waitSeconds: 300, undo: 'none', changes: [{ type: 'effect' }] });
    expect(plan.summary).toBe(`Wait up to 300 s for ollama to answer GET /api/version through ${where}`);
  });

  test('the Service with the dependency’s labels, where no variable holds an address', async () => {
    const services = { items: [{ metadata: { name: 'models' }, spec: { ports: [{ port: 80 }] } }] };
    const world = await worldWith(undefined, { '/api/v1/namespaces/ollama/services': services });
    expect((await world.plan('wait-http', { of: 'ollama' })).summary).toContain('Service ollama/models:11434');
  });

  test('the target’s own Service', async () => {
    const target = { namespace: 'bruno', kinds: ['Deployment' as const], name: 'app', service: 'app:80' };
    const world = await worldWith(undefined, {}, { runbook: { target } });
    expect((await world.plan('wait-http', { path: '/ready' })).summary).toContain(
      'GET /ready through Service bruno/app:80',
    );
  });

  test.each(['http://192.168.0.16:11434', 'http://models.example.com:11434', 'http://elsewhere.ollama:11434'])(
    'not %s, which is no Service of this cluster: refused with the reason',
    async (url) => {
      const world = await worldWith(url, { '/api/v1/namespaces/ollama/services': { items: [] } });
      expect((await world.plan('wait-http', { of: 'ollama' })).refusal).toMatchObject({
        code: 'outside-cluster',
        reason: expect.stringMatching(
          /^OLLAMA_URL leads to .*no Service of this cluster: whether it answers cannot be asked/,
        ),
      });
    },
  );

  test('not an ExternalName, which only renames an address outside', async () => {
    const world = await worldWith('http://ollama.ollama:11434', { [SERVICE]: { spec: { type: 'ExternalName' } } });
    expect((await world.plan('wait-http', { of: 'ollama' })).refusal?.code).toBe('outside-cluster');
  });
});

describe('wait-http', () => {
  const URL = 'http://ollama.ollama:11434';

  test('is done at once where it is answered well', async () => {
    const world = await worldWith(URL, { [VERSION]: answering(200) });
    expect(await applied(world, { of: 'ollama' })).toBe('unchanged');
  });

  test('waits until it is', async () => {
    let asked = 0;
    const route: Route = (_request, response) => {
      asked += 1;
      if (asked < 3) refuse(response, 503, 'no endpoints available for service "ollama"');
      else response.writeHead(200).end('{"version":"0.6.2"}');
    };
    const world = await worldWith(URL, { [VERSION]: route });
    expect(await applied(world, { of: 'ollama' })).toBe('applied');
    expect(asked).toBe(3);
  });

  test.each<[string, Route, RegExp]>([
    [
      'nobody answers',
      (_, response) => refuse(response, 503, 'no endpoints available for service "ollama"'),
      /no endpoints available/,
    ],
    ['it answers with another status', answering(404), /status 404/],
    ['it answers with a redirection', answering(302), /status 302/],
  ])('says what it saw last where %s in time', async (_, route, saw) => {
    const world = await worldWith(URL, { [VERSION]: route });
    await expect(applied(world, { of: 'ollama', timeout: '1s' })).rejects.toMatchObject({
      code: 'timeout',
      retryable: false,
      message: expect.stringMatching(saw),
    });
  });

  test('says at once that it may not ask', async () => {
    const world = await worldWith(URL, {
      [VERSION]: (_, response) => refuse(response, 403, 'User "kintsugi" cannot get resource "services/proxy"'),
    });
    await expect(applied(world, { of: 'ollama' })).rejects.toMatchObject({ code: 'forbidden' });
  });
});
