import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createPostRecovery } from '../../src/activities/post-recovery.ts';
import { createRedactor } from '../../src/diagnosis/redaction.ts';
import type { AfterRecoveryInput } from '../../src/recovery/activities.ts';
import type { PostRecoveryItem } from '../../src/recovery/values.ts';
import type { PostRecoveryPoint } from '../../src/runbook/schema.ts';
import { type FakeApiServer, refuse, startApiServer } from '../checks/api-server.ts';
import { runbookOf } from '../checks/contexts.ts';
import { startServer, type TestServer } from '../http/server.ts';
import { livePod, paths, targetRoutes } from './fake-target.ts';

const LOG = '/api/v1/namespaces/test/pods/app-1/log';
const STATE = '/api/v1/namespaces/test/pods/app-1:8080/proxy/state';
const restarts = {
  name: 'restarts',
  query: 'sum(restarts{namespace="$namespace", pod=~"$pods", container="$container"})',
  max: 0,
};
const points: PostRecoveryPoint[] = [
  { id: 'function', text: 'Verify agent functionality', checks: [{ http: { path: '/state' } }] },
  { id: 'metrics', text: 'Check metrics', queries: [restarts] },
  { id: 'logs', text: 'Check logs' },
];
const input: AfterRecoveryInput = {
  recoveryId: 'recovery/dev/test/deployment/app@1',
  target: { namespace: 'test', kind: 'Deployment', name: 'app' },
  runbook: runbookOf(['ready', 'restarts-stable', { http: { path: '/health' } }], { service: undefined }),
  since: new Date(Date.now() - 300_000).toISOString(),
  points,
};

let server: FakeApiServer;
let prometheus: TestServer;
let answer: object;
beforeEach(async () => {
  server = await startApiServer({
    ...targetRoutes([livePod({ readyFor: 400 })]),
    [STATE]: '{"conversations": 3}',
    [LOG]: 'INFO: answered\nINFO: answered\n',
  });
  answer = vector(0);
  prometheus = await startServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
});
afterEach(async () => {
  await server.close();
  await prometheus.close();
});

function vector(...values: number[]): object {
  const result = values.map((value) => ({ metric: { __name__: 'restarts', pod: 'app-1' }, value: [1, String(value)] }));
  return { status: 'success', data: { resultType: 'vector', result } };
}

async function look(prometheusUrl: string | undefined = prometheus.url, changes: Partial<AfterRecoveryInput> = {}) {
  const { redact } = createRedactor({ key: 'a'.repeat(64) });
  const activity = createPostRecovery({ kubernetes: server.kubernetes, prometheusUrl, redact }).checkAfterRecovery;
  const { items }: { items: PostRecoveryItem[] } = await new MockActivityEnvironment().run(activity, {
    ...input,
    ...changes,
  });
  return Object.fromEntries(items.map(({ id, state, saw }) => [id, { state, saw }]));
}

describe('the look after a recovery', () => {
  test('fills in all points, and writes nothing', async () => {
    expect(await look()).toEqual({
      function: {
        state: 'done',
        saw: expect.stringMatching(/ready: .*http \/state: GET \/state: pod app-1:8080 answered 200/),
      },
      metrics: { state: 'done', saw: 'restarts: 0 of app-1 (at most 0)' },
      logs: { state: 'done', saw: expect.stringMatching(/^2 lines in 3\d\d s, no crash and no error among them$/) },
    });
    expect(server.seen.map(({ method }) => method)).toEqual(server.seen.map(() => 'GET'));
  });

  test('asks for the logs since the recovery only', async () => {
    await look();
    const asked = server.seen.find(({ path }) => path.startsWith(LOG))?.path ?? '';
    expect(Number(new URL(asked, 'http://x').searchParams.get('sinceSeconds'))).toBeGreaterThanOrEqual(300);
  });

  test('fills the names into the queries', async () => {
    await look();
    expect(new URLSearchParams(prometheus.seen[0]?.body).get('query')).toBe(
      'sum(restarts{namespace="test", pod=~"app-1", container="app"})',
    );
  });

  test('of a runbook without checks of its own asks what the verification asked over HTTP', async () => {
    const own: PostRecoveryPoint[] = [{ id: 'function', text: 'Verify' }];
    expect((await look(undefined, { points: own })).function?.saw).toContain('http /health');
  });

  test('finds a function that does not answer as it should', async () => {
    server.routes[STATE] = (_request, response) => void response.writeHead(500).end();
    expect((await look()).function).toEqual({ state: 'found', saw: expect.stringMatching(/answered 500/) });
  });

  test('does not take a function that could not be asked for a good one', async () => {
    server.routes[STATE] = (_request, response) =>
      refuse(response, 403, 'User "kintsugi" cannot get resource "pods/proxy"');
    expect((await look()).function?.state).toBe('not-possible');
  });

  test('says of every point why it is not possible when the target is gone', async () => {
    delete server.routes[paths.deployment];
    const states = Object.values(await look()).map(({ state }) => state);
    expect(states).toEqual(['not-possible', 'not-possible', 'not-possible']);
  });
});

