import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startBaselineWatch, watchOnce } from '../../src/activities/baseline-watch.ts';
import { createLogger } from '../../src/log.ts';
import { type FakeApiServer, refuse, startApiServer } from '../checks/api-server.ts';
import { runbookOf } from '../checks/contexts.ts';
import { livePod, memoryBaselines, paths, targetRoutes } from './fake-target.ts';

const log = createLogger({ level: 'silent', component: 'test' });

const readyPod = (seconds: number) => livePod({ readyFor: seconds });

let server: FakeApiServer;
let baselines: ReturnType<typeof memoryBaselines>;
beforeEach(async () => {
  server = await startApiServer(targetRoutes([readyPod(90)]));
  baselines = memoryBaselines();
});
afterEach(() => server.close());

const watch = (signal = new AbortController().signal) => ({
  kubernetes: server.kubernetes,
  baselines,
  runbooks: [runbookOf()],
  everyMs: 20,
  log,
  signal,
});

describe('the look at the targets of the runbooks', () => {
  test('records a target that it sees healthy for the first time', async () => {
    expect(await watchOnce(watch())).toBe(true);
    expect(baselines.written).toMatchObject([{ target: { namespace: 'test', kind: 'Deployment', name: 'app' } }]);
  });

  test('replaces a baseline only by what has stood the longest window', async () => {
    await watchOnce(watch());
    await watchOnce(watch());
    expect(baselines.written).toHaveLength(1);
    server.routes[paths.pods] = { items: [readyPod(301)] };
    await watchOnce(watch());
    expect(baselines.written).toHaveLength(2);
  });

  test('records nothing of a target that is young, or not ready', async () => {
    server.routes[paths.pods] = { items: [readyPod(20)] };
    expect(await watchOnce(watch())).toBe(false);
    server.routes[paths.pods] = { items: [] };
    expect(await watchOnce(watch())).toBe(false);
    expect(baselines.written).toEqual([]);
  });

  test('outlasts an API server that refuses', async () => {
    server.routes[paths.deployments] = (_request, response) => refuse(response, 500, 'broken');
    await expect(watchOnce(watch())).resolves.toBe(true);
    server.routes[paths.deployment] = (_request, response) => refuse(response, 500, 'broken');
    Object.assign(server.routes, { [paths.deployments]: targetRoutes([])[paths.deployments] });
    await expect(watchOnce(watch())).resolves.toBe(false);
  });

  test('goes on by itself until it is stopped', async () => {
    const stop = new AbortController();
    const rounds = () => server.seen.filter(({ path }) => path.split('?')[0] === paths.deployments).length;
    const running = startBaselineWatch(watch(stop.signal));
    while (rounds() < 3) await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    await running;
    expect(rounds()).toBeGreaterThanOrEqual(3);
  });
});
