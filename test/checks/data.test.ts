import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import data, { judgeAnswer } from '../../src/checks/data.ts';
import type { DataCheck } from '../../src/runbook/schema.ts';
import { pod, targetState } from '../verification/objects.ts';
import { type FakeApiServer, refuse, startApiServer } from './api-server.ts';
import { contextOf, runbookOf } from './contexts.ts';

const STATE = '/api/v1/namespaces/test/pods/app-1:8080/proxy/state';
const SECOND = '/api/v1/namespaces/test/pods/app-2:8080/proxy/state';
const CONVERSATIONS: DataCheck = {
  http: { path: '/state', port: 8080 },
  minimum: { pointer: '/conversations', value: 1 },
};

let server: FakeApiServer;
beforeEach(async () => {
  server = await startApiServer({ [STATE]: { conversations: 3, secret: 'of a conversation' } });
});
afterEach(() => server.close());

function run(dataCheck: DataCheck | undefined, state = targetState(), unless = false) {
  const runbook = runbookOf();
  const spec = dataCheck === undefined ? runbook.spec : { ...runbook.spec, dataCheck };
  return data.run(contextOf(server.kubernetes, state, { ...runbook, spec }), { unless });
}

describe('the data check', () => {
  test('asks nothing where the data was cleared on purpose', async () => {
    const saw = 'not asked: the data was cleared on purpose';
    expect(await run(CONVERSATIONS, targetState(), true)).toEqual({ result: 'pass', saw });
  });

  test('passes when a pod tells of its data, and quotes none of it', async () => {
    expect(await run(CONVERSATIONS)).toEqual({ result: 'pass', saw: 'pod app-1 has 3 at /conversations' });
  });

  test('fails for a pod that is well and has nothing: ready on an empty volume is not restored', async () => {
    server.routes[STATE] = { conversations: 0 };
    expect(await run(CONVERSATIONS)).toEqual({
      result: 'fail',
      saw: 'pod app-1 has 0 at /conversations, fewer than 1',
    });
  });

  test('asks every pod, and one without its data is enough to fail', async () => {
    server.routes[SECOND] = { conversations: 0 };
    const state = targetState({ current: [pod(), pod({ name: 'app-2' })] });
    expect(await run(CONVERSATIONS, state)).toMatchObject({ result: 'fail', saw: expect.stringContaining('app-2') });
  });

  test('fails where the program refuses to answer, and without any pod', async () => {
    server.routes[STATE] = (_request, response) => void response.writeHead(500).end('broken');
    expect((await run(CONVERSATIONS)).result).toBe('fail');
    expect((await run(CONVERSATIONS, targetState({ current: [] }))).result).toBe('fail');
  });

  test('is unknown where it may not be asked, and where the runbook does not say how', async () => {
    server.routes[STATE] = (_request, response) =>
      refuse(response, 403, 'User "kintsugi" cannot get resource "pods/proxy"');
    expect((await run(CONVERSATIONS)).result).toBe('unknown');
    expect((await run(undefined)).result).toBe('unknown');
  });
});

describe('an answer', () => {
  const exec = { command: ['list'], pattern: '^[1-9]' };
  test.each<[string, DataCheck, string, 'pass' | 'fail']>([
    ['that matches', { exec }, '12 files', 'pass'],
    ['that does not', { exec }, '0 files', 'fail'],
    ['without the number', CONVERSATIONS, '{"messages": 4}', 'fail'],
    ['that is no JSON', CONVERSATIONS, 'three', 'fail'],
    ['with both', { exec, minimum: { pointer: '/0', value: 2 } }, '[3]', 'fail'],
  ])('%s is judged %s', (_sentence, dataCheck, answer, result) => {
    expect(judgeAnswer('app-1', dataCheck, answer).result).toBe(result);
  });
});
