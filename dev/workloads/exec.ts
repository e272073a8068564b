import { Writable } from 'node:stream';
import { Exec, type KubeConfig } from '@kubernetes/client-node';
import { KintsugiError } from '../../src/errors.ts';

/** A command for one container. */
export interface Command {
  namespace: string;
  pod: string;
  container: string;
  command: string[];
  /** Seconds after which it is given up; 60 if not given. */
  seconds?: number;
}

/**
 * Runs a command in a container and returns what it printed.
 * @throws KintsugiError `unavailable` with its last words when it ends with another code than 0, `timeout` after `seconds`
 */
export async function execInPod(config: KubeConfig, command: Command): Promise<string> {
  const seconds = command.seconds ?? 60;
  const stdout = new Collector();
  const stderr = new Collector();
  let giveUp: NodeJS.Timeout | undefined;
  let close: (() => void) | undefined;
  const ended = new Promise<string>((resolve, reject) => {
    giveUp = setTimeout(() => reject(failed(command, 'timeout', `no end after ${seconds} s`)), seconds * 1000);
    const settle = (status: string | undefined, words: string) =>
      status === 'Success' ? resolve(stdout.text()) : reject(failed(command, 'unavailable', words));
    new Exec(config)
      .exec(command.namespace, command.pod, command.container, command.command, stdout, stderr, null, false, (status) =>
        settle(status.status, `${stderr.text()}${stdout.text()} ${status.message ?? ''}`.trim()),
      )
      .then((socket) => {
        close = () => socket.close();
        // The status callback is not promised: a connection that just closes is a failure too.
        socket.onclose = () => settle(undefined, 'the connection closed before the command ended');
      }, reject);
  });
  try {
    return await ended;
  } finally {
    clearTimeout(giveUp);
    close?.();
  }
}

function failed(command: Command, code: 'timeout' | 'unavailable', words: string): KintsugiError {
  return new KintsugiError(code, `${command.command[0]} failed: ${words.slice(-500)}`, {
    where: `pod ${command.namespace}/${command.pod}, container ${command.container}`,
    fix: 'Check that the pod runs: kubectl describe pod.',
  });
}

/** Keeps what is written to it. */
class Collector extends Writable {
  readonly #chunks: Buffer[] = [];

  override _write(chunk: Buffer | string, _encoding: string, done: () => void): void {
    this.#chunks.push(Buffer.from(chunk));
    done();
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}
