import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** While the worker polled, ms since 1970. */
export interface Uptime {
  from: number;
  to: number;
}

/** The one worker of a scene: it is killed and started again, and its times are kept. */
export interface PagingWorker {
  start(): Promise<void>;
  /** Ends it as a machine does that loses its power; nothing happens where none runs. */
  kill(): Promise<void>;
  /** One that still runs goes on for ever. */
  uptimes(): Uptime[];
}

/** A worker that is not started yet; it is told its server's address, its queue, bundle and webhook, and how many steps it runs at once. */
export function pagingWorker(
  told: [address: string, queue: string, bundle: string, webhook: string, slots: string],
): PagingWorker {
  const program = fileURLToPath(new URL('paging-process.ts', import.meta.url));
  const past: Uptime[] = [];
  let running: { child: ChildProcess; from: number } | null = null;
  const start = async () => {
    const child = spawn(process.execPath, [program, ...told], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    const ended = once(child, 'exit').then(() => Promise.reject(new Error('the worker ended before it polled')));
    await Promise.race([once(createInterface({ input: child.stdout }), 'line'), ended]);
    running = { child, from: Date.now() };
  };
  const kill = async () => {
    if (running === null) return;
    const { child, from } = running;
    running = null;
    past.push({ from, to: Date.now() });
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  };
  const uptimes = () =>
    running === null ? [...past] : [...past, { from: running.from, to: Number.POSITIVE_INFINITY }];
  return { start, kill, uptimes };
}
