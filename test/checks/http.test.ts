import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import http from '../../src/checks/http.ts';
import { pod, targetState } from '../verification/objects.ts';
import { type FakeApiServer, type Route, refuse, startApiServer } from './api-server.ts';
import { contextOf, runbookOf } from './contexts.ts';

const POD = '/api/v1/namespaces/test/pods/app-1:8080/proxy/health';
const SECOND_POD = '/api/v1/namespaces/test/pods/app-2:8080/proxy/health';
const SERVICE = '/api/v1/namespaces/test/services/app:80/proxy/health';
const healthy = {
  '/api/v1/namespaces/test/services/app': { spec: { ports: [{ port: 80, targetPort: 'http' }] } },
  '/api/v1/namespaces/test/pods': { items: [] },
  [POD]: 'ok',
  [SERVICE]: 'ok',
};

let server: FakeApiServer;
beforeEach(async () => {
  server = await startApiServer({ ...healthy });
});
afterEach(() => server.close());

const answer =
  (status: number, body = ''): Route =>
  (_request, response) => {
    response.writeHead(status).end(body);
  };
const refusal =
  (status: number, message: string): Route =>
  (_request, response) =>
    refuse(response, status, message);

describe('the http check', () => {
  test("passes when each pod, at the Service's target port, and the Service answer, and says from where it looked", async () => {
    const judged = await http.run(contextOf(server.kubernetes), { path: '/health' });
    expect(judged.result).toBe('pass');
    expect(judged.saw).toBe(
      "GET /health: pod app-1:8080 answered 200; Service app:80 answered 200 (asked through the API server's proxy)",
    );
  });

  test.each<[string, Route]>([
    ['no content type and no body', answer(200)],
    [
      'another media type',
      (_request, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
    ],
    [
      'JSON that is none',
      (_request, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{'),
    ],
    ['204', answer(204)],
  ])('passes for an answer with %s', async (_sentence, route) => {
    server.routes[POD] = route;
    expect((await http.run(contextOf(server.kubernetes), { path: '/health' })).result).toBe('pass');
  });

  test.each<[string, string, Route, RegExp]>([
    ['one pod answers 503', POD, answer(503, '{"detail": "not reachable: redis"}'), /pod app-1:8080 answered 503/],
    ['one pod answers 401 itself', POD, answer(401), /pod app-1:8080 answered 401/],
    [
      'a pod turns the connection away',
      POD,
      refusal(503, 'error trying to reach service: dial tcp 10.0.0.1:8080: connect: connection refused'),
      /connection refused/,
    ],
    [
      'the Service has no endpoints',
      SERVICE,
      refusal(503, 'no endpoints available for service "app"'),
      /Service app:80: no endpoints/,
    ],
    ['the Service is gone', SERVICE, refusal(404, 'services "app" not found'), /not found/],
  ])('fails when %s', async (_sentence, path, route, saw) => {
    server.routes[path] = route;
    const judged = await http.run(contextOf(server.kubernetes), { path: '/health' });
    expect(judged).toEqual({ result: 'fail', saw: expect.stringMatching(saw) });
    expect(judged.saw).not.toContain('redis');
  });

  test('fails when one pod of two hangs, and the API server answers meanwhile', async () => {
    server.routes[SECOND_POD] = () => undefined;
    const current = [pod({ name: 'app-1', readyFor: 90 }), pod({ name: 'app-2', readyFor: 90 })];
    const judged = await http.run(contextOf(server.kubernetes, targetState({ replicas: 2, current })), {
      path: '/health',
    });
    expect(judged).toEqual({
      result: 'fail',
      saw: expect.stringContaining('pod app-2:8080 gave no answer within 5 s'),
    });
  }, 15_000);

  test('waits as long for a path as a probe of that path does', async () => {
    server.routes[POD] = (_request, response) => {
      setTimeout(() => response.writeHead(200).end('late'), 5_500);
    };
    const livenessProbe = { httpGet: { path: '/health', port: 8080 }, timeoutSeconds: 10 };
    const spec = { containers: [{ name: 'app', ports: [{ name: 'http', containerPort: 8080 }], livenessProbe }] };
    const patient = targetState({ current: [pod({ readyFor: 90, spec })] });
    expect((await http.run(contextOf(server.kubernetes, patient), { path: '/health' })).result).toBe('pass');
    expect((await http.run(contextOf(server.kubernetes), { path: '/health' })).saw).toContain('within 5 s');
  }, 20_000);

  test('fails without any pod to ask', async () => {
    const judged = await http.run(contextOf(server.kubernetes, targetState({ current: [] })), { path: '/health' });
    expect(judged.result).toBe('fail');
  });

  test.each<[string, Route, RegExp]>([
    [
      'Kintsugi may not use the proxy',
      refusal(403, 'pods "app-1" is forbidden: User "kintsugi" cannot get resource "pods/proxy"'),
      /cannot get resource/,
    ],
    [
      'the API server has no way to the pods',
      refusal(503, 'error trying to reach service: dial tcp 10.0.0.1:8080: i/o timeout'),
      /i\/o timeout/,
    ],
  ])('is unknown when %s', async (_sentence, route, saw) => {
    server.routes[POD] = route;
    const judged = await http.run(contextOf(server.kubernetes), { path: '/health' });
    expect(judged).toEqual({ result: 'unknown', saw: expect.stringMatching(saw) });
  });

  test('is unknown when the API server itself is away', async () => {
    const { kubernetes } = server;
    await server.close();
    const judged = await http.run(contextOf(kubernetes, targetState(), runbookOf(undefined, { service: undefined })), {
      path: '/health',
    });
    expect(judged.result).toBe('unknown');
    server = await startApiServer({});
  });

  const services = (...items: object[]) => {
    server.routes['/api/v1/namespaces/test/services'] = { items };
  };
  const endpoints = (service: string, ...pods: string[]) => {
    server.routes['/apis/discovery.k8s.io/v1/namespaces/test/endpointslices'] = {
      items: [
        {
          metadata: { labels: { 'kubernetes.io/service-name': service } },
          endpoints: pods.map((name) => ({ addresses: ['10.0.0.9'], targetRef: { kind: 'Pod', name } })),
        },
      ],
    };
  };
  const app = {
    metadata: { name: 'app' },
    spec: {
      selector: { app: 'app' },
      ports: [
        { port: 80, targetPort: 8080 },
        { port: 9090, targetPort: 9090 },
      ],
    },
  };

  test('asks through the Services that lead to the pods where the runbook names none', async () => {
    const runbook = runbookOf(undefined, { service: undefined });
    services(app, { metadata: { name: 'other' }, spec: { selector: { app: 'other' }, ports: [{ port: 80 }] } });
    endpoints('app', 'app-1');
    const run = () => http.run(contextOf(server.kubernetes, targetState(), runbook), { path: '/health' });
    expect(await run()).toEqual({
      result: 'pass',
      saw: "GET /health: pod app-1:8080 answered 200; Service app:80 answered 200 (asked through the API server's proxy)",
    });
    server.routes[SERVICE] = answer(502);
    expect(await run()).toMatchObject({ result: 'fail', saw: expect.stringContaining('Service app:80 answered 502') });
  });

  test('does not ask through a Service that leads to the pods of another workload too', async () => {
    const runbook = runbookOf(undefined, { service: undefined });
    services(app);
    endpoints('app', 'app-1', 'hermes-0');
    server.routes[SERVICE] = answer(502);
    const judged = await http.run(contextOf(server.kubernetes, targetState(), runbook), { path: '/health' });
    expect(judged).toEqual({
      result: 'pass',
      saw: expect.stringContaining('not through Service app, which leads to hermes-0 too'),
    });
  });

  test('asks a runbook without a Service at the first port of its container, or at the given one', async () => {
    services();
    endpoints('none');
    const runbook = runbookOf(undefined, { service: undefined });
    const judged = await http.run(contextOf(server.kubernetes, targetState(), runbook), { path: '/health' });
    expect(judged).toEqual({ result: 'pass', saw: expect.stringContaining('no Service leads there') });
    server.routes['/api/v1/namespaces/test/pods/app-1:9000/proxy/health'] = 'ok';
    expect(
      (await http.run(contextOf(server.kubernetes, targetState(), runbook), { path: '/health', port: 9000 })).result,
    ).toBe('pass');
  });

  test('refuses a path without its slash, or with a query', () => {
    expect(http.params.safeParse({ path: 'health' }).success).toBe(false);
    expect(http.params.safeParse({ path: '/health?x=1' }).success).toBe(false);
  });
});
