import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { readState } from '../../dev/cluster/state.ts';
import { createVerification } from '../../src/activities/verify.ts';
import { measure } from '../../src/diagnosis/measure.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import { readOwned } from '../../src/kubernetes/revisions.ts';
import { createLogger } from '../../src/log.ts';
import type { Look, Verification, VerifyInput } from '../../src/recovery/activities.ts';
import type { Target } from '../../src/recovery/values.ts';
import { tagMoved } from '../../src/registry/tag-moved.ts';
import type { CheckCall } from '../../src/runbook/schema.ts';
import { runbookFor } from '../actions/action-context.ts';
import { memoryBaselines } from '../actions/memory-stores.ts';
import { needs, provided } from '../needs.ts';
import { createNamespace, deleteNamespace } from './namespace.ts';
import { createService, IMAGE_REFERENCE, provideServingApp, servingApp } from './serving-app.ts';
import { until } from './until.ts';
import { untilRolledOut } from './workloads.ts';

needs('cluster');

// A real cluster schedules and starts pods, and metrics-server measures every 15 s.
jest.setTimeout(180_000);

const CHECKS: CheckCall[] = [
  'ready',
  'restarts-stable',
  { logs: { healthy: 'Application startup complete' } },
  { http: { path: '/health' } },
];
const log = createLogger({ level: 'silent', component: 'test' });
const kubernetes: Kubernetes = connectKubernetes({ kubeconfig: provided('cluster') });
let namespace: string;

beforeAll(async () => {
  namespace = await createNamespace(kubernetes, 'verify');
  await provideServingApp(kubernetes, namespace);
  await kubernetes.apps.createNamespacedDeployment({ namespace, body: servingApp(namespace, 'app') });
  await createService(kubernetes, namespace, 'app');
  await untilRolledOut(kubernetes, targetOf('app'));
});

afterAll(async () => {
  if (namespace !== undefined) await deleteNamespace(kubernetes, namespace);
});

const targetOf = (name: string): Target => ({ namespace, kind: 'Deployment', name });

function inputFor(name: string, checks: CheckCall[], service = `${name}:80`): VerifyInput {
  const target = targetOf(name);
  const runbook = runbookFor(target);
  const { spec } = runbook;
  return {
    recoveryId: 'recovery/test/verify/deployment/app@0badcafe',
    target,
    runbook: {
      ...runbook,
      spec: {
        ...spec,
        target: { ...spec.target, service },
        verify: { window: { crashes: 3, min: '5s', max: '20s' }, checks },
      },
    },
    before: { desired: 1, ready: 0, readyHeld: 0, longestLifeSeconds: 1 },
    plans: [],
  };
}

interface Course {
  verification: Verification;
  baselines: ReturnType<typeof memoryBaselines>;
}

/** Verifies as if the activity had been scheduled so many seconds ago. */
async function verify(input: VerifyInput, scheduledAgo = 0): Promise<Course> {
  const baselines = memoryBaselines();
  const { verify: activity } = createVerification({ kubernetes, baselines, log });
  const environment = new MockActivityEnvironment({ scheduledTimestampMs: Date.now() - scheduledAgo * 1000 });
  const verification: Verification = await environment.run(activity, input);
  return { verification, baselines };
}

const resultsOf = ({ checks }: Verification): Record<string, string> =>
  Object.fromEntries(checks.map(({ name, result }) => [name, result]));

describe('a healthy Deployment', () => {
  test('verifies through the pod and the Service, by its log and its times, and becomes the baseline', async () => {
    const { verification, baselines } = await verify(inputFor('app', CHECKS));
    expect(verification.checks.filter(({ result }) => result !== 'pass')).toEqual([]);
    expect(resultsOf(verification)).toMatchObject({ ready: 'pass', logs: 'pass', 'http /health': 'pass' });
    expect(verification).toMatchObject({ result: 'pass', better: true });
    expect(baselines.known).toMatchObject({ target: targetOf('app'), replicas: 1, containers: [{ name: 'app' }] });
  });

  test('after an OOM verifies by a working set that metrics-server saw level off', async () => {
    const { verification } = await verify({ ...inputFor('app', ['ready']), cause: 'oom-killed' });
    expect(verification.checks.find(({ name }) => name === 'working-set')).toEqual({
      name: 'working-set',
      result: 'pass',
      saw: expect.stringMatching(/of 128Mi and has levelled off/),
    });
  });

  test('is healthy by a single look', async () => {
    const { look } = createVerification({ kubernetes, baselines: memoryBaselines(), log });
    const seen: Look = await new MockActivityEnvironment().run(look, inputFor('app', ['ready']));
    expect(seen).toMatchObject({ healthy: true, broken: false });
  });

  test("fails at a path that its program does not know, with the program's own status", async () => {
    const { verification } = await verify(inputFor('app', [{ http: { path: '/nothing' } }]));
    expect(verification.result).toBe('fail');
    expect(verification.checks.find(({ name }) => name === 'http /nothing')?.saw).toContain('answered 404');
  });

  test('behind a Service that selects nothing fails http, though its pod answers', async () => {
    await createService(kubernetes, namespace, 'astray', { app: 'nobody' });
    const { verification } = await verify(inputFor('app', CHECKS, 'astray:80'));
    expect(verification.result).toBe('fail');
    expect(verification.checks.find(({ name }) => name === 'http /health')).toMatchObject({
      result: 'fail',
      saw: expect.stringContaining('no endpoints available'),
    });
  });

  test('without its started line in the log fails', async () => {
    const { verification } = await verify(inputFor('app', [{ logs: { healthy: 'ready to serve' } }]));
    expect(resultsOf(verification).logs).toBe('fail');
  });
});

