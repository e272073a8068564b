import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { V1Secret } from '@kubernetes/client-node';
import { grantKintsugi } from '../../dev/workloads/access.ts';
import type { ActionContext } from '../../src/actions/action.ts';
import { actionNamed } from '../../src/actions/parameters.ts';
import { GUARD } from '../../src/actions/write/guard.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import { readWorkload } from '../../src/kubernetes/workloads.ts';
import type { Plan, Target } from '../../src/recovery/values.ts';
import { contextFor, finding, planned, RECOVERY } from '../actions/action-context.ts';
import type { TestServer } from '../http/server.ts';
import { needs, provided } from '../needs.ts';
import { startFakeRegistry } from '../registry/fake-registry.ts';
import { startLosingProxy } from './losing-proxy.ts';
import { createNamespace, deleteNamespace, readerKubeconfig } from './namespace.ts';
import { deployment, idleImage, patchByHand } from './workloads.ts';

needs('cluster');

jest.setTimeout(120_000);

/** The contract of every action (test/cluster/actions.test.ts), for the one that makes an object: copy-secret. */

const kubeconfig = provided('cluster');
const PASSWORD = randomBytes(12).toString('hex');
const NAME = 'ghcr-secret';
let kubernetes: Kubernetes;
let namespace: string;
let source: string;
let registry: TestServer;
let folder: string;
let target: Target;

beforeAll(async () => {
  kubernetes = connectKubernetes({ kubeconfig });
  namespace = await createNamespace(kubernetes, 'copy');
  source = await createNamespace(kubernetes, 'copy-source');
  registry = await startFakeRegistry({ username: 'user', password: PASSWORD });
  folder = await mkdtemp(join(tmpdir(), 'kintsugi-copy-'));
  target = { namespace, kind: 'Deployment', name: 'app' };
  const body = deployment(namespace, await idleImage(kubernetes));
  const pod = body.spec?.template.spec;
  if (pod !== undefined) {
    pod.imagePullSecrets = [{ name: NAME }];
    for (const container of pod.containers) container.image = 'registry.invalid/team/app:1';
  }
  await kubernetes.apps.createNamespacedDeployment({ namespace, body });
  await kubernetes.core.createNamespacedSecret({ namespace: source, body: pullSecret() });
});

beforeEach(async () => {
  if ((await copyNow()) !== null) await kubernetes.core.deleteNamespacedSecret({ name: NAME, namespace });
  await patchByHand(kubernetes, target, { metadata: { annotations: { [GUARD]: null } } });
});

afterAll(async () => {
  await deleteNamespace(kubernetes, namespace);
  await deleteNamespace(kubernetes, source);
  await registry.close();
  await rm(folder, { recursive: true });
});

function pullSecret(): V1Secret {
  const auths = { 'registry.invalid': { username: 'user', password: PASSWORD } };
  return {
    metadata: { name: NAME },
    type: 'kubernetes.io/dockerconfigjson',
    stringData: { '.dockerconfigjson': JSON.stringify({ auths }) },
  };
}

const action = actionNamed('copy-secret');
const context = (over: Partial<ActionContext> = {}): ActionContext =>
  contextFor(kubernetes, target, {
    mirrors: { 'registry.invalid': registry.url },
    finding: { ...finding, cause: 'image-pull-failure' },
    ...over,
  });
const plan = (over: Partial<ActionContext> = {}): Promise<Plan> =>
  planned(context(over), 'copy-secret', { name: NAME, from: { namespace: source } });

async function copyNow(): Promise<V1Secret | null> {
  return kubernetes.core.readNamespacedSecret({ name: NAME, namespace }).catch(() => null);
}

