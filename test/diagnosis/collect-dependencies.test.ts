import { afterEach, describe, expect, test } from '@jest/globals';
import { readDependencies } from '../../src/diagnosis/collect/dependencies.ts';
import { type EffectiveVariable, effectiveEnvironment } from '../../src/diagnosis/collect/environment.ts';
import type { ReferencedObject } from '../../src/diagnosis/collect/references.ts';
import type { DependencyEvidence } from '../../src/diagnosis/evidence/connection.ts';
import { KintsugiError } from '../../src/errors.ts';
import type { Forward } from '../../src/kubernetes/port-forward.ts';
import { toWorkload } from '../../src/kubernetes/workloads.ts';
import { type FakeDependency, redisAnswers, startRedis } from '../dependencies/servers.ts';
import { type FakeApi, startFakeApi } from '../kubernetes/fake-api.ts';
import { runbookOf } from '../runbook/agent-bruno.ts';

const PODS = 'GET /api/v1/namespaces/redis/pods';
const SLICES = 'GET /apis/discovery.k8s.io/v1/namespaces/redis/endpointslices';
const redisPod = {
  metadata: { name: 'redis-master-0', namespace: 'redis' },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
};
const slice = (name: string, pods: string[]) => ({
  metadata: { labels: { 'kubernetes.io/service-name': name } },
  addressType: 'IPv4',
  ports: [{ port: 6379 }],
  endpoints: pods.map((pod) => ({ addresses: ['10.0.0.1'], conditions: { ready: true }, targetRef: { name: pod } })),
});
const secret: ReferencedObject = {
  evidence: { kind: 'Secret', name: 'app', found: true, optional: false, keys: ['URL'], missingKeys: [] },
  secrets: {},
  content: { URL: 'redis://:pw-in-secret-1@redis-master.redis.svc.cluster.local:6379/0', PASSWORD: 'pw-part-2' },
};

let api: FakeApi;
let redis: FakeDependency;
afterEach(async () => {
  await api.close();
  await redis.close();
});

async function read(
  env: object[],
  answers: Record<string, object | number> = {},
  forward?: Forward,
): Promise<DependencyEvidence> {
  api = await startFakeApi({
    [PODS]: { items: [redisPod] },
    [SLICES]: { items: [slice('redis-master', ['redis-master-0'])] },
    ...answers,
  });
  redis = await startRedis(redisAnswers());
  const selector = 'app.kubernetes.io/name=redis';
  const runbook = runbookOf({
    namespace: 'bruno',
    dependencies: [{ name: 'redis', type: 'redis', env: 'REDIS_URL', namespace: 'redis', selector, port: 6379 }],
  });
  const workload = toWorkload('Deployment', {
    metadata: { name: 'agent-bruno', namespace: 'bruno', uid: 'u', resourceVersion: '1' },
    spec: {
      selector: {},
      template: { spec: { containers: [{ name: 'agent-bruno', env: JSON.parse(JSON.stringify(env)) }] } },
    },
  });
  const [evidence] = await readDependencies({
    kubernetes: api.kubernetes,
    forward: forward ?? redis.forward,
    runbook,
    workload,
    objects: [secret],
    attempt: (_, reading) => reading(),
    signal: new AbortController().signal,
  });
  if (evidence === undefined) throw new Error('no evidence');
  return evidence;
}

const literal = (value: string) => [{ name: 'REDIS_URL', value }];

