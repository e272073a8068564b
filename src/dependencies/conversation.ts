import type { Duplex } from 'node:stream';
import { KintsugiError } from '../errors.ts';

/** Reads one answer from the bytes that came: null while it is not whole yet. */
export type Parse<T> = (bytes: Buffer) => { value: T; used: number } | null;

/** Bytes that one answer may have. */
const MOST_BYTES = 512 * 1024;

/** Questions and answers over one stream, one after the other, each bounded in time and size. */
export class Conversation {
  readonly #stream: Duplex;
  readonly #timeoutMs: number;
  #received: Buffer = Buffer.alloc(0);
  #failure: Error | null = null;
  #wake: () => void = () => undefined;

  /** @param timeoutMs milliseconds that each answer may take */
  constructor(stream: Duplex, timeoutMs: number) {
    this.#stream = stream;
    this.#timeoutMs = timeoutMs;
    const fail = (error: Error) => {
      this.#failure ??= error;
      this.#wake();
    };
    stream.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    stream.on('error', fail);
    stream.on('close', () => fail(closed()));
    stream.on('end', () => fail(closed()));
    // A pod that refuses at once has ended the stream before anybody could listen.
    if (stream.destroyed) fail(stream.errored ?? closed());
  }

  /**
   * Sends a question and waits for its answer.
   * @throws KintsugiError `timeout` when none came in time, `unavailable` when the connection ended or the answer is none;
   *   whatever error the stream itself ended with
   */
  async ask<T>(question: Buffer, parse: Parse<T>): Promise<T> {
    if (this.#failure === null) this.#stream.write(question);
    const deadline = Date.now() + this.#timeoutMs;
    for (;;) {
      const answer = parse(this.#received);
      if (answer !== null) {
        this.#received = this.#received.subarray(answer.used);
        return answer.value;
      }
      if (this.#failure !== null) throw this.#failure;
      if (this.#received.length > MOST_BYTES) throw notUnderstood(`an answer of more than ${MOST_BYTES} bytes`);
      await this.#more(deadline);
    }
  }

  async #more(deadline: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(() => reject(unanswered(this.#timeoutMs)), Math.max(0, deadline - Date.now()));
    try {
      await promise;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** What was sent is not the protocol that was asked for. */
export function notUnderstood(what: string): KintsugiError {
  return new KintsugiError('unavailable', `it answers in another way than expected: ${what}`, {
    where: 'the answer',
    fix: 'Check that the port is that of the dependency, with or without TLS as its address says.',
  });
}

function unanswered(timeoutMs: number): KintsugiError {
  return new KintsugiError('timeout', `no answer within ${timeoutMs} ms`, {
    where: 'the connection',
    fix: 'The program accepts connections and does not serve them: look at its log, or replace its pod.',
  });
}

function closed(): KintsugiError {
  return new KintsugiError('unavailable', 'it closed the connection without an answer', {
    where: 'the connection',
    fix: "Look at the program's log; with TLS on one side only it looks like this too.",
  });
}