describe('copying a pull secret', () => {
  test('plans exactly what apply then makes, writes nothing before, and shows no password', async () => {
    const made = await plan();
    expect(made.refusal).toBeUndefined();
    expect(await copyNow()).toBeNull();
    expect(JSON.stringify(made)).not.toContain(PASSWORD);
    expect(JSON.stringify(made)).not.toContain(Buffer.from(PASSWORD).toString('base64').slice(0, 12));
    const heard: string[] = [];
    expect(await action.apply(context({ heartbeat: (detail) => void heard.push(detail) }), made)).toBe('applied');
    const copy = await copyNow();
    const original = await kubernetes.core.readNamespacedSecret({ name: NAME, namespace: source });
    expect(copy).toMatchObject({ type: original.type, data: original.data });
    expect(copy?.metadata?.annotations).toEqual({ [GUARD]: `${RECOVERY}#5` });
    expect(heard.join()).not.toContain(PASSWORD);
  });

  test('applied twice equals once', async () => {
    const made = await plan();
    await action.apply(context(), made);
    const uid = (await copyNow())?.metadata?.uid;
    expect(await action.apply(context(), made)).toBe('applied');
    expect(await action.hasWritten?.(context(), made)).toBe(true);
    expect((await copyNow())?.metadata?.uid).toBe(uid);
    expect((await plan()).refusal?.code).toBe('is-there');
  });

  test('is made once when its answer is lost, and is still known as applied and taken back', async () => {
    const made = await plan();
    const proxy = await startLosingProxy(kubeconfig);
    try {
      const path = join(folder, 'proxy');
      await writeFile(path, proxy.kubeconfig);
      const through = context({ kubernetes: connectKubernetes({ kubeconfig: path }) });
      proxy.lose = 1;
      await expect(action.apply(through, made)).rejects.toMatchObject({ code: 'unavailable', retryable: true });
      expect(await action.hasWritten?.(through, made)).toBe(true);
      expect(await action.apply(through, made)).toBe('applied');
    } finally {
      await proxy.close();
    }
    expect(await action.revert(context({ step: 9 }), made)).toEqual({ outcome: 'undone' });
    expect(await copyNow()).toBeNull();
    expect(await action.revert(context({ step: 10 }), made)).toEqual({ outcome: 'not-needed' });
  });

  test('is neither made nor taken away over what another hand put there', async () => {
    const made = await plan();
    await kubernetes.core.createNamespacedSecret({
      namespace,
      body: { metadata: { name: NAME }, stringData: { a: 'b' } },
    });
    await expect(action.apply(context(), made)).rejects.toMatchObject({ code: 'conflict', retryable: false });
    expect(await action.revert(context({ step: 9 }), made)).toMatchObject({ outcome: 'refused' });
    expect(await copyNow()).toMatchObject({ type: 'Opaque' });
  });

  test('is left where another hand changed the copy since', async () => {
    const made = await plan();
    await action.apply(context(), made);
    const copy = await copyNow();
    const other = Buffer.from('{"auths":{}}').toString('base64');
    await kubernetes.core.replaceNamespacedSecret({
      name: NAME,
      namespace,
      body: { ...copy, data: { '.dockerconfigjson': other } },
    });
    const result = await action.revert(context({ step: 9 }), made);
    expect(result).toMatchObject({ outcome: 'refused', saw: expect.stringContaining('another hand') });
    expect(await copyNow()).not.toBeNull();
  });

  test('late, after its undo, is refused and writes nothing; so is one beside another open recovery', async () => {
    const made = await plan();
    expect(await action.revert(context({ step: 9 }), made)).toEqual({ outcome: 'not-needed' });
    expect((await readWorkload(kubernetes, target)).annotations[GUARD]).toBe(`${RECOVERY}#9`);
    await expect(action.apply(context(), made)).rejects.toMatchObject({ code: 'refused' });
    await patchByHand(kubernetes, target, { metadata: { annotations: { [GUARD]: 'recovery/other@12345678#3' } } });
    const open = context({ isRunOpen: async () => true });
    await expect(action.apply(open, made)).rejects.toMatchObject({ code: 'refused' });
    expect(await copyNow()).toBeNull();
  });

  test('says that it may not be written, or that its source is another one now', async () => {
    const made = await plan();
    const path = join(folder, 'reader');
    await writeFile(path, await readerKubeconfig(kubernetes, namespace));
    const reader = context({ kubernetes: connectKubernetes({ kubeconfig: path }) });
    await expect(action.apply(reader, made)).rejects.toMatchObject({ code: 'forbidden', retryable: false });
    await kubernetes.core.deleteNamespacedSecret({ name: NAME, namespace: source });
    await kubernetes.core.createNamespacedSecret({ namespace: source, body: pullSecret() });
    await expect(action.apply(context(), made)).rejects.toMatchObject({ code: 'conflict', retryable: false });
    expect(await copyNow()).toBeNull();
  });

  test('is all that the user kintsugi may create of Secrets', async () => {
    await grantKintsugi(kubernetes, { actIn: [namespace] });
    const kintsugi = connectKubernetes({ kubeconfig: process.env.KINTSUGI_TEST_KINTSUGI_KUBECONFIG ?? '' });
    const made = await plan({ kubernetes: kintsugi });
    const other = () =>
      kintsugi.core.createNamespacedSecret({
        namespace,
        body: { metadata: { name: 'other' }, stringData: { a: 'b' } },
      });
    await expect(other()).rejects.toThrow('Kintsugi creates Secrets only as copies of pull secrets');
    expect(await action.apply(context({ kubernetes: kintsugi }), made)).toBe('applied');
    expect(await action.revert(context({ kubernetes: kintsugi, step: 9 }), made)).toEqual({ outcome: 'undone' });
  });
});
