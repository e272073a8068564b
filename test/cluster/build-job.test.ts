import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { KubernetesObjectApi, PatchStrategy } from '@kubernetes/client-node';
import { parseAllDocuments } from 'yaml';
import { IMAGES } from '../../dev/images/catalogue.ts';
import { grantKintsugi } from '../../dev/workloads/access.ts';
import type { BuildContext, BuildHook, BuildOrder, BuildState } from '../../src/builds/build.ts';
import { jobHook } from '../../src/builds/job.ts';
import { buildHook } from '../../src/builds/settings.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import { needs, provided } from '../needs.ts';
import { createNamespace, deleteNamespace } from './namespace.ts';
import { providePullableImage } from './pullable-image.ts';
import { until } from './until.ts';

needs('cluster');

jest.setTimeout(120_000);

const DIGEST = `sha256:${'d'.repeat(64)}`;
let admin: Kubernetes;
let kintsugi: Kubernetes;
let namespace: string;

beforeAll(async () => {
  admin = connectKubernetes({ kubeconfig: provided('cluster') });
  kintsugi = connectKubernetes({ kubeconfig: process.env.KINTSUGI_TEST_KINTSUGI_KUBECONFIG ?? '' });
  namespace = await createNamespace(admin, 'builds');
  await grantKintsugi(admin);
  await grantBuilds();
  await providePullableImage(admin, namespace, 'redis');
});

afterAll(() => deleteNamespace(admin, namespace));

/** The rights of deploy/kubernetes/build-jobs.yaml, in this namespace. */
async function grantBuilds(): Promise<void> {
  const text = await readFile(join(import.meta.dirname, '../../deploy/kubernetes/build-jobs.yaml'), 'utf8');
  const client = KubernetesObjectApi.makeApiClient(admin.config);
  for (const document of parseAllDocuments(text)) {
    const object = document.toJS();
    if (object.kind === 'Namespace') continue;
    const placed = { ...object, metadata: { ...object.metadata, namespace } };
    await client.patch(placed, undefined, undefined, 'test', true, PatchStrategy.ServerSideApply);
  }
}

/** No builder runs here: the Job's program is a stand-in that says what a build would say at its end. */
function hook(script: string, timeoutSeconds = 60): BuildHook {
  const container = {
    name: 'build',
    image: IMAGES.redis.reference,
    imagePullPolicy: 'IfNotPresent',
    command: ['sh', '-ec', script],
  };
  const spec = { template: { spec: { terminationGracePeriodSeconds: 0, containers: [container] } } };
  const manifest = { apiVersion: 'batch/v1', kind: 'Job', spec };
  const { job } = buildHook.parse({ name: 'test', job: { namespace, manifest } });
  if (job === undefined) throw new Error('a job hook');
  return jobHook({ name: 'test', timeoutSeconds }, job);
}

let count = 0;
function nextOrder(): BuildOrder {
  count += 1;
  return {
    hook: 'test',
    key: String(count).padStart(16, '0'),
    image: 'ghcr.io/team/app',
    commit: 'c0ffee',
    recoveryId: 'recovery/test/shop/deployment/app@0badcafe',
    target: { namespace: 'shop', kind: 'Deployment', name: 'app' },
  };
}

const context = (): BuildContext => ({ kubernetes: kintsugi, signal: new AbortController().signal });

async function end(built: BuildHook, order: BuildOrder): Promise<BuildState> {
  for (;;) {
    const state = await built.look(context(), order, '');
    if (state.is !== 'running') return state;
    await sleep(300);
  }
}

describe('a Job that builds, made with the rights of deploy/', () => {
  test('is one however often it is started, and gives its digest by its termination message', async () => {
    const order = nextOrder();
    const says = `test "$KINTSUGI_COMMIT" = c0ffee; printf '{"digest":"${DIGEST}"}' > /dev/termination-log`;
    const built = hook(says);
    await Promise.all([built.start(context(), order, null), built.start(context(), order, null)]);
    await built.start(context(), order, null);
    expect(await end(built, order)).toEqual({ is: 'done', digest: DIGEST });
    expect((await admin.batch.listNamespacedJob({ namespace })).items).toHaveLength(1);
    expect(await built.stop(context(), order)).toBeNull();
  });

  test('that fails is not made again, and says with what it ended', async () => {
    const order = nextOrder();
    const built = hook('exit 7');
    await built.start(context(), order, null);
    expect(await end(built, order)).toMatchObject({ is: 'failed', saw: expect.stringContaining('build ended with 7') });
  });

  test('that hangs is ended by Kubernetes at its time', async () => {
    const order = nextOrder();
    const built = hook('sleep 600', 2);
    await built.start(context(), order, null);
    expect(await end(built, order)).toMatchObject({ is: 'failed', saw: expect.stringContaining('DeadlineExceeded') });
  });

  test('that says nonsense is a clear fault', async () => {
    const order = nextOrder();
    const built = hook('echo pushed > /dev/termination-log');
    await built.start(context(), order, null);
    await expect(end(built, order)).rejects.toMatchObject({ code: 'invalid', retryable: false });
  });

  test('is stopped with its pod', async () => {
    const order = nextOrder();
    const built = hook('sleep 600');
    await built.start(context(), order, null);
    expect(await built.stop(context(), order)).toContain('was stopped');
    await until('the Job and its pod to go', async () => {
      const labelSelector = `batch.kubernetes.io/job-name=build-test-${order.key}`;
      const { items } = await admin.core.listNamespacedPod({ namespace, labelSelector });
      return items.length === 0;
    });
    expect(await built.look(context(), order, '')).toMatchObject({ is: 'failed' });
  });
});
