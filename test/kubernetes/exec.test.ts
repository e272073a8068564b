import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Duplex, PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { KintsugiError } from '../../src/errors.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import { type ExecRequest, type ExecStreams, execInPod } from '../../src/kubernetes/exec.ts';
import { kubeconfigTo } from './kubeconfig.ts';

/** What a real API server cannot be made to do: it answers an exec as each test says, over a WebSocket (RFC 6455). */

const STDOUT = 1;
const STDERR = 2;
const STATUS = 3;

let server: Server;
let folder: string;
let asked: URL;
let answer: (send: (channel: number, text: string) => void, socket: Duplex) => void;
let refusal: number | null;

beforeEach(async () => {
  refusal = null;
  server = createServer();
  server.on('upgrade', (request, socket: Duplex) => {
    socket.on('error', () => undefined);
    asked = new URL(request.url ?? '/', 'http://fake');
    if (refusal !== null) {
      socket.end(`HTTP/1.1 ${refusal} Refused\r\nConnection: close\r\n\r\n`);
      return;
    }
    const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash('sha1').update(key).digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: v4.channel.k8s.io\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    answer((channel, text) => socket.write(frame(channel, text)), socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  folder = await mkdtemp(join(tmpdir(), 'kintsugi-exec-'));
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

/** One unmasked binary frame; the first byte of its content is the channel. */
function frame(channel: number, text: string): Buffer {
  const content = Buffer.concat([Buffer.from([channel]), Buffer.from(text)]);
  const head = content.length < 126 ? Buffer.from([0x82, content.length]) : Buffer.from([0x82, 126, 0, 0]);
  if (head.length === 4) head.writeUInt16BE(content.length, 2);
  return Buffer.concat([head, content]);
}

async function exec(changes: Partial<ExecRequest> = {}, streams: ExecStreams = {}) {
  const { port }: { port: number } = JSON.parse(JSON.stringify(server.address()));
  const kubeconfig = join(folder, 'config');
  await writeFile(kubeconfig, kubeconfigTo(`http://127.0.0.1:${port}`));
  const own = { namespace: 'bruno', pod: 'debug', container: 'app', command: ['nc', '-w', '3'], timeoutMs: 5_000 };
  return execInPod(connectKubernetes({ kubeconfig }), { ...own, ...changes }, streams);
}

const execWith = (streams: ExecStreams) => exec({}, streams);

const success = JSON.stringify({ status: 'Success' });

describe('a program run in a container', () => {
  test('is told with its output and its exit code', async () => {
    answer = (send) => {
      send(STDOUT, 'out');
      send(STDERR, 'err');
      const causes = [{ reason: 'ExitCode', message: '7' }];
      send(STATUS, JSON.stringify({ status: 'Failure', reason: 'NonZeroExitCode', details: { causes } }));
    };
    expect(await exec()).toEqual({ exitCode: 7, stdout: 'out', stderr: 'err', cut: false });
    expect(asked.searchParams.getAll('command')).toEqual(['nc', '-w', '3']);
    expect(asked.searchParams.get('stdin')).toBe('false');
  });

  test('that says too much is cut, and still waited for', async () => {
    answer = (send) => {
      send(STDOUT, 'x'.repeat(20_000));
      send(STATUS, success);
    };
    const { stdout, cut, exitCode } = await exec();
    expect({ bytes: stdout.length, cut, exitCode }).toEqual({ bytes: 16_384, cut: true, exitCode: 0 });
  });

  test('that never answers ends with the timer', async () => {
    answer = () => undefined;
    await expect(exec({ timeoutMs: 200 })).rejects.toMatchObject({ code: 'timeout', retryable: true });
  });

  test('whose connection ends without a status is not taken for one that ended well', async () => {
    answer = (send, socket) => {
      send(STDOUT, 'half');
      socket.end();
    };
    await expect(exec()).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('without an answer'),
    });
  });

  test('that the image does not have is not found', async () => {
    answer = (send) => {
      const message = 'error executing command in container: exec: "nc": executable file not found in $PATH: unknown';
      send(STATUS, JSON.stringify({ status: 'Failure', reason: 'InternalError', message }));
    };
    await expect(exec()).rejects.toMatchObject({ code: 'not-found', message: 'nc is not in the image' });
  });

  test.each([
    [403, 'forbidden'],
    [404, 'not-found'],
    [500, 'unavailable'],
  ])('that the API server refuses with %i is %s', async (status, code) => {
    refusal = status;
    await expect(exec()).rejects.toMatchObject({ code, where: 'exec pods bruno/debug, container app' });
  });

  test('is given up when its caller gives up', async () => {
    answer = () => undefined;
    const given = new AbortController();
    const running = exec({ signal: given.signal });
    given.abort(new Error('cancelled'));
    await expect(running).rejects.toThrow('cancelled');
  });
});

describe('the streams of a program', () => {
  test('what it prints is given on as it comes, and ends with it', async () => {
    answer = (send) => {
      send(STDOUT, 'one');
      send(STDOUT, 'two');
      send(STATUS, success);
    };
    const stdout = new PassThrough();
    const [result, text] = await Promise.all([execWith({ stdout }), textOf(stdout)]);
    expect({ text, result }).toEqual({ text: 'onetwo', result: { exitCode: 0, stdout: '', stderr: '', cut: false } });
  });

  test('what it prints ends with the error that ended the connection', async () => {
    answer = (send, socket) => {
      send(STDOUT, 'half');
      socket.end();
    };
    const stdout = new PassThrough();
    const ended = [execWith({ stdout }), textOf(stdout)].map((promise) =>
      promise.then(
        () => 'ended well',
        (error: Error) => error.message,
      ),
    );
    const lost = expect.stringContaining('the connection ended without an answer');
    expect(await Promise.all(ended)).toEqual([lost, lost]);
  });

  test('is given up when nobody reads what it prints', async () => {
    answer = (send) => send(STDOUT, 'half');
    const stdout = new PassThrough();
    const running = execWith({ stdout });
    for await (const _ of stdout) break;
    await expect(running).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('its input is sent to it, and it ends by itself', async () => {
    const [received, socketData] = [Promise.withResolvers<string>(), [] as Buffer[]];
    answer = (send, socket) => {
      socket.on('data', (data: Buffer) => {
        socketData.push(unmasked(data));
        const text = Buffer.concat(socketData).toString();
        if (!text.endsWith('end')) return;
        received.resolve(text);
        send(STATUS, success);
      });
    };
    async function* stdin() {
      yield Buffer.from('begin ');
      yield Buffer.from('end');
    }
    expect(await execWith({ stdin: stdin() })).toMatchObject({ exitCode: 0 });
    expect((await received.promise).replaceAll('\u0000', '')).toBe('begin end');
    expect(asked.searchParams.get('stdin')).toBe('true');
  });

  test('input that cannot be read ends it with that reason', async () => {
    answer = () => undefined;
    async function* stdin() {
      yield Buffer.from('half');
      throw new KintsugiError('invalid', 'the artifact was altered', { where: 'a file', fix: 'none' });
    }
    await expect(execWith({ stdin: stdin() })).rejects.toMatchObject({ message: 'the artifact was altered' });
  });
});

async function textOf(stream: PassThrough): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** The content of masked frames shorter than 126 bytes. */
function unmasked(data: Buffer): Buffer {
  const contents: Buffer[] = [];
  for (let at = 0; at + 6 <= data.length; ) {
    const length = (data[at + 1] ?? 0) & 0x7f;
    const mask = data.subarray(at + 2, at + 6);
    const body = data.subarray(at + 6, at + 6 + length).map((byte, index) => byte ^ (mask[index % 4] ?? 0));
    if ((data[at] ?? 0) === 0x82) contents.push(Buffer.from(body));
    at += 6 + length;
  }
  return Buffer.concat(contents);
}
