import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { levelledOff, type MemorySample, readWorkingSets } from '../../src/verification/working-set.ts';
import { type FakeApiServer, refuse, startApiServer } from '../checks/api-server.ts';
import { ago, pod, targetState } from './objects.ts';

const GI = 1024 ** 3;
const limited = pod({
  spec: { containers: [{ name: 'app', resources: { limits: { memory: '1Gi' } } }] },
  readyFor: 90,
});
const state = targetState({ current: [limited] });

/** Measurements of app-1's container, oldest first, 15 s apart, in shares of its limit of 1Gi. */
const measured = (...shares: number[]): MemorySample[] =>
  shares.map((share, index) => ({
    pod: 'app-1',
    container: 'app',
    at: ago((shares.length - index) * 15).toISOString(),
    bytes: share * GI,
  }));

describe('the working set has levelled off below 80 % of the limit (safety 19)', () => {
  test.each<[string, MemorySample[], 'pass' | 'fail' | 'unknown', RegExp]>([
    [
      'when it grew at the start and then stood',
      measured(0.1, 0.4, 0.6, 0.61, 0.61),
      'pass',
      /61 % of 1Gi and has levelled off/,
    ],
    ['not when it is over it', measured(0.8, 0.81, 0.81), 'fail', /over 80 %/],
    ['not when it still grows', measured(0.1, 0.2, 0.3, 0.4, 0.5), 'fail', /still grows, by 20 %/],
    ['which one measurement does not tell', measured(0.3), 'unknown', /only once/],
    ['which the same measurement twice does not tell', [...measured(0.3), ...measured(0.3)], 'unknown', /only once/],
    ['which no measurement does not tell', [], 'unknown', /no measurement yet/],
  ])('%s', (_sentence, samples, result, saw) => {
    const judged = levelledOff(state, samples);
    expect(judged.result).toBe(result);
    expect(judged.saw).toMatch(saw);
  });

  test('of every pod: one that grows fails the target', () => {
    const second = { ...limited, metadata: { ...limited.metadata, name: 'app-2' } };
    const both = targetState({ replicas: 2, current: [limited, second] });
    const growing = measured(0.1, 0.2, 0.4).map((sample) => ({ ...sample, pod: 'app-2' }));
    expect(levelledOff(both, [...measured(0.5, 0.5), ...growing]).result).toBe('fail');
  });

  test('which cannot be said without a limit', () => {
    expect(levelledOff(targetState(), measured(0.1, 0.1)).result).toBe('unknown');
  });
});

describe('the working sets', () => {
  const PATH = '/apis/metrics.k8s.io/v1beta1/namespaces/test/pods';
  let server: FakeApiServer;
  beforeEach(async () => {
    server = await startApiServer({});
  });
  afterEach(() => server.close());

  test('are read as metrics-server writes them', async () => {
    server.routes[PATH] = {
      items: [
        {
          metadata: { name: 'app-1' },
          timestamp: '2025-10-15T12:00:00Z',
          containers: [{ name: 'app', usage: { cpu: '1n', memory: '1024Ki' } }],
        },
      ],
    };
    expect(await readWorkingSets(server.kubernetes, state)).toEqual([
      { pod: 'app-1', container: 'app', at: '2025-10-15T12:00:00Z', bytes: 1024 ** 2 },
    ]);
  });

  test('are a reason where there is no metrics-server, or it answers oddly', async () => {
    expect(await readWorkingSets(server.kubernetes, state)).toMatch(/^not-found: /);
    server.routes[PATH] = (_request, response) => refuse(response, 503, 'the server is currently unable');
    expect(await readWorkingSets(server.kubernetes, state)).toMatch(/^unavailable: /);
    server.routes[PATH] = { items: [{}] };
    expect(typeof (await readWorkingSets(server.kubernetes, state))).toBe('string');
  });
});
