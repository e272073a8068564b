import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { PatchStrategy } from '@kubernetes/client-node';
import { readState } from '../../dev/cluster/state.ts';
import { provideImages } from '../../dev/images/provide.ts';
import { grantKintsugi } from '../../dev/workloads/access.ts';
import { applyManifests, removeAgentBruno } from '../../dev/workloads/deploy.ts';
import { inRedis } from '../../dev/workloads/faults/pods.ts';
import { namespacesWithSuffix } from '../../dev/workloads/namespaces.ts';
import { renderPart } from '../../dev/workloads/render.ts';
import { readDependencies } from '../../src/diagnosis/collect/dependencies.ts';
import { answerOf, describeDependency, isDown, isWell } from '../../src/diagnosis/dependency-state.ts';
import type { DependencyEvidence } from '../../src/diagnosis/evidence/connection.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import { forwardPort } from '../../src/kubernetes/port-forward.ts';
import { callOptions } from '../../src/kubernetes/transport.ts';
import { toWorkload } from '../../src/kubernetes/workloads.ts';
import { needs, provided } from '../needs.ts';
import { runbookOf } from '../runbook/agent-bruno.ts';
import { readerKubeconfig } from './namespace.ts';
import { until } from './until.ts';

needs('cluster');

// Images may have to be built, and a StatefulSet takes its time.
jest.setTimeout(300_000);

const kube = connectKubernetes({ kubeconfig: provided('cluster') });
const access = readState()?.access;
const namespaces = namespacesWithSuffix(`ask-${randomBytes(3).toString('hex')}`);
const context = { kube, namespaces, progress: () => undefined };
/** The rights of deploy/kubernetes/observe.yaml, and no more. */
const kintsugi = connectKubernetes({ kubeconfig: access?.kintsugiKubeconfig ?? provided('cluster') });

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kintsugi-ask-'));
  await provideImages({ registry: access?.registry }, ['redis', 'ferretdb'], () => undefined);
  await grantKintsugi(kube);
  for (const part of ['redis', 'mongodb'] as const)
    await applyManifests(kube, renderPart(part, namespaces, { registry: access?.registry }));
  await until('Redis and MongoDB', async () => {
    const seen = await Promise.all([ask('redis', redisUrl()), ask('mongodb', mongoUrl())]);
    return seen.every(isWell) && seen.every(({ endpointsReady }) => endpointsReady === 1);
  });
});

afterAll(async () => {
  await removeAgentBruno(kube, { namespaces });
  await rm(folder, { recursive: true });
});

const redisUrl = (login = '') => `redis://${login}redis-master.${namespaces.redis}.svc.cluster.local:6379/0`;
const mongoUrl = (login = '') => `mongodb://${login}mongodb.${namespaces.mongodb}.svc.cluster.local:27017`;

/** What the user kintsugi sees of a dependency whose address the application has in its variable. */
async function ask(name: 'redis' | 'mongodb', url: string, asker = kintsugi): Promise<DependencyEvidence> {
  const variable = name === 'redis' ? 'REDIS_URL' : 'MONGODB_URL';
  const selector = `app.kubernetes.io/name=${name}`;
  const [seen] = await readDependencies({
    kubernetes: kintsugi,
    forward: (to, options) => forwardPort(asker, to, options),
    runbook: runbookOf({
      namespace: namespaces.bruno,
      dependencies: [{ name, type: name, env: variable, namespace: namespaces[name], selector }],
    }),
    workload: toWorkload('Deployment', {
      metadata: { name: 'agent-bruno', namespace: namespaces.bruno, uid: 'u', resourceVersion: '1' },
      spec: {
        selector: {},
        template: { spec: { containers: [{ name: 'a', env: [{ name: variable, value: url }] }] } },
      },
    }),
    objects: [],
    attempt: (_, reading) => reading(),
    signal: new AbortController().signal,
  });
  if (seen === undefined) throw new Error('nothing was read');
  return seen;
}

const redis = (script: string) => inRedis(context, script, 20);

