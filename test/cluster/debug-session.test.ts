import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { IMAGES } from '../../dev/images/catalogue.ts';
import type { ActionContext } from '../../src/actions/action.ts';
import { actionNamed } from '../../src/actions/parameters.ts';
import { GUARD, readRecipe } from '../../src/actions/write/guard.ts';
import { createSecrets } from '../../src/actions/write/secrets.ts';
import { createRedactor } from '../../src/diagnosis/redaction.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import { templateHash } from '../../src/kubernetes/template.ts';
import { readWorkload } from '../../src/kubernetes/workloads.ts';
import type { Json, Plan, Target } from '../../src/recovery/values.ts';
import type { Dependency } from '../../src/runbook/schema.ts';
import { contextFor, planned, runbookFor } from '../actions/action-context.ts';
import { needs, provided } from '../needs.ts';
import { createNamespace, deleteNamespace } from './namespace.ts';
import { providePullableImage } from './pullable-image.ts';
import { until } from './until.ts';
import { createDeployment, idleImage, patchByHand, podsOf } from './workloads.ts';

needs('cluster');

// A real cluster schedules and starts pods: seconds as a rule.
jest.setTimeout(180_000);

const BUSYBOX = IMAGES.busybox.reference;
const SESSION = 'kintsugi.dev/debug-session';
const action = actionNamed('debug-session');
let kubernetes: Kubernetes;
let namespace: string;
let image: string;
let count = 0;

beforeAll(async () => {
  kubernetes = connectKubernetes({ kubeconfig: provided('cluster') });
  namespace = await createNamespace(kubernetes, 'debug');
  image = await idleImage(kubernetes);
  await providePullableImage(kubernetes, namespace, 'busybox');
});

afterAll(() => deleteNamespace(kubernetes, namespace));

/** A Deployment whose container can never start, with the variables that say where its dependencies are. */
async function broken(env: { [key: string]: Json }[] = []): Promise<{ target: Target; context: ActionContext }> {
  count += 1;
  const target = { namespace, kind: 'Deployment', name: `app-${count}` };
  await createDeployment(kubernetes, target, image, true);
  if (env.length > 0)
    await patchByHand(kubernetes, target, {
      spec: { template: { spec: { containers: [{ name: 'app', env }] } } },
    });
  return { target, context: contextFor(kubernetes, target, { ordered: true, signal: AbortSignal.timeout(170_000) }) };
}

async function sessionPods(target: Target) {
  const labelSelector = `${SESSION}=${target.name}`;
  const { items } = await kubernetes.core.listNamespacedPod({ namespace, labelSelector });
  return items;
}

async function apply(context: ActionContext, plan: Plan): Promise<{ outcome: string; saw: string[] }> {
  const done = await action.apply(context, plan);
  return typeof done === 'string' ? { outcome: done, saw: [] } : done;
}

const copy = (context: ActionContext, params: { [key: string]: Json } = {}) =>
  planned(context, 'debug-session', { image: BUSYBOX, duration: '300s', ...params });

