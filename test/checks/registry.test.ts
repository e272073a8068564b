import { describe, expect, test } from '@jest/globals';
import { checkNames } from '../../src/checks/names.ts';
import { checks } from '../../src/checks/registry.ts';
import { pod, targetState } from '../verification/objects.ts';
import { startApiServer } from './api-server.ts';
import { contextOf } from './contexts.ts';

describe('the registry of checks', () => {
  test('has each check under its own name, in the order of the names', () => {
    expect(Object.keys(checks)).toEqual([...checkNames]);
    for (const [name, check] of Object.entries(checks)) expect(check.name).toBe(name);
  });

  test('has no check that passes for a target without any pod', async () => {
    const server = await startApiServer({});
    const context = contextOf(server.kubernetes, targetState({ current: [] }));
    const results = await Promise.all([
      checks.ready.run(context, {}),
      checks['restarts-stable'].run(context, {}),
      checks.http.run(context, { path: '/health' }),
      checks.logs.run(context, { healthy: 'started' }),
    ]);
    expect(results.map(({ result }) => result)).toEqual(['fail', 'fail', 'fail', 'fail']);
    await server.close();
  });

  test('has ready and restarts-stable judge the state that they are given', async () => {
    const server = await startApiServer({});
    const young = contextOf(server.kubernetes, targetState({ current: [pod({ readyFor: 10 })] }));
    expect((await checks.ready.run(young, {})).result).toBe('pass');
    expect((await checks['restarts-stable'].run(young, {})).result).toBe('fail');
    expect(server.seen).toEqual([]);
    await server.close();
  });
});
