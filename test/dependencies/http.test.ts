import { afterEach, describe, expect, test } from '@jest/globals';
import { askHttp } from '../../src/dependencies/ask.ts';
import { type FakeApiServer, type Route, refuse, startApiServer } from '../checks/api-server.ts';

const PATH = '/api/v1/namespaces/ollama/services/ollama:11434/proxy/api/version';
const request = {
  namespace: 'ollama',
  through: 'services' as const,
  name: 'ollama',
  port: 11434,
  path: '/api/version',
};
let server: FakeApiServer;
afterEach(() => server.close());

const says =
  (status: number, body: string): Route =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'text/plain' }).end(body);
  };

describe('an HTTP dependency asked through the API server', () => {
  test.each<[string, Route, string, string]>([
    ['that answers is well', { version: '0.5.1' }, 'well', 'answered 200'],
    ['that asks for a login is up', says(401, 'who?'), 'denied', 'answered 401'],
    ['that fails is failing', says(500, 'oh'), 'failing', 'answered 500'],
    [
      'without an endpoint has no route',
      (_, r) => refuse(r, 503, 'no endpoints available for service "ollama:11434"'),
      'no-route',
      'no endpoints',
    ],
    [
      'where nothing listens is refused',
      (_, r) => refuse(r, 503, 'error trying to reach service: dial tcp 10.1.1.1:11434: connect: connection refused'),
      'refused',
      'connection refused',
    ],
    [
      'that may not be asked is unknown',
      (_, r) => refuse(r, 403, 'services "ollama:11434" is forbidden'),
      'unknown',
      'forbidden',
    ],
    [
      'to which the API server has no way is unknown',
      (_, r) => refuse(r, 503, 'error trying to reach service: dial tcp 10.1.1.1:11434: i/o timeout'),
      'unknown',
      'i/o timeout',
    ],
  ])('%s', async (_, route, state, saw) => {
    server = await startApiServer({ [PATH]: route });
    const answer = await askHttp(server.kubernetes, request, new AbortController().signal);
    expect(answer).toMatchObject({ state, saw: expect.stringContaining(saw) });
  });

  test('that never answers is silent', async () => {
    server = await startApiServer({ [PATH]: () => undefined });
    expect(await askHttp(server.kubernetes, request, new AbortController().signal)).toMatchObject({ state: 'silent' });
  }, 20_000);
});
