import { KintsugiError, messageOf } from '../../src/errors.ts';
import { interruption } from '../interruption.ts';
import { clusterDown, clusterStatus, clusterUp, loadImage } from './cluster.ts';
import { missingForSnapshots } from './snapshot-support.ts';

const USAGE = `usage: npm run cluster -- COMMAND
  up               start the development cluster, or find it running; the last line is its kubeconfig's path
  down             stop it and remove all that it left on this machine
  status           say what runs; ends with 0 only when the cluster is healthy
  load-image FILE  put an image archive (docker save) among the node's images`;

/** Progress goes to stderr: stdout is the command's result. */
const progress = (line: string) => console.error(line);

/** Runs one command of `npm run cluster` and returns its exit code: 2 for a usage error. */
async function main(args: string[], signal: AbortSignal): Promise<number> {
  const [command, ...rest] = args;
  switch (command) {
    case 'up':
      return rest.length > 0 ? usageError(`up takes no argument: ${rest.join(' ')}`) : up(signal);
    case 'down':
      return rest.length > 0 ? usageError(`down takes no argument: ${rest.join(' ')}`) : down();
    case 'status':
      return rest.length > 0 ? usageError(`status takes no argument: ${rest.join(' ')}`) : status();
    case 'load-image': {
      const [file, ...more] = rest;
      if (file === undefined || more.length > 0) return usageError('load-image takes one FILE');
      await loadImage(file);
      return 0;
    }
    default:
      return usageError(command === undefined ? 'a command is missing' : `unknown command '${command}'`);
  }
}

async function up(signal: AbortSignal): Promise<number> {
  const started = Date.now();
  const cluster = await clusterUp({ progress, signal });
  const seconds = Math.round((Date.now() - started) / 1000);
  progress(cluster.reused ? 'the cluster runs already' : `the cluster is ready (${seconds} s)`);
  const missing = await missingForSnapshots(cluster.kubeconfig);
  if (missing !== undefined) progress(`it cannot take volume snapshots: missing are ${missing}`);
  console.log(cluster.kubeconfig);
  return 0;
}

async function down(): Promise<number> {
  const existed = await clusterDown({ progress });
  progress(existed ? 'the cluster is gone' : 'there is no cluster of ours to stop');
  return 0;
}

async function status(): Promise<number> {
  const { healthy, provider, kubeconfig, processes } = await clusterStatus();
  console.log(provider === undefined ? 'no cluster' : `${provider}: ${healthy ? 'healthy' : 'not healthy'}`);
  for (const { name, pid, running } of processes) console.log(`${name} ${pid} ${running ? 'running' : 'ended'}`);
  if (kubeconfig !== undefined) console.log(kubeconfig);
  return healthy ? 0 : 1;
}

function usageError(problem: string): number {
  console.error(`${problem}\n${USAGE}`);
  return 2;
}

/** A signal stops a start half-way, which then removes what it made; `down` is always finished. */
const stopping = interruption();

try {
  process.exitCode = await main(process.argv.slice(2), stopping);
} catch (error) {
  console.error(messageOf(error));
  if (error instanceof KintsugiError) console.error(`where: ${error.where}\nwhat helps: ${error.fix}`);
  process.exitCode = stopping.aborted ? 130 : 1;
}
