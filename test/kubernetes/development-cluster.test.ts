import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { isDevelopmentCluster } from '../../src/kubernetes/development-cluster.ts';
import { type FakeApi, startFakeApi } from './fake-api.ts';

const MARKER = 'GET /api/v1/namespaces/kube-system/configmaps/kintsugi-development-cluster';

let api: FakeApi;
beforeAll(async () => {
  api = await startFakeApi();
});
afterAll(() => api.close());

describe('a development cluster', () => {
  test('is one only where its marker is seen', async () => {
    api.answers[MARKER] = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kintsugi-development-cluster' } };
    expect(await isDevelopmentCluster(api.kubernetes)).toBe(true);
    for (const refusal of [404, 403]) {
      api.answers[MARKER] = refusal;
      expect(await isDevelopmentCluster(api.kubernetes)).toBe(false);
    }
  });

  test('is not guessed at while the API server is away', async () => {
    api.answers[MARKER] = 503;
    await expect(isDevelopmentCluster(api.kubernetes)).rejects.toMatchObject({ retryable: true });
  });
});
