import { Duplex, PassThrough, Writable } from 'node:stream';
import { PortForward } from '@kubernetes/client-node';
import { KintsugiError, messageOf } from '../errors.ts';
import type { Kubernetes } from './client.ts';

/** One port of one pod, as seen from inside the pod's network namespace (its own `localhost`). */
export interface PodPort {
  namespace: string;
  pod: string;
  port: number;
}

/** Bounds of one forwarded connection. */
export interface ForwardOptions {
  /** Milliseconds that the API server may take to open the connection. */
  timeoutMs: number;
  signal?: AbortSignal;
}

/** Opens a connection to a pod's port. {@link forwardPort} is the real one; tests put another in its place. */
export type Forward = (to: PodPort, options: ForwardOptions) => Promise<Duplex>;

/** The `cause` of the error with which a forwarded connection ends that the pod itself did not take. */
export interface ForwardFailure {
  refusedByPod: boolean;
}

/** Nothing that Kintsugi asks through a pod's port answers with more. */
const MOST_BYTES = 1024 * 1024;

/**
 * One TCP connection to a pod through the API server's pods/portforward, without a listening socket (safety 21). The answer is
 * a stream: what the kubelet could not connect to ends it with a KintsugiError `unavailable` whose cause is a
 * {@link ForwardFailure}. Destroying the stream closes the connection.
 * API: https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.34/#create-connect-portforward-pod-v1-core
 * @throws KintsugiError `forbidden` without the permission, `not-found` without the pod, `timeout` and `unavailable` where the
 *   API server or the kubelet does not open it; the signal's reason when `signal` gave it up
 */
export async function forwardPort(kubernetes: Kubernetes, to: PodPort, options: ForwardOptions): Promise<Duplex> {
  options.signal?.throwIfAborted();
  const stream = new PodStream(placeOf(to));
  const opening = new PortForward(kubernetes.config).portForward(
    to.namespace,
    to.pod,
    [to.port],
    new Sink((chunk) => stream.receive(chunk)),
    new Sink((chunk) => stream.fail(chunk.toString('utf8'))),
    stream.toPod,
  );
  // A connection that opens after it was given up is closed again; one that fails then concerns nobody.
  opening.then(
    (socket) => stream.attach(typeof socket === 'function' ? socket() : socket),
    () => undefined,
  );
  try {
    await inTime(opening, to, options);
    return stream;
  } catch (thrown) {
    stream.destroy();
    throw thrown;
  }
}

/** Waits for the connection, for its time, or for the caller to give it up. */
async function inTime(opening: Promise<unknown>, to: PodPort, { timeoutMs, signal }: ForwardOptions): Promise<void> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const end = () => reject(either.reason);
  either.addEventListener('abort', end, { once: true });
  try {
    await Promise.race([opening, ended]);
  } catch (thrown) {
    if (signal?.aborted === true) throw signal.reason;
    throw timeout.aborted ? tooLate(to, timeoutMs) : failureOf(to, thrown);
  } finally {
    either.removeEventListener('abort', end);
  }
}

/** The client's side of the WebSocket that client-node opens. */
interface Socket {
  onclose: unknown;
  terminate?(): void;
  close(): void;
}

/** Both directions as one stream, bounded in what it takes. */
class PodStream extends Duplex {
  /** client-node sends what is written here. */
  readonly toPod = new PassThrough();
  readonly #where: string;
  #socket: Socket | null = null;
  #received = 0;
  #ended = false;

  constructor(where: string) {
    super();
    this.#where = where;
    // Whoever reads or writes learns of a failure; one that comes when nobody does any more is no crash.
    this.on('error', () => undefined);
  }

  attach(socket: Socket | null): void {
    this.#socket = socket;
    if (this.destroyed) this.#close();
    else if (socket !== null) socket.onclose = () => this.#end();
  }

  receive(chunk: Buffer): void {
    this.#received += chunk.length;
    if (this.#received > MOST_BYTES) this.destroy(endedBy(this.#where, `it sent more than ${MOST_BYTES} bytes`, false));
    else if (!this.destroyed && !this.#ended && chunk.length > 0) this.push(chunk);
  }

  /** The kubelet's own words on why it has no connection; an empty message only opens the channel. */
  fail(words: string): void {
    if (words.trim() === '') return;
    this.destroy(endedBy(this.#where, words.trim().slice(0, 300), /connection refused|ECONNREFUSED/i.test(words)));
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.toPod.write(chunk);
    done();
  }

  override _read(): void {
    // Pushed as it comes: a probe's answers are small, and MOST_BYTES bounds them.
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#close();
    done(error);
  }

  #end(): void {
    if (!this.#ended && !this.destroyed) this.push(null);
    this.#ended = true;
  }

  #close(): void {
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return;
    socket.onclose = null;
    // Without the closing handshake, which the other side may leave unanswered for 30 s.
    if (socket.terminate === undefined) socket.close();
    else socket.terminate();
  }
}

/** Hands on what is written to it. */
class Sink extends Writable {
  readonly #take: (chunk: Buffer) => void;

  constructor(take: (chunk: Buffer) => void) {
    super();
    this.#take = take;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#take(chunk);
    done();
  }
}

function placeOf({ namespace, pod, port }: PodPort): string {
  return `port ${port} of pod ${namespace}/${pod}`;
}

function endedBy(where: string, words: string, refusedByPod: boolean): KintsugiError {
  const cause: ForwardFailure = { refusedByPod };
  return new KintsugiError('unavailable', `${where} has no connection: ${words}`, {
    where,
    fix: 'Look at the pod: kubectl describe pod, and its log.',
    cause,
  });
}

function tooLate(to: PodPort, timeoutMs: number): KintsugiError {
  return new KintsugiError('timeout', `the API server opened no connection to ${placeOf(to)} within ${timeoutMs} ms`, {
    where: `create pods/portforward ${to.namespace}/${to.pod}`,
    fix: "Check the API server's way to the node's kubelet.",
  });
}

/** The WebSocket's own error says only `Unexpected server response: 403`. */
function failureOf(to: PodPort, thrown: unknown): KintsugiError {
  const message = wordsOf(thrown);
  const status = /server response: (\d{3})/.exec(message)?.[1];
  const where = `create pods/portforward ${to.namespace}/${to.pod}`;
  if (status === '401' || status === '403')
    return new KintsugiError('forbidden', `the API server does not forward ${placeOf(to)} for this user`, {
      where,
      fix: "Give Kintsugi's user or ServiceAccount `get` and `create` on pods/portforward (deploy/kubernetes/observe.yaml).",
      cause: thrown,
    });
  if (status === '404')
    return new KintsugiError('not-found', `there is no pod ${to.namespace}/${to.pod}`, {
      where,
      fix: 'Look at the pods again; it is gone.',
      cause: thrown,
    });
  return new KintsugiError('unavailable', `${placeOf(to)} cannot be forwarded: ${message}`, {
    where,
    fix: 'Try again; if it stays, look at the API server and the kubelet of its node.',
    cause: thrown,
  });
}

/** An Error's, or an ErrorEvent's, which is none. */
function wordsOf(thrown: unknown): string {
  if (typeof thrown === 'object' && thrown !== null && 'message' in thrown && typeof thrown.message === 'string')
    return thrown.message;
  return messageOf(thrown);
}