describe('a Deployment that is not wholly there', () => {
  test('with two of three pods, the third held back by a quota, fails and says why', async () => {
    const other = await createNamespace(kubernetes, 'verify-quota');
    await provideServingApp(kubernetes, other);
    await kubernetes.core.createNamespacedResourceQuota({
      namespace: other,
      body: { metadata: { name: 'pods' }, spec: { hard: { pods: '2' } } },
    });
    const body = servingApp(other, 'app');
    await kubernetes.apps.createNamespacedDeployment({
      namespace: other,
      body: {
        ...body,
        spec: {
          ...body.spec,
          replicas: 3,
          selector: { matchLabels: { app: 'app' } },
          template: body.spec?.template ?? {},
        },
      },
    });
    const target: Target = { namespace: other, kind: 'Deployment', name: 'app' };
    await until('two of three pods', async () => {
      const { workload, pods } = await readOwned(kubernetes, target);
      return measure({ pods, desired: workload.replicas, at: new Date() }).ready === 2;
    });
    const { verification, baselines } = await verify({ ...inputFor('app', ['ready']), target }, 400);
    await deleteNamespace(kubernetes, other);
    expect(verification).toMatchObject({ result: 'fail', measure: { desired: 3, ready: 2 } });
    expect(verification.checks.find(({ name }) => name === 'ready')?.saw).toMatch(/^2 of 3 .*exceeded quota/);
    expect(baselines.known).toBeNull();
  });

  test('with no replicas fails', async () => {
    const body = servingApp(namespace, 'none');
    await kubernetes.apps.createNamespacedDeployment({ namespace, body });
    await kubernetes.apps.patchNamespacedDeploymentScale({
      namespace,
      name: 'none',
      body: [{ op: 'replace', path: '/spec/replicas', value: 0 }],
    });
    const { verification } = await verify(inputFor('none', CHECKS), 400);
    expect(verification.result).toBe('fail');
    expect(verification.checks.find(({ name }) => name === 'ready')?.saw).toContain('its replicas are 0');
  });

  test('whose container lost its variable and ends again fails early, before its window is over', async () => {
    const body = servingApp(namespace, 'crashing', { env: [] });
    await kubernetes.apps.createNamespacedDeployment({ namespace, body });
    await until('the first crash', async () => {
      const { pods } = await readOwned(kubernetes, targetOf('crashing'));
      return pods.some(({ status }) => (status?.containerStatuses?.[0]?.restartCount ?? 0) > 0);
    });
    const { verification } = await verify(inputFor('crashing', CHECKS));
    expect(verification.result).toBe('fail');
    expect(verification.checks[0]).toMatchObject({ name: 'restarted', saw: expect.stringContaining('Error (1)') });
    expect(resultsOf(verification)).toMatchObject({ ready: 'fail', 'http /health': 'unknown' });
  });
});

test("the image's tag is compared with the registry that the node pulled it from", async () => {
  const registry = readState()?.access?.registry;
  if (registry === undefined) return;
  const { pods } = await readOwned(kubernetes, targetOf('app'));
  const [pod] = pods;
  if (pod === undefined) throw new Error('the app has no pod');
  const mirrors = { 'docker.io': `http://${registry.address}` };
  const still = await tagMoved(kubernetes, { pod, container: 'app', mirrors });
  expect(still).toMatchObject({ moved: false, running: expect.stringMatching(/^sha256:/) });
  expect(still.saw).toContain(IMAGE_REFERENCE);
  const other = `sha256:${'0'.repeat(64)}`;
  expect((await tagMoved(kubernetes, { pod, container: 'app', healthyDigest: other, mirrors })).moved).toBe(true);
});
