import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterEach, describe, expect, test } from '@jest/globals';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import { forwardPort } from '../../src/kubernetes/port-forward.ts';
import { kubeconfigTo } from './kubeconfig.ts';
import { type Channel, startWebSockets } from './websocket-server.ts';

const DATA = 0;
const ERROR = 1;
const PORT = Buffer.from([0xeb, 0x18]);
const to = { namespace: 'redis', pod: 'redis-0', port: 6379 };
const cleaning: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleaning.splice(0).reverse()) await clean();
});

async function open(
  accept: Parameters<typeof startWebSockets>[0],
  options: { timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<Duplex> {
  const server = await startWebSockets(accept);
  cleaning.push(server.close);
  const folder = await mkdtemp(join(tmpdir(), 'kintsugi-forward-'));
  cleaning.push(() => rm(folder, { recursive: true }));
  const kubeconfig = join(folder, 'config');
  await writeFile(kubeconfig, kubeconfigTo(server.url));
  return forwardPort(connectKubernetes({ kubeconfig }), to, { timeoutMs: 5000, ...options });
}

/** As the kubelet does: the port's number first on both channels. */
function opened(channel: Channel): void {
  channel.send(DATA, PORT);
  channel.send(ERROR, PORT);
}

const text = async (stream: Duplex): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};

describe("a connection to a pod's port through the API server", () => {
  test('carries bytes both ways, without the port numbers that come first, until the pod ends it', async () => {
    let path = '';
    const stream = await open((channel, asked) => {
      path = asked;
      opened(channel);
      channel.onMessage((number, bytes) => {
        channel.send(number, Buffer.from(`echo ${bytes.toString()}`));
        channel.end();
      });
    });
    stream.write('PING');
    expect(await text(stream)).toBe('echo PING');
    expect(path).toBe('/api/v1/namespaces/redis/pods/redis-0/portforward?ports=6379');
  });

  test('is closed when the stream is destroyed', async () => {
    const { promise, resolve } = Promise.withResolvers<Channel>();
    const stream = await open(resolve);
    stream.destroy();
    await (await promise).closed;
    expect(stream.destroyed).toBe(true);
  });

  test.each([
    ['dial tcp4 127.0.0.1:6379: connect: connection refused', true],
    ['container not running', false],
  ])("ends with the kubelet's own word: %s", async (words, refusedByPod) => {
    const stream = await open((channel) => {
      opened(channel);
      channel.send(ERROR, Buffer.from(words));
    });
    await expect(text(stream)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(words),
      cause: { refusedByPod },
    });
  });

  test('takes no more than a mebibyte', async () => {
    const stream = await open((channel) => {
      opened(channel);
      for (let sent = 0; sent < 12_000; sent += 1) channel.send(DATA, Buffer.alloc(100));
    });
    await expect(text(stream)).rejects.toThrow('more than 1048576 bytes');
  });

  test.each([
    [403, 'forbidden'],
    [404, 'not-found'],
    [500, 'unavailable'],
  ])('is refused with %i as %s', async (status, code) => {
    await expect(open(status)).rejects.toMatchObject({ code, where: 'create pods/portforward redis/redis-0' });
  });

  test('is given up when it does not open in time', async () => {
    await expect(open('hang', { timeoutMs: 200 })).rejects.toMatchObject({ code: 'timeout' });
  });

  test("is given up with the caller's own reason", async () => {
    const giveUp = new AbortController();
    const opening = open('hang', { signal: giveUp.signal });
    setTimeout(() => giveUp.abort(new Error('cancelled')), 50);
    await expect(opening).rejects.toThrow('cancelled');
  });
});
