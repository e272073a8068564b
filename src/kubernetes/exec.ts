import type { PassThrough, Writable } from 'node:stream';
import { Exec, type V1Status } from '@kubernetes/client-node';
import { KintsugiError, messageOf } from '../errors.ts';
import type { Kubernetes } from './client.ts';
import { feed, Kept, Paced, type Socket, standardInput, untilGivenUp } from './exec-streams.ts';

/** A program to run in a container that runs. */
export interface ExecRequest {
  namespace: string;
  pod: string;
  container: string;
  /** The program and its arguments, without a shell. */
  command: string[];
  /** Milliseconds for all of it: the connection, the program, its answer. */
  timeoutMs: number;
  /** The most bytes that are kept of each of its streams; 16 KiB if not given. */
  mostBytes?: number;
  signal?: AbortSignal;
}

/** How the program ended. */
export interface ExecResult {
  exitCode: number;
  stdout: string;
  stderr: string;
  /** Whether more came than is kept. */
  cut: boolean;
}

/** Streams in place of what a request keeps by itself. */
export interface ExecStreams {
  /** Takes what the program prints, and is ended or destroyed with it; `ExecResult.stdout` is then empty. */
  stdout?: Writable;
  /** Standard input. It is not closed at its end: the program must know how much it reads. */
  stdin?: AsyncIterable<Uint8Array>;
}

/** Runs a program in a container. {@link execInPod} is the real one; tests put another in its place. */
export type ExecInPod = (kubernetes: Kubernetes, request: ExecRequest, streams?: ExecStreams) => Promise<ExecResult>;

/**
 * Runs a program in a container and waits for its end. client-node's Exec knows no timeout and may never call back (a socket that
 * closes without a status), so status, close, both streams and a timer are raced. A program that outlives the timer goes on
 * inside the container.
 * API: https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.34/#execaction-v1-core, pods/exec
 * @throws KintsugiError `not-found` for a pod, container or program that is not there, `forbidden`, `timeout`, `unavailable` when the
 * connection ended without an answer; the signal's reason when `signal` gave it up, a stream's own error when that failed
 */
export async function execInPod(
  { config }: Kubernetes,
  request: ExecRequest,
  streams: ExecStreams = {},
): Promise<ExecResult> {
  const stdout = streams.stdout === undefined ? new Kept(request.mostBytes) : new Paced(streams.stdout);
  const stderr = new Kept(request.mostBytes);
  const input = streams.stdin === undefined ? null : standardInput();
  const over = new AbortController();
  const timer = AbortSignal.timeout(request.timeoutMs);
  const signal = AbortSignal.any([timer, over.signal, ...(request.signal === undefined ? [] : [request.signal])]);
  const { opening, status, end } = begin(config, request, { stdout, stderr, input });
  const givenUp = streams.stdout === undefined ? [] : [untilGivenUp(streams.stdout)];
  try {
    const socket = await unlessAborted(opening, signal);
    socket.addEventListener('close', () => end(null));
    if (stdout instanceof Paced) stdout.socket = socket;
    const failures = [...givenUp, ...fed(streams.stdin, { input, socket, signal })];
    const answer = await unlessAborted(Promise.race([status, ...failures]), signal);
    const printed = stdout instanceof Kept ? { stdout: stdout.text, cut: stdout.cut } : { stdout: '', cut: false };
    return ended(request, answer, { ...printed, stderr: stderr.text, cut: printed.cut || stderr.cut });
  } catch (thrown) {
    const error = request.signal?.aborted === true ? request.signal.reason : failed(request, thrown, timer);
    streams.stdout?.destroy(error);
    throw error;
  } finally {
    over.abort();
    // Also one that opens only after it was given up.
    opening.then(
      (socket) => socket.terminate(),
      () => undefined,
    );
  }
}

function begin(
  config: Kubernetes['config'],
  { namespace, pod, container, command }: ExecRequest,
  { stdout, stderr, input }: { stdout: Writable; stderr: Writable; input: PassThrough | null },
): { opening: Promise<Socket>; status: Promise<V1Status | null>; end: (status: V1Status | null) => void } {
  const { promise: status, resolve: end } = Promise.withResolvers<V1Status | null>();
  const exec = new Exec(config);
  const opening = exec.exec(namespace, pod, container, command, stdout, stderr, input, false, end);
  return { opening, status, end };
}

