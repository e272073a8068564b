import { PassThrough, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/** The streams of a program that runs in a container, with the back-pressure that client-node's Exec lacks. */

/** The most bytes that are kept of each of a program's streams, if the request says no other number: what comes after is dropped. */
const MOST_BYTES = 16 * 1024;
/** So much may wait in the socket before more is read of what is to be sent. */
const MOST_UNSENT = 1024 * 1024;
const FRAME_BYTES = 32 * 1024;
const UNSENT_PAUSE_MS = 5;

/** What is used of the socket that client-node hands out; it ships no type of it. */
export interface Socket {
  readonly bufferedAmount: number;
  addEventListener(event: 'close', listener: () => void): void;
  pause(): void;
  resume(): void;
  terminate(): void;
}

/** A stream's first bytes. */
export class Kept extends Writable {
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

/** Gives output on to a stream, and lets the socket wait while that one has enough. */
export class Paced extends Writable {
  private readonly to: Writable;
  socket: Socket | null = null;

  constructor(to: Writable) {
    super();
    this.to = to;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    if (this.to.destroyed || this.to.write(chunk)) {
      done();
      return;
    }
    this.socket?.pause();
    const goOn = () => {
      this.to.off('drain', goOn).off('close', goOn);
      this.socket?.resume();
      done();
    };
    this.to.on('drain', goOn).on('close', goOn);
  }

  override _final(done: () => void): void {
    this.to.end();
    done();
  }
}

/** Rejects when nobody reads a stream on; never resolves. */
export function untilGivenUp(stream: Writable): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  stream.once('error', reject);
  stream.once('close', () => {
    if (!stream.writableFinished) reject(new Error('what it prints is not read on'));
  });
  // It may come when the program has ended otherwise, and then concerns nobody.
  promise.catch(() => undefined);
  return promise;
}

/**
 * Sends content to a program's standard input, as fast as the socket takes it. It is never closed: before version 5 of the
 * protocol that would end the connection, and with it the answer, so the program must know how much it reads.
 */
export async function feed(
  content: AsyncIterable<Uint8Array>,
  { input, socket, signal }: { input: PassThrough; socket: Socket; signal: AbortSignal },
): Promise<void> {
  for await (const chunk of content) {
    for (let from = 0; from < chunk.length; from += FRAME_BYTES) input.write(chunk.subarray(from, from + FRAME_BYTES));
    while (socket.bufferedAmount + input.readableLength > MOST_UNSENT)
      await sleep(UNSENT_PAUSE_MS, undefined, { signal });
    signal.throwIfAborted();
  }
}

/** client-node sends what is written to it. */
export function standardInput(): PassThrough {
  return new PassThrough();
}
