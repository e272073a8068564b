import { join } from 'node:path';
import { KintsugiError } from '../../src/errors.ts';
import { ensureBinary } from '../build/binaries.ts';
import type { Progress } from '../build/cache.ts';
import { freePort, startServer } from '../cluster/ports.ts';
import { waitUntil } from '../cluster/processes.ts';
import { startProgram } from '../monitoring/process.ts';

/** A Temporal dev server that lives as long as this process. */
export interface TemporalServer {
  /** host:port of its gRPC service. */
  address: string;
  uiUrl: string;
  stop(): Promise<void>;
}

/**
 * Starts the dev server with its UI on free ports, its data in a file of `folder`, and returns once the UI answers.
 * @param address of a server that has ended, whose place it takes
 */
export async function startTemporal(
  folder: string,
  progress: Progress,
  signal?: AbortSignal,
  address?: string,
): Promise<TemporalServer> {
  const program = await ensureBinary('temporal', progress, signal);
  return startServer(
    () => startOnce({ program, folder, signal, address }),
    (thrown) => {
      const ended = thrown instanceof KintsugiError && thrown.code === 'unavailable';
      if (ended) progress(thrown.message);
      return ended;
    },
  );
}

interface Start {
  program: string;
  folder: string;
  signal: AbortSignal | undefined;
  address: string | undefined;
}

async function startOnce({ program, folder, signal, address }: Start): Promise<TemporalServer> {
  const port = address === undefined ? await freePort('127.0.0.1') : Number(new URL(`tcp://${address}`).port);
  const uiPort = await freePort('127.0.0.1');
  const database = join(folder, 'temporal.db');
  const started = await startProgram({
    name: 'temporal',
    program,
    args: [
      ...['server', 'start-dev', '--ip', '127.0.0.1', '--log-level', 'error', '--db-filename', database],
      ...['--port', `${port}`, '--ui-port', `${uiPort}`],
    ],
    logFile: join(folder, 'temporal.log'),
  });
  const uiUrl = `http://127.0.0.1:${uiPort}`;
  await waitUntil({ what: 'Temporal to be ready', seconds: 120, signal, needs: [started] }, async () => answers(uiUrl));
  return { address: `127.0.0.1:${port}`, uiUrl, stop: started.stop };
}

async function answers(url: string): Promise<boolean> {
  return fetch(`${url}/api/v1/namespaces/default`, { signal: AbortSignal.timeout(2_000) }).then(
    ({ ok }) => ok,
    () => false,
  );
}