/** Rejects when the content cannot be read; when all of it is sent the program's answer is still waited for. */
function fed(
  content: AsyncIterable<Uint8Array> | undefined,
  { input, socket, signal }: { input: PassThrough | null; socket: Socket; signal: AbortSignal },
): Promise<never>[] {
  if (content === undefined || input === null) return [];
  const { promise: failure, reject } = Promise.withResolvers<never>();
  feed(content, { input, socket, signal }).catch(reject);
  // A program that ended before it had read all is no fault of the content.
  failure.catch(() => undefined);
  return [failure];
}

async function unlessAborted<T>(waited: Promise<T>, signal: AbortSignal): Promise<T> {
  let give: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    give = () => reject(signal.reason);
    if (signal.aborted) give();
    signal.addEventListener('abort', give);
  });
  try {
    return await Promise.race([waited, aborted]);
  } finally {
    signal.removeEventListener('abort', give);
  }
}

function ended(request: ExecRequest, status: V1Status | null, output: Omit<ExecResult, 'exitCode'>): ExecResult {
  if (status === null) throw failureOf(request, new Error('the connection ended without an answer'));
  if (status.status === 'Success') return { exitCode: 0, ...output };
  const exitCode = status.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
  if (exitCode !== undefined) return { exitCode: Number(exitCode), ...output };
  throw failureOf(request, new Error(status.message ?? status.reason ?? 'it failed'));
}

/** What a stream was ended with is told as it is, whatever the connection says of it. */
function failed(request: ExecRequest, thrown: unknown, timer: AbortSignal): KintsugiError {
  if (thrown instanceof KintsugiError) return thrown;
  return timer.aborted ? tookTooLong(request) : failureOf(request, thrown);
}

function tookTooLong(request: ExecRequest): KintsugiError {
  return new KintsugiError('timeout', `${programOf(request)} gave no answer within ${request.timeoutMs} ms`, {
    where: whereOf(request),
    fix: 'Look whether the container still runs, and try again.',
  });
}

/** The API server's refusals of the connection come as the status of an upgrade, the runtime's as a text. */
function failureOf(request: ExecRequest, thrown: unknown): KintsugiError {
  if (thrown instanceof KintsugiError) return thrown;
  const reason = reasonOf(thrown);
  const where = whereOf(request);
  const refused = /Unexpected server response: (\d{3})/.exec(reason)?.[1];
  if (refused === '403' || refused === '401')
    return new KintsugiError('forbidden', `exec is not allowed (${refused})`, {
      where,
      fix: "Give Kintsugi's user the verbs get and create on pods/exec there: deploy/kubernetes/exec-in-namespace.yaml.",
      cause: thrown,
    });
  if (refused === '404')
    return new KintsugiError('not-found', 'there is no such pod', {
      where,
      fix: 'Look the pod up again.',
      cause: thrown,
    });
  if (/executable file not found|no such file or directory/.test(reason))
    return new KintsugiError('not-found', `${programOf(request)} is not in the image`, {
      where,
      fix: 'Use an image that has it.',
      cause: thrown,
    });
  if (/container not found/.test(reason))
    return new KintsugiError('not-found', 'the container does not run', {
      where,
      fix: 'Look at its state.',
      cause: thrown,
    });
  return new KintsugiError('unavailable', `${programOf(request)} could not be run: ${reason}`, {
    where,
    fix: 'Look whether the container still runs, and try again.',
    cause: thrown,
  });
}

/** A socket's failure is an event with a message, no Error. */
function reasonOf(thrown: unknown): string {
  if (typeof thrown === 'object' && thrown !== null && 'message' in thrown && typeof thrown.message === 'string')
    return thrown.message;
  return messageOf(thrown);
}

function programOf({ command }: ExecRequest): string {
  return command[0] ?? 'no program';
}

function whereOf({ namespace, pod, container }: ExecRequest): string {
  return `exec pods ${namespace}/${pod}, container ${container}`;
}
