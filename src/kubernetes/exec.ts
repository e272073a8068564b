import { Writable } from 'node:stream';
import { Exec, type V1Status } from '@kubernetes/client-node';
import { KintsugiError, messageOf } from '../errors.ts';
import type { Kubernetes } from './client.ts';

/** The most bytes that are kept of each of a command's streams, if the request says no other number: what comes after is dropped. */
const MOST_BYTES = 16 * 1024;

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

/** What is used of the socket that client-node hands out; it ships no type of it. */
interface Socket {
  addEventListener(event: 'close', listener: () => void): void;
  terminate(): void;
}

/**
 * Runs a program in a container and waits for its end, without standard input. client-node's Exec knows no timeout and may
 * never call back (a socket that closes without a status), so status, close and a timer are raced. A program that outlives
 * the timer goes on inside the container.
 * API: https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.34/#execaction-v1-core, pods/exec
 * @throws KintsugiError `not-found` for a pod, container or program that is not there, `forbidden`, `timeout`, `unavailable` when the
 * connection ended without an answer; the signal's reason when `signal` gave it up
 */
export async function execInPod({ config }: Kubernetes, request: ExecRequest): Promise<ExecResult> {
  const { namespace, pod, container, command, timeoutMs } = request;
  const stdout = new Kept(request.mostBytes);
  const stderr = new Kept(request.mostBytes);
  const timer = AbortSignal.timeout(timeoutMs);
  const signal = request.signal === undefined ? timer : AbortSignal.any([timer, request.signal]);
  let answered: (status: V1Status | null) => void = () => undefined;
  const status = new Promise<V1Status | null>((resolve) => {
    answered = resolve;
  });
  const opening: Promise<Socket> = new Exec(config).exec(
    namespace,
    pod,
    container,
    command,
    stdout,
    stderr,
    null,
    false,
    (given) => answered(given),
  );
  try {
    const socket = await unlessAborted(opening, signal);
    socket.addEventListener('close', () => answered(null));
    const result = await unlessAborted(status, signal);
    return ended(request, result, { stdout: stdout.text, stderr: stderr.text, cut: stdout.cut || stderr.cut });
  } catch (thrown) {
    request.signal?.throwIfAborted();
    throw timer.aborted ? tookTooLong(request) : failureOf(request, thrown);
  } finally {
    // Also one that opens only after it was given up.
    opening.then(
      (socket) => socket.terminate(),
      () => undefined,
    );
  }
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

/** A stream's first bytes. */
class Kept extends Writable {
  private readonly chunks: Buffer[] = [];
  private readonly mostBytes: number;
  private bytes = 0;
  cut = false;

  constructor(mostBytes = MOST_BYTES) {
    super();
    this.mostBytes = mostBytes;
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('utf8');
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    const room = this.mostBytes - this.bytes;
    this.cut ||= chunk.length > room;
    if (room > 0) this.chunks.push(chunk.subarray(0, room));
    this.bytes += Math.min(room, chunk.length);
    done();
  }
}

function ended(request: ExecRequest, status: V1Status | null, output: Omit<ExecResult, 'exitCode'>): ExecResult {
  if (status === null) throw failureOf(request, new Error('the connection ended without an answer'));
  if (status.status === 'Success') return { exitCode: 0, ...output };
  const exitCode = status.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
  if (exitCode !== undefined) return { exitCode: Number(exitCode), ...output };
  throw failureOf(request, new Error(status.message ?? status.reason ?? 'it failed'));
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
      fix: "Give Kintsugi's user the verbs get and create on pods/exec, where it may act.",
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
