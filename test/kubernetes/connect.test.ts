import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { PatchStrategy } from '@kubernetes/client-node';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import { callOptions } from '../../src/kubernetes/transport.ts';
import { kubeconfigTo } from './kubeconfig.ts';

let folder: string;
const servers: Server[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kintsugi-connect-'));
});

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  await rm(folder, { recursive: true });
});

describe('the configuration', () => {
  test('that is not there fails at once, and never means localhost:8080', () => {
    const { KUBECONFIG, HOME } = process.env;
    delete process.env.KUBECONFIG;
    process.env.HOME = folder;
    try {
      expect(() => connectKubernetes()).toThrow(
        expect.objectContaining({
          code: 'invalid',
          where: '~/.kube/config',
          message: expect.stringContaining('there is none'),
        }),
      );
    } finally {
      if (KUBECONFIG !== undefined) process.env.KUBECONFIG = KUBECONFIG;
      process.env.HOME = HOME;
    }
  });

  test('that cannot be read, or names no cluster, is named', async () => {
    const missing = join(folder, 'missing');
    expect(() => connectKubernetes({ kubeconfig: missing })).toThrow(
      expect.objectContaining({ code: 'invalid', where: missing }),
    );
    const empty = join(folder, 'empty');
    await writeFile(empty, JSON.stringify({ apiVersion: 'v1', kind: 'Config', clusters: [], users: [], contexts: [] }));
    expect(() => connectKubernetes({ kubeconfig: empty })).toThrow(/names no cluster/);
  });
});

describe('what the API server answers', () => {
  const status = (message: string) => JSON.stringify({ kind: 'Status', message });

  test.each([
    [401, status('Unauthorized'), 'forbidden', false],
    [403, status('pods is forbidden: User "x" cannot list resource "pods" in API group ""'), 'forbidden', false],
    [403, status('pods "a" is forbidden: exceeded quota: q, requested: pods=1'), 'refused', false],
    [
      403,
      status('pods "a" is forbidden: maximum memory usage per Container is 48Mi, but limit is 64Mi'),
      'refused',
      false,
    ],
    [400, status('admission webhook "policy.example.com" denied the request: no'), 'refused', false],
    [404, status('pods "a" not found'), 'not-found', false],
    [409, status('the object has been modified'), 'conflict', true],
    [422, status('Deployment "a" is invalid: spec.replicas: Invalid value: -1'), 'invalid', false],
    [422, status("ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no"), 'refused', false],
    [429, status('too many requests'), 'unavailable', true],
    [500, status('failed calling webhook'), 'unavailable', true],
    [503, '<html>a proxy</html>', 'unavailable', true],
    [504, '', 'timeout', true],
  ])('%d %s is %s', async (code, body, expected, retryable) => {
    const kubernetes = await answering((_, response) => {
      response.writeHead(code, { 'content-type': 'application/json' }).end(body);
    });
    await expect(kubernetes.core.readNamespacedPod({ namespace: 'bruno', name: 'agent' })).rejects.toMatchObject({
      code: expected,
      retryable,
      where: 'get pods bruno/agent',
      fix: expect.stringMatching(/\.$/),
    });
  });

  test('names verb, subresource and list of what was asked for', async () => {
    const kubernetes = await answering((_, response) => {
      response.writeHead(404).end();
    });
    await expect(kubernetes.core.listNode()).rejects.toMatchObject({ where: 'list nodes' });
    await expect(kubernetes.core.readNamespacedPodLog({ namespace: 'a', name: 'b' })).rejects.toMatchObject({
      where: 'get pods/log a/b',
    });
    await expect(
      kubernetes.apps.patchNamespacedDeployment({ namespace: 'a', name: 'b', body: [] }),
    ).rejects.toMatchObject({ where: 'patch deployments a/b' });
  });
});

describe('a call', () => {
  test('whose answer or its end does not come is given up in time', async () => {
    const silent = await answering(() => undefined, 100);
    await expect(silent.core.listNode()).rejects.toMatchObject({ code: 'timeout', retryable: true });
    const endless = await answering((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"items": [');
    }, 100);
    await expect(endless.core.listNode()).rejects.toMatchObject({ code: 'timeout' });
  });

  test('is given up at once when its caller is cancelled, with the caller’s reason', async () => {
    const controller = new AbortController();
    const kubernetes = await answering(() => controller.abort(new Error('cancelled by the test')));
    await expect(kubernetes.core.listNode({}, callOptions({ signal: controller.signal }))).rejects.toThrow(
      'cancelled by the test',
    );
  });

  test('to a server that is away says so with its address', async () => {
    const kubernetes = await connectTo('http://127.0.0.1:9');
    await expect(kubernetes.core.listNode()).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('127.0.0.1:9 cannot be reached'),
    });
  });

  test('patches with the content type that was asked for, and keeps its signal', async () => {
    const types: (string | undefined)[] = [];
    const kubernetes = await answering((request, response) => {
      types.push(request.headers['content-type']);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
    const { signal } = new AbortController();
    const call = { namespace: 'a', name: 'b', body: {} };
    await kubernetes.apps.patchNamespacedDeployment(call, callOptions({ patch: PatchStrategy.MergePatch, signal }));
    await kubernetes.apps.patchNamespacedDeployment(call, callOptions({ patch: PatchStrategy.StrategicMergePatch }));
    expect(types).toEqual(['application/merge-patch+json', 'application/strategic-merge-patch+json']);
  });
});

async function answering(listener: RequestListener, timeoutMs?: number): Promise<Kubernetes> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port }: { port: number } = JSON.parse(JSON.stringify(server.address()));
  return connectTo(`http://127.0.0.1:${port}`, timeoutMs);
}

async function connectTo(server: string, timeoutMs?: number): Promise<Kubernetes> {
  const kubeconfig = join(folder, 'config');
  await writeFile(kubeconfig, kubeconfigTo(server));
  return connectKubernetes({ kubeconfig, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
}
