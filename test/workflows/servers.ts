import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import { Connection } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { freePort, startServer } from '../../dev/cluster/ports.ts';
import { provided } from '../needs.ts';

/**
 * Real Temporal servers for one test file. They are started here, not by the SDK: it gives a server five seconds, which a busy
 * machine does not keep.
 */
export interface TemporalServer {
  environment: TestWorkflowEnvironment;
  address: string;
  stop(): Promise<void>;
}

/** One server for all tests of a file: started before them, stopped after them. Asked any earlier, it throws. */
export function serverOfFile(start: () => Promise<TemporalServer>): Omit<TemporalServer, 'stop'> {
  let server: TemporalServer | undefined;
  beforeAll(async () => {
    server = await start();
  }, 60_000);
  afterAll(() => server?.stop());
  const started = () => {
    if (server === undefined) throw new Error('the server is started before the first test, not earlier');
    return server;
  };
  return {
    get environment() {
      return started().environment;
    },
    get address() {
      return started().address;
    },
  };
}

const searchAttributes = ['KintsugiTarget', 'KintsugiRunbook', 'KintsugiPhase', 'KintsugiCause', 'KintsugiOutcome'];

/** `INDEXED_VALUE_TYPE_KEYWORD` of Temporal's API. */
const KEYWORD = 2;

/** The dev server, with the search attributes registered. */
export function devServer(): Promise<TemporalServer> {
  return startServer(startDevServer, hasEnded);
}

function hasEnded(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.message.startsWith('the server ended');
}

async function startDevServer(): Promise<TemporalServer> {
  const port = await freePort('127.0.0.1');
  const attributes = searchAttributes.flatMap((name) => ['--search-attribute', `${name}=Keyword`]);
  const process = start(provided('temporal'), [
    'server',
    'start-dev',
    '--headless',
    '--ip',
    '127.0.0.1',
    '--port',
    `${port}`,
    '--log-level',
    'never',
    ...attributes,
  ]);
  await listening(port, process);
  const address = `127.0.0.1:${port}`;
  await serving(address, process);
  const environment = await TestWorkflowEnvironment.createFromExistingServer({ address });
  return { environment, address, stop: () => stop(environment, process) };
}

/** The Java server that skips time while nothing happens. The SDK is given a relay to it as "the server". */
export async function timeSkippingServer(): Promise<TemporalServer> {
  const port = await freePort('127.0.0.1');
  const process = start(provided('java'), [`${port}`]);
  await listening(port, process);
  const folder = mkdtempSync(join(tmpdir(), 'kintsugi-relay-'));
  const relay = join(folder, 'relay');
  writeFileSync(relay, relayScript(port));
  chmodSync(relay, 0o700);
  const environment = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path: relay } },
  });
  await environment.connection.operatorService.addSearchAttributes({
    namespace: environment.namespace ?? 'default',
    searchAttributes: Object.fromEntries(searchAttributes.map((name) => [name, KEYWORD])),
  });
  const clean = async () => {
    await stop(environment, process);
    rmSync(folder, { recursive: true, force: true });
  };
  return { environment, address: `127.0.0.1:${port}`, stop: clean };
}

/** A program that passes its first argument's port on to the server's. */
function relayScript(port: number): string {
  return `#!${process.execPath}
const { connect, createServer } = require('node:net');
createServer((client) => {
  const server = connect(${port}, '127.0.0.1');
  for (const socket of [client, server]) socket.on('error', () => { client.destroy(); server.destroy(); });
  client.pipe(server).pipe(client);
}).listen(Number(process.argv[2]), '127.0.0.1');
`;
}

function start(program: string, args: string[]): ChildProcess {
  return spawn(program, args, { stdio: 'ignore' });
}

async function stop(environment: TestWorkflowEnvironment, process: ChildProcess): Promise<void> {
  await environment.teardown();
  process.kill('SIGKILL');
  if (process.exitCode === null && process.signalCode === null) await once(process, 'exit');
}

/** Waits until the server behind an address answers: it listens a while before its parts are healthy. */
async function serving(address: string, process: ChildProcess): Promise<void> {
  for (;;) {
    if (process.exitCode !== null)
      throw new Error(`the server ended with code ${process.exitCode} before it was healthy`);
    const connection = Connection.lazy({ address, connectTimeout: '2s' });
    const healthy = await connection.ensureConnected().then(
      () => true,
      () => false,
    );
    await connection.close();
    if (healthy) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Waits until something listens on a port; throws when the process ends instead. */
async function listening(port: number, process: ChildProcess): Promise<void> {
  for (;;) {
    if (process.exitCode !== null) throw new Error(`the server ended with code ${process.exitCode} before it listened`);
    const socket = connect(port, '127.0.0.1');
    const open = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
