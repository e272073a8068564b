import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, closeSync, constants, openSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Configuration } from '../../configuration/configuration.ts';
import { KintsugiError } from '../../errors.ts';
import { connectTemporal } from '../../temporal/connect.ts';

const PORT = 7233;
const UI_PORT = 8233;
const READY_WITHIN_MS = 60_000;

/** A dev server that was started here; `stop` ends it and waits until it has ended. */
export interface OwnServer {
  uiUrl: string;
  logFile: string;
  stop(): Promise<void>;
}

/**
 * Temporal for one machine: null if one is named by TEMPORAL_ADDRESS or answers on localhost:7233; else a dev server is started,
 * its data in `folder`. Throws `unavailable` if there is no `temporal` program, or if it does not get ready.
 */
export async function ensureTemporal(
  settings: Configuration['temporal'],
  folder: string,
  say: (text: string) => void,
): Promise<OwnServer | null> {
  const named = (process.env.TEMPORAL_ADDRESS ?? '') !== '' || settings.address !== `localhost:${PORT}`;
  if (named || (await listens(PORT))) return null;
  const program = onPath('temporal');
  if (program === null) {
    throw new KintsugiError(
      'unavailable',
      'no Temporal answers on localhost:7233, and there is no `temporal` to start one',
      {
        where: 'PATH',
        fix: "install Temporal's CLI (https://docs.temporal.io/cli/setup-cli), or set TEMPORAL_ADDRESS to a Temporal service",
      },
    );
  }
  say(`starting a Temporal dev server: ${program}`);
  return startServer(program, settings, folder);
}

async function startServer(program: string, settings: Configuration['temporal'], folder: string): Promise<OwnServer> {
  const logFile = join(folder, 'temporal.log');
  const log = openSync(logFile, 'a', 0o600);
  const places = ['--ip', '127.0.0.1', '--port', `${PORT}`, '--ui-port', `${UI_PORT}`];
  const data = ['--db-filename', join(folder, 'temporal.db'), '--namespace', settings.namespace];
  const server = spawn(program, ['server', 'start-dev', ...places, ...data, '--log-level', 'error'], {
    stdio: ['ignore', log, log],
    // Its own process group: Ctrl-C must not take it away before the worker has ended.
    detached: true,
  });
  closeSync(log);
  const ended = once(server, 'exit').catch(() => undefined);
  const stop = async () => {
    server.kill('SIGTERM');
    await ended;
  };
  const giveUp = Date.now() + READY_WITHIN_MS;
  while (Date.now() < giveUp && server.exitCode === null && server.signalCode === null) {
    if ((await listens(PORT)) && (await answers(settings)))
      return { uiUrl: `http://127.0.0.1:${UI_PORT}`, logFile, stop };
    await sleep(250);
  }
  await stop();
  throw new KintsugiError('unavailable', 'the Temporal dev server did not get ready', {
    where: logFile,
    fix: `read that file; ports ${PORT} and ${UI_PORT} must be free`,
  });
}

async function answers(settings: Configuration['temporal']): Promise<boolean> {
  return connectTemporal(settings).then(
    async (client) => {
      await client.connection.close();
      return true;
    },
    () => false,
  );
}

/** Whether something listens on a port of this machine. */
async function listens(port: number): Promise<boolean> {
  const socket = connect(port, 'localhost');
  const timeout = setTimeout(() => socket.destroy(new Error('timeout')), 2_000);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timeout);
    socket.destroy();
  }
}

function onPath(name: string): string | null {
  const candidates = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return candidates.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
