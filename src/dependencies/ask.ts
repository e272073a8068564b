import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { KintsugiError, messageOf } from '../errors.ts';
import type { Kubernetes } from '../kubernetes/client.ts';
import type { Forward, ForwardFailure, PodPort } from '../kubernetes/port-forward.ts';
import { type ProxiedRequest, proxyGet } from '../kubernetes/proxy.ts';
import { type Address, usesTls } from './address.ts';
import type { Answer } from './answer.ts';
import { askMongo, type MongoLogin } from './mongodb.ts';
import { askRedis, type Login } from './redis.ts';

/** Milliseconds for the API server to open a connection, and for the dependency to give each answer. */
export interface Patience {
  openMs: number;
  answerMs: number;
}

const OPEN_MS = 5_000;
const PATIENCE: Patience = { openMs: OPEN_MS, answerMs: 3_000 };

/** A dependency with a protocol of its own, at one pod. */
export interface Question {
  type: 'redis' | 'mongodb';
  to: PodPort;
  /** The application's own address, with what it logs in with; null where it could not be read, or names another place. */
  address: Address | null;
}

/**
 * Asks one pod for real, over a connection through the API server (safety 21). Never throws but when `signal` gave it up: what
 * cannot be asked is `unknown`. Nothing of the address is in the answer.
 */
export async function askPod(
  forward: Forward,
  question: Question,
  signal: AbortSignal,
  { openMs, answerMs } = PATIENCE,
): Promise<Answer> {
  let stream: Duplex | undefined;
  try {
    stream = await forward(question.to, { timeoutMs: openMs, signal });
    const { address } = question;
    const spoken = address !== null && usesTls(address) ? overTls(stream) : stream;
    return question.type === 'redis'
      ? await askRedis(spoken, redisLogin(address), answerMs)
      : await askMongo(spoken, mongoLogin(address), answerMs);
  } catch (thrown) {
    signal.throwIfAborted();
    return stream === undefined ? { state: 'unknown', saw: reasonOf(thrown) } : judgeFailure(thrown);
  } finally {
    stream?.destroy();
  }
}

/** The pod is known by the API server's word; its certificate, often of an authority of its own, proves nothing more. */
function overTls(stream: Duplex): Duplex {
  return connectTls({ socket: stream, rejectUnauthorized: false });
}

function redisLogin(address: Address | null): Login | null {
  if (address === null) return null;
  const { username, password } = address;
  return { ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }) };
}

/** Where the user is kept: `authSource`, else the database in the path, else `admin` (connection string specification). */
function mongoLogin(address: Address | null): MongoLogin | null {
  if (address === null) return null;
  const mechanism = address.parameters.get('authMechanism');
  return {
    ...redisLogin(address),
    source: address.parameters.get('authSource') ?? (address.path === '' ? 'admin' : address.path),
    ...(mechanism === undefined ? {} : { mechanism }),
  };
}

/** The connection was open: what happened then is the pod's own doing, if it was not lost on the way. */
function judgeFailure(thrown: unknown): Answer {
  if (!(thrown instanceof KintsugiError)) return { state: 'failing', saw: reasonOf(thrown) };
  if (isForwardFailure(thrown.cause))
    return thrown.cause.refusedByPod
      ? { state: 'refused', saw: 'connection refused in the pod: nothing listens on the port' }
      : { state: 'unknown', saw: reasonOf(thrown) };
  if (thrown.code === 'timeout')
    return { state: 'silent', saw: `it accepts the connection and gives ${thrown.message}` };
  return { state: 'failing', saw: reasonOf(thrown) };
}

function isForwardFailure(cause: unknown): cause is ForwardFailure {
  return typeof cause === 'object' && cause !== null && 'refusedByPod' in cause;
}

function reasonOf(thrown: unknown): string {
  const text = thrown instanceof KintsugiError ? `${thrown.code}: ${thrown.message}` : messageOf(thrown);
  return text.replace(/\s+/g, ' ').slice(0, 250);
}

/** GETs one path through the API server's proxy. Never throws but when `signal` gave it up. */
export async function askHttp(kubernetes: Kubernetes, request: ProxiedRequest, signal: AbortSignal): Promise<Answer> {
  const patience = AbortSignal.timeout(OPEN_MS);
  try {
    const answered = await proxyGet(kubernetes, request, AbortSignal.any([signal, patience]));
    const saw = `GET ${request.path} answered ${answered.status}`;
    if (answered.fromApiServer) return judgeProxy(answered.status, answered.message);
    if (answered.status < 400) return { state: 'well', saw };
    return { state: answered.status === 401 || answered.status === 403 ? 'denied' : 'failing', saw };
  } catch (thrown) {
    signal.throwIfAborted();
    if (patience.aborted) return { state: 'silent', saw: `GET ${request.path} got no answer within ${OPEN_MS} ms` };
    return { state: 'unknown', saw: reasonOf(thrown) };
  }
}

/** The API server's own words: https://github.com/kubernetes/kubernetes/blob/v1.34.4/pkg/registry/core/service/storage/storage.go */
function judgeProxy(status: number, message: string): Answer {
  const saw = message.replace(/\s+/g, ' ').slice(0, 250);
  if (/no endpoints available/i.test(message)) return { state: 'no-route', saw };
  if (/connection refused/i.test(message)) return { state: 'refused', saw };
  if (status === 404) return { state: 'no-route', saw };
  return { state: 'unknown', saw };
}