describe('a debug session beside the workload', () => {
  test('is one pod that serves nobody, and is gone with what it left when it is taken back', async () => {
    const { target, context } = await broken();
    const before = await readWorkload(kubernetes, target);
    const plan = await copy({ ...context, step: 0 });
    expect(plan).toMatchObject({
      undo: 'at-end',
      standsSeconds: 300,
      changes: [{ type: 'create' }, { type: 'effect' }],
    });
    expect(JSON.stringify(plan)).not.toContain('first secret');
    expect(await sessionPods(target)).toEqual([]);

    expect((await apply(context, plan)).outcome).toBe('applied');
    expect((await apply(context, plan)).outcome).toBe('applied');
    const [pod, ...others] = await sessionPods(target);
    expect(others).toEqual([]);
    expect(pod?.metadata?.labels).not.toHaveProperty('app');
    expect((await podsOf(kubernetes, target)).map(({ metadata }) => metadata?.name)).not.toContain(pod?.metadata?.name);
    const during = await readWorkload(kubernetes, target);
    expect(templateHash(during.template)).toBe(templateHash(before.template));
    expect(readRecipe(during.annotations)?.plans).toEqual([plan]);
    expect((await copy({ ...context, step: 0 })).refusal?.code).toBe('already-there');

    expect(await action.revert({ ...context, step: 9 }, plan)).toEqual({ outcome: 'undone' });
    expect(await action.revert({ ...context, step: 9 }, plan)).toEqual({ outcome: 'undone' });
    await until('the pod to go', async () => (await sessionPods(target)).length === 0);
    expect(readRecipe((await readWorkload(kubernetes, target)).annotations)).toBeNull();
    expect(await action.revert({ ...context, step: 10 }, plan)).toEqual({ outcome: 'not-needed' });
  });

  test('tells name, TCP and HTTP of each dependency as seen from inside, and no secret', async () => {
    await webServer('web');
    const env = [
      { name: 'WEB_URL', value: 'http://web:8080' },
      { name: 'REDIS_URL', value: `redis://:a-pass-word@web.${namespace}.svc:6379` },
      { name: 'GONE_URL', value: 'http://nowhere.invalid:80' },
    ];
    const { target, context } = await broken(env);
    const dependency = (name: string, changes: Partial<Dependency>): Dependency => ({
      ...{ name, type: 'http', namespace, selector: `app=${name}` },
      ...changes,
    });
    const runbook = runbookFor(target, [
      dependency('web', { env: 'WEB_URL', path: '/index.html' }),
      dependency('redis', { type: 'redis', env: 'REDIS_URL' }),
      dependency('gone', { env: 'GONE_URL' }),
    ]);
    const secrets = createSecrets('a key for tests', createRedactor({ key: 'a key for tests' }).redact);
    const own = { ...context, runbook, secrets };
    const plan = await copy({ ...own, step: 0 });
    const { saw } = await apply(own, plan);
    const [shell, web, redis, gone, environment] = saw;
    expect(environment).toContain('WEB_URL=http://web:8080');
    expect(saw.join('\n')).not.toMatch(/a-pass-word|first secret/);
    expect(web).toMatch(
      /^web \(web:8080\): the name resolves to [\d.]+; TCP is open; GET \/index.html answers: hello$/,
    );
    expect(redis).toMatch(/the name resolves to [\d.]+; TCP is NOT open: /);
    expect(gone).toMatch(
      /the name does NOT resolve; TCP is NOT open: nc: bad address 'nowhere.invalid'; GET \/ FAILED: /,
    );
    expect(shell).toMatch(/kubectl exec -it -n \S+ \S+ -c app -- sh$/);
    await action.revert({ ...own, step: 9 }, plan);
  });

  test('with an image that cannot be pulled fails with the reason, and leaves nothing', async () => {
    const { target, context } = await broken();
    const plan = await copy({ ...context, step: 0 }, { image: 'docker.io/library/not-there:1' });
    await expect(action.apply(context, plan)).rejects.toMatchObject({
      retryable: false,
      message: expect.stringContaining('docker.io/library/not-there:1 does not run'),
    });
    await until('the pod to go', async () => (await sessionPods(target)).length === 0);
    expect(readRecipe((await readWorkload(kubernetes, target)).annotations)).toBeNull();
  });

  test('ends by itself, also where no worker takes it back', async () => {
    const { target, context } = await broken();
    const plan = await copy({ ...context, step: 0 }, { duration: '10s' });
    await apply(context, plan);
    await until('its end', async () =>
      (await sessionPods(target)).every(({ status }) => status?.phase === 'Succeeded'),
    );
    expect((await sessionPods(target))[0]?.spec?.activeDeadlineSeconds).toBe(70);
    expect(await action.revert({ ...context, step: 9 }, plan)).toEqual({ outcome: 'undone' });
  });

  test('is not made by a step that comes after its undo, nor of a template that has changed', async () => {
    const { target, context } = await broken();
    const plan = await copy({ ...context, step: 0 });
    expect(await action.revert({ ...context, step: 9 }, plan)).toEqual({ outcome: 'not-needed' });
    await expect(action.apply(context, plan)).rejects.toMatchObject({
      code: 'refused',
      where: expect.stringContaining(GUARD),
    });
    const later = { ...context, step: 20 };
    await patchByHand(kubernetes, target, {
      spec: { template: { spec: { containers: [{ name: 'app', env: [{ name: 'NEW', value: 'x' }] }] } } },
    });
    await expect(action.apply(later, plan)).rejects.toMatchObject({ code: 'conflict', retryable: false });
    expect(await sessionPods(target)).toEqual([]);
  });

  test('asks where no person ordered it', async () => {
    const { context } = await broken();
    expect((await copy({ ...context, ordered: false })).ask).toContain('for a person who is there');
  });
});

describe('a debug session in the place of the workload', () => {
  test('never serves, is not restarted for it, asks, and gives the very template back', async () => {
    const { target, context } = await broken();
    const before = await readWorkload(kubernetes, target);
    const plan = await copy({ ...context, step: 0 }, { mode: 'in-place' });
    expect(plan.ask).toContain('nothing of it runs meanwhile');
    const { saw } = await apply(context, plan);
    expect(saw.join()).toContain('LOG_LEVEL=info');
    const { template } = await readWorkload(kubernetes, target);
    expect(template.spec?.containers[0]).toMatchObject({ image: BUSYBOX, command: ['sleep', '300'] });
    expect(template.spec?.containers[0]).not.toHaveProperty('livenessProbe');
    expect(
      (await podsOf(kubernetes, target)).every(({ status }) => status?.containerStatuses?.[0]?.ready !== true),
    ).toBe(true);
    expect(await action.revert({ ...context, step: 9 }, plan)).toEqual({ outcome: 'undone' });
    expect(templateHash((await readWorkload(kubernetes, target)).template)).toBe(templateHash(before.template));
  });

  test('is refused where a pod of it is ready', async () => {
    count += 1;
    const target = { namespace, kind: 'Deployment', name: `app-${count}` };
    await createDeployment(kubernetes, target, image, false);
    await until('it to be ready', async () => (await readWorkload(kubernetes, target)).status.ready === 1);
    const plan = await copy(contextFor(kubernetes, target, { ordered: true }), { mode: 'in-place' });
    expect(plan.refusal?.code).toBe('serves');
  });
});

/** A web server of busybox, with its Service. */
async function webServer(name: string): Promise<void> {
  const script = 'mkdir /www && echo hello > /www/index.html && exec httpd -f -p 8080 -h /www';
  await kubernetes.core.createNamespacedPod({
    namespace,
    body: {
      metadata: { name, labels: { app: name } },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ name: 'web', image: BUSYBOX, imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', script] }],
      },
    },
  });
  await kubernetes.core.createNamespacedService({
    namespace,
    body: { metadata: { name }, spec: { selector: { app: name }, ports: [{ port: 8080 }] } },
  });
  await until('the web server', async () => {
    const pod = await kubernetes.core.readNamespacedPod({ namespace, name });
    return pod.status?.containerStatuses?.[0]?.ready === true;
  });
}
