import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import logs from '../../src/checks/logs.ts';
import { pod, targetState } from '../verification/objects.ts';
import { type FakeApiServer, type Route, refuse, startApiServer } from './api-server.ts';
import { contextOf } from './contexts.ts';

const PATH = '/api/v1/namespaces/test/pods/app-1/log';
const STARTED = 'INFO:     Application startup complete.\n';
const healthy = 'Application startup complete';
const TRACEBACK = [
  'Traceback (most recent call last):',
  '  File "/app/src/main.py", line 12, in <module>',
  '    import fastapi',
  "ModuleNotFoundError: No module named 'fastapi'",
  '',
].join('\n');

let server: FakeApiServer;
beforeEach(async () => {
  server = await startApiServer({});
});
afterEach(() => server.close());

async function judge(route: Route, params: { healthy?: string } = { healthy }) {
  server.routes[PATH] = route;
  return logs.run(contextOf(server.kubernetes), params);
}

/** A log as the API server sends it. */
const sent =
  (text: (path: string) => string): Route =>
  (request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' }).end(text(request.path));
  };

describe('the logs check (safety 20)', () => {
  test('passes when this instance told a healthy start and no crash since', async () => {
    const judged = await judge(`INFO:     Waiting for application startup.\n${STARTED}INFO: "GET /health" 200\n`);
    expect(judged).toEqual({ result: 'pass', saw: 'app of app-1 told a healthy start and no crash since' });
    expect(server.seen[0]?.path).toContain('container=app');
    expect(server.seen[0]?.path).not.toContain('previous=true');
  });

  test('passes when what failed stands before the start', async () => {
    expect((await judge(`${TRACEBACK}${STARTED}`)).result).toBe('pass');
  });

  test('fails without a healthy start', async () => {
    const judged = await judge('INFO:     Waiting for application startup.\n');
    expect(judged).toEqual({ result: 'fail', saw: expect.stringContaining('has not told a healthy start') });
  });

  test('fails with a crash since the start, and names the cause without quoting the log', async () => {
    const judged = await judge(`${STARTED}${TRACEBACK}`);
    expect(judged).toEqual({ result: 'fail', saw: expect.stringContaining('application-startup-failure') });
    expect(judged.saw).not.toContain('fastapi');
  });

  test('fails when one pod of two has not started', async () => {
    server.routes[PATH] = STARTED;
    server.routes['/api/v1/namespaces/test/pods/app-2/log'] = 'INFO: loading\n';
    const current = [pod({ name: 'app-1', readyFor: 90 }), pod({ name: 'app-2', readyFor: 90 })];
    const judged = await logs.run(contextOf(server.kubernetes, targetState({ replicas: 2, current })), { healthy });
    expect(judged).toEqual({ result: 'fail', saw: expect.stringContaining('app-2') });
  });

  test.each<[string, Route, { healthy?: string }, RegExp]>([
    ['the runbook gives no pattern', STARTED, {}, /no pattern/],
    [
      'the kubelet has lost the log, which it says with status 200',
      'unable to retrieve container logs for containerd://1a2b',
      { healthy },
      /the kubelet has none/,
    ],
    [
      'the log may not be read',
      (_request, response) => refuse(response, 403, 'User "kintsugi" cannot get resource "pods/log"'),
      { healthy },
      /cannot get resource/,
    ],
    [
      'a long log has lost its start',
      sent((path) => (path.includes('tailLines') ? 'late\n' : 'x'.repeat(1024 * 1024))),
      { healthy },
      /no healthy start in what is kept/,
    ],
  ])('is unknown when %s', async (_sentence, route, params, saw) => {
    expect(await judge(route, params)).toEqual({ result: 'unknown', saw: expect.stringMatching(saw) });
  });

  test('reads the end of a long log too', async () => {
    const head = `${STARTED}${'INFO: busy\n'.repeat(100_000)}`.slice(0, 1024 * 1024);
    const route = sent((path) => (path.includes('tailLines') ? TRACEBACK : head));
    expect((await judge(route)).result).toBe('fail');
  });

  test('refuses a pattern that is no regular expression', () => {
    expect(logs.params.safeParse({ healthy: '(' }).success).toBe(false);
  });
});