describe('a dependency is read', () => {
  test('with the login of the Secret that the variable comes from, which is not in the evidence', async () => {
    const seen = await read([{ name: 'REDIS_URL', valueFrom: { secretKeyRef: { name: 'app', key: 'URL' } } }]);
    expect(redis.asked[0]).toBe('AUTH pw-in-secret-1');
    expect(seen).toMatchObject({
      known: true,
      podsReady: 1,
      endpointsReady: 1,
      hosts: ['redis-master.redis.svc.cluster.local'],
      address: 'redis://redis-master.redis.svc.cluster.local:6379/0',
      answers: [{ from: 'pod redis-master-0, by port-forward', state: 'well' }],
    });
    expect(JSON.stringify(seen)).not.toContain('pw-in-secret');
  });

  test('without the login where the address leads elsewhere: the password is for somebody else', async () => {
    await read(literal('redis://:pw-elsewhere-1@redis.example.com:6379'));
    expect(redis.asked[0]).toBe('PING');
  });

  test('as unknown where the connection may not be forwarded', async () => {
    const seen = await read(literal('redis://redis-master.redis:6379'), {}, async () => {
      throw new KintsugiError('forbidden', 'no', { where: 'w', fix: 'f' });
    });
    expect(seen.answers).toEqual([
      { from: 'pod redis-master-0, by port-forward', state: 'unknown', saw: 'forbidden: no' },
    ]);
  });

  test('with the Service that its address names and that is not there', async () => {
    const seen = await read(literal('redis://redis-mastr.redis:6379'));
    expect(seen).toMatchObject({ missingService: 'redis/redis-mastr', endpointsReady: null, known: true });
  });

  test('with the Service that leads to no pod any more', async () => {
    const seen = await read(literal('redis://redis-master.redis:6379'), {
      [SLICES]: { items: [slice('redis-master', [])] },
    });
    expect(seen).toMatchObject({ podsReady: 1, endpointsReady: 0 });
  });

  test('with who scaled it to nothing', async () => {
    const managedFields = [
      { manager: 'helm', time: '2026-01-01T00:00:00Z', fieldsV1: { 'f:spec': { 'f:replicas': {}, 'f:template': {} } } },
      {
        manager: 'kubectl-scale',
        subresource: 'scale',
        time: '2026-01-02T00:00:00Z',
        fieldsV1: { 'f:spec': { 'f:replicas': {} } },
      },
      { manager: 'kubectl-edit', time: '2026-01-03T00:00:00Z', fieldsV1: { 'f:spec': { 'f:template': {} } } },
    ];
    const set = {
      metadata: { name: 'redis-master', namespace: 'redis', uid: 'r', resourceVersion: '1', managedFields },
      spec: { replicas: 0, selector: {}, template: {} },
    };
    const seen = await read(literal('redis://redis-master.redis:6379'), {
      [PODS]: { items: [] },
      [SLICES]: { items: [] },
      'GET /api/v1/namespaces/redis/services/redis-master': { metadata: { name: 'redis-master' } },
      'GET /apis/apps/v1/namespaces/redis/deployments': { items: [] },
      'GET /apis/apps/v1/namespaces/redis/statefulsets': { items: [set] },
      'GET /apis/apps/v1/namespaces/redis/daemonsets': { items: [] },
    });
    expect(seen.withoutPods).toEqual([
      {
        kind: 'StatefulSet',
        name: 'redis-master',
        replicas: 0,
        setBy: 'kubectl-scale',
        setAt: '2026-01-02T00:00:00.000Z',
      },
    ]);
  });

  test('as absent where nothing in its namespace stands for it', async () => {
    const none = { items: [] };
    const seen = await read(literal('redis://10.1.2.3:6379'), {
      [PODS]: none,
      [SLICES]: none,
      'GET /apis/apps/v1/namespaces/redis/deployments': none,
      'GET /apis/apps/v1/namespaces/redis/statefulsets': none,
      'GET /apis/apps/v1/namespaces/redis/daemonsets': none,
    });
    expect(seen).toMatchObject({ known: false, absent: true });
  });
});

test('a container’s environment is what the kubelet makes of it', async () => {
  api = await startFakeApi();
  redis = await startRedis(redisAnswers());
  const map: ReferencedObject = {
    evidence: { kind: 'ConfigMap', name: 'settings', found: true, optional: false, keys: [], missingKeys: [] },
    secrets: {},
    content: { HOST: 'redis', LEVEL: 'info' },
  };
  const seen = effectiveEnvironment(
    {
      name: 'app',
      envFrom: [{ configMapRef: { name: 'settings' } }, { secretRef: { name: 'app' }, prefix: 'APP_' }],
      env: [
        { name: 'LEVEL', value: 'debug' },
        { name: 'URL', value: 'redis://:$(APP_PASSWORD)@$(HOST)/$(UNKNOWN)$$(HOST)' },
        { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
      ],
    },
    [map, secret],
  );
  const expected: [string, EffectiveVariable][] = [
    ['HOST', { value: 'redis', source: 'ConfigMap/settings:HOST' }],
    ['LEVEL', { value: 'debug', source: 'literal' }],
    ['APP_PASSWORD', { value: 'pw-part-2', source: 'Secret/app:PASSWORD' }],
    ['URL', { value: 'redis://:pw-part-2@redis/$(UNKNOWN)$(HOST)', source: 'literal' }],
    ['NODE', { source: 'field:spec.nodeName' }],
  ];
  for (const [name, variable] of expected) expect(seen.get(name)).toEqual(variable);
});