describe('a real Redis, asked through the API server', () => {
  test('is well', async () => {
    const seen = await ask('redis', redisUrl());
    expect(seen).toMatchObject({ podsReady: 1, endpointsReady: 1, port: 6379 });
    expect(answerOf(seen)).toMatchObject({ state: 'well', saw: expect.stringContaining('PONG; role master') });
  });

  test('refuses a password that it does not have, asks for the one that it has, and takes the right one', async () => {
    expect(answerOf(await ask('redis', redisUrl(':wrong-1234@')))?.saw).toContain('without any password');
    await redis('redis-cli -e CONFIG SET requirepass right-1234');
    try {
      expect(answerOf(await ask('redis', redisUrl()))).toMatchObject({
        state: 'denied',
        saw: expect.stringContaining('NOAUTH'),
      });
      expect(answerOf(await ask('redis', redisUrl(':wrong-1234@')))?.saw).toContain('WRONGPASS');
      expect(answerOf(await ask('redis', redisUrl(':right-1234@')))?.state).toBe('well');
    } finally {
      await redis("redis-cli -e -a right-1234 CONFIG SET requirepass ''");
    }
  });

  test('is full where its limit is below what it holds, and is not down', async () => {
    await redis('redis-cli -e CONFIG SET maxmemory 100kb');
    try {
      const seen = await ask('redis', redisUrl());
      expect(answerOf(seen)).toMatchObject({ state: 'full', saw: expect.stringContaining('noeviction') });
      expect(isDown(seen)).toBe(false);
    } finally {
      await redis('redis-cli -e CONFIG SET maxmemory 0');
    }
  });

  test('is read-only as a replica', async () => {
    await redis('redis-cli -e REPLICAOF 127.0.0.1 6390');
    try {
      expect(answerOf(await ask('redis', redisUrl()))?.state).toBe('read-only');
    } finally {
      await redis('redis-cli -e REPLICAOF NO ONE');
    }
  });

  test('is refused on a port where nothing listens', async () => {
    const to = { namespace: namespaces.redis, pod: 'redis-master-0', port: 6399 };
    const stream = await forwardPort(kintsugi, to, { timeoutMs: 5_000 });
    stream.resume();
    // Also where it has ended before anybody listens.
    await expect(finished(stream)).rejects.toMatchObject({
      code: 'unavailable',
      cause: { refusedByPod: true },
    });
  });

  test('is silent while its clients are paused, and that is down though its pod was ready', async () => {
    await redis('redis-cli -e CLIENT PAUSE 20000 ALL');
    const seen = await ask('redis', redisUrl());
    expect(answerOf(seen)).toMatchObject({ state: 'silent' });
    expect(isDown(seen)).toBe(true);
    await until('the end of the pause', async () => isWell(await ask('redis', redisUrl())));
  });

  test('may not be asked by who may not forward, and that says nothing about it', async () => {
    const path = join(folder, 'reader');
    await writeFile(path, await readerKubeconfig(kube, namespaces.redis));
    const denied = await ask('redis', redisUrl(), connectKubernetes({ kubeconfig: path }));
    expect(denied.answers).toMatchObject([{ state: 'unknown', saw: expect.stringContaining('forbidden') }]);
    expect(isDown(denied)).toBe(false);
  });

  test('has no route where its Service selects nothing', async () => {
    const patch = (selector: string) =>
      kube.core.patchNamespacedService(
        {
          name: 'redis-master',
          namespace: namespaces.redis,
          body: { spec: { selector: { 'app.kubernetes.io/name': selector } } },
        },
        callOptions({ patch: PatchStrategy.MergePatch }),
      );
    await patch('redis-new');
    try {
      await until('the endpoints to go', async () => (await ask('redis', redisUrl())).endpointsReady === 0);
      const seen = await ask('redis', redisUrl());
      expect(seen.podsReady).toBe(1);
      expect(isDown(seen)).toBe(true);
    } finally {
      await patch('redis');
    }
  });

  test('that the address misses is not down: its Service is named', async () => {
    const seen = await ask('redis', redisUrl().replace('redis-master', 'redis-mastr'));
    expect(seen.missingService).toBe(`${namespaces.redis}/redis-mastr`);
    expect(isDown(seen)).toBe(false);
  });
});

describe('a real MongoDB (FerretDB), asked through the API server', () => {
  test('is well', async () => {
    expect(answerOf(await ask('mongodb', mongoUrl()))).toMatchObject({
      state: 'well',
      saw: expect.stringContaining('hello'),
    });
  });

  test('refuses a login that it does not know', async () => {
    expect(answerOf(await ask('mongodb', mongoUrl('bruno:wrong-1234@')))).toMatchObject({ state: 'denied' });
  });

  test('that was scaled to 0 is down, and it is told by whom', async () => {
    await kube.apps.patchNamespacedStatefulSet(
      {
        name: 'mongodb',
        namespace: namespaces.mongodb,
        fieldManager: 'kubectl-patch',
        body: { spec: { replicas: 0 } },
      },
      callOptions({ patch: PatchStrategy.MergePatch }),
    );
    await until('its pod to go', async () => (await ask('mongodb', mongoUrl())).podsFound === 0);
    const seen = await ask('mongodb', mongoUrl());
    expect(isDown(seen)).toBe(true);
    expect(describeDependency(seen)).toMatch(/StatefulSet mongodb is scaled to 0, set by kubectl-patch at 20/);
  });
});