describe('the metrics', () => {
  test('are not possible without a Prometheus, and never done', async () => {
    const { redact } = createRedactor({ key: 'a'.repeat(64) });
    const activity = createPostRecovery({
      kubernetes: server.kubernetes,
      prometheusUrl: undefined,
      redact,
    }).checkAfterRecovery;
    const { items }: { items: PostRecoveryItem[] } = await new MockActivityEnvironment().run(activity, input);
    expect(items[1]).toMatchObject({ state: 'not-possible', saw: expect.stringContaining('KINTSUGI_PROMETHEUS_URL') });
  });

  test('are found where a value is out of bounds, with the series', async () => {
    answer = vector(0, 2);
    expect((await look()).metrics).toEqual({ state: 'found', saw: 'restarts: 2 of app-1, and not at most 0' });
  });

  const silent: [string, object, RegExp][] = [
    ['no series', vector(), /no series answers/],
    ['no number', vector(Number.NaN), /no series answers/],
    [
      'a query that Prometheus refuses',
      { status: 'error', errorType: 'bad_data', error: 'parse error' },
      /refuses the query: parse error/,
    ],
    ['something else that answers there', { hello: 'world' }, /no Prometheus/],
  ];
  test.each(silent)('are not possible with %s', async (_, given, saw) => {
    answer = given;
    expect((await look()).metrics).toEqual({ state: 'not-possible', saw: expect.stringMatching(saw) });
  });

  test('are not possible while Prometheus is away; the other points are filled in all the same', async () => {
    const seen = await look('http://127.0.0.1:9');
    expect(seen.metrics).toMatchObject({ state: 'not-possible', saw: expect.stringMatching(/gave no answer/) });
    expect(seen.logs?.state).toBe('done');
  });

  test('of which one is bad are bad, however many could not be had', async () => {
    const queries = [{ name: 'none', query: 'none' }, restarts];
    let asked = 0;
    await prometheus.close();
    prometheus = await startServer((_request, response) => {
      asked += 1;
      response.writeHead(200).end(JSON.stringify(asked === 1 ? vector() : vector(3)));
    });
    const own: PostRecoveryPoint[] = [{ id: 'metrics', text: 'Check metrics', queries }];
    expect((await look(prometheus.url, { points: own })).metrics).toMatchObject({
      state: 'found',
      saw: expect.stringContaining('none: no series answers; restarts: 3'),
    });
  });
});

describe('the logs', () => {
  test('are found with a crash, by its cause', async () => {
    server.routes[LOG] = 'Traceback (most recent call last):\n  File "app.py", line 1\nMemoryError\n';
    expect((await look()).logs).toEqual({
      state: 'found',
      saw: expect.stringContaining('app of app-1 tells memory-error'),
    });
  });

  test('are found with lines of an error, counted, the last quoted without their secrets', async () => {
    const password = 'hunter2hunter2';
    server.routes[LOG] = `ERROR: no answer\nERROR: redis://user:${password}@redis refused\nINFO: error rate is low\n`;
    const { state, saw } = (await look()).logs ?? {};
    expect(state).toBe('found');
    expect(saw).toMatch(/app of app-1 logged 2 error lines: "ERROR: no answer", "ERROR: redis:\/\/user:\[cut:/);
    expect(saw).not.toContain(password);
  });

  test('that could not be read are not possible', async () => {
    server.routes[LOG] = (_request, response) =>
      refuse(response, 403, 'User "kintsugi" cannot get resource "pods/log"');
    expect((await look()).logs).toMatchObject({
      state: 'not-possible',
      saw: expect.stringContaining('could not be read'),
    });
  });
});
