import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { KintsugiError } from '../../src/errors.ts';
import { findOnPath, run } from '../build/commands.ts';
import { isRunning } from '../build/process-identity.ts';
import { removeGroup } from './cgroups.ts';
import { removeNetwork } from './network.ts';
import { bootId, type ClusterState } from './state.ts';

/** Where the kubelet and the CNI library keep what their configuration cannot move. */
const CONTAINER_LOG_LINKS = '/var/log/containers';
const CNI_RESULTS = '/var/lib/cni/results';
const KUBELET_SOCKET = '/var/lib/kubelet/device-plugins/kubelet.sock';

/**
 * Takes away everything that a built-in cluster's state lists, in whatever condition it is; nothing has to run for it.
 * Throws `unavailable` when a process cannot be ended or a mount cannot be taken away: the state is then kept.
 */
export async function tearDown(state: ClusterState): Promise<void> {
  const sameBoot = state.bootId === bootId();
  if (sameBoot) {
    killListed(state);
    await removeGroups(state);
    removeRuntimeSockets(state.data);
    await unmountBelow(state.data);
    await removeNetwork(state);
  }
  removeOutsideFiles(state.data);
  rmSync(state.data, { recursive: true, force: true });
}

/** Kills the listed processes by pid, and only those that are still the same. */
function killListed(state: ClusterState): void {
  for (const listed of state.processes) {
    if (!isRunning(listed)) continue;
    try {
      process.kill(listed.pid, 'SIGKILL');
    } catch {
      // It ended by itself in between.
    }
  }
}

async function removeGroups(state: ClusterState): Promise<void> {
  for (const group of state.cgroups) {
    const alive = await removeGroup(group);
    if (alive.length > 0) throw leftOver(`processes that do not end: ${alive.join(', ')}`);
  }
}

/** The containers' shims leave their sockets in /run/containerd; each names its own in a file below the data folder. */
function removeRuntimeSockets(data: string): void {
  const tasks = join(data, 'containerd-state', 'io.containerd.runtime.v2.task', 'k8s.io');
  for (const task of listFolder(tasks)) {
    const file = join(tasks, task, 'address');
    if (!existsSync(file)) continue;
    const socket = readFileSync(file, 'utf8').replace(/^unix:\/\//, '');
    if (socket.startsWith('/run/containerd/s/')) rmSync(socket, { force: true });
  }
}

async function unmountBelow(folder: string): Promise<void> {
  for (const mount of mountsBelow(folder, readFileSync('/proc/self/mountinfo', 'utf8'))) {
    await run('umount', ['--lazy', mount]).catch(() => undefined);
  }
  const left = mountsBelow(folder, readFileSync('/proc/self/mountinfo', 'utf8'));
  if (left.length > 0) throw leftOver(`mounts that cannot be taken away: ${left.join(', ')}`);
}

/** The mount points at or below a folder in the text of /proc/self/mountinfo, the last mounted first. */
export function mountsBelow(folder: string, mountinfo: string): string[] {
  return mountinfo
    .split('\n')
    .map((line) => unescapeMount(line.split(' ')[4] ?? ''))
    .filter((mount) => mount === folder || mount.startsWith(`${folder}/`))
    .reverse();
}

/** proc(5): spaces and the like are written as \040 in mountinfo. */
function unescapeMount(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** Removes the links to the pods' logs, the network plugin's records and the kubelet's socket outside the data folder. */
function removeOutsideFiles(data: string): void {
  for (const name of listFolder(CONTAINER_LOG_LINKS)) {
    const link = join(CONTAINER_LOG_LINKS, name);
    if (targetOf(link)?.startsWith(`${data}/`)) rmSync(link, { force: true });
  }
  for (const name of listFolder(CNI_RESULTS)) {
    const result = join(CNI_RESULTS, name);
    // Each names the network namespace that it was made for.
    if (readFileSync(result, 'utf8').includes(`"sandbox":"${data}/`)) rmSync(result, { force: true });
  }
  // `up` refuses a machine with another kubelet: this one is ours.
  rmSync(KUBELET_SOCKET, { force: true });
}

function targetOf(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}

function listFolder(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** Removes what a kind cluster's state lists. */
export async function tearDownKind(state: ClusterState, clusterName: string): Promise<void> {
  if (findOnPath('kind') !== undefined) await run('kind', ['delete', 'cluster', '--name', clusterName]);
  for (const container of state.dockerContainers) {
    await run('docker', ['rm', '--force', '--volumes', container]).catch(() => undefined);
  }
  rmSync(state.data, { recursive: true, force: true });
}

function leftOver(what: string): KintsugiError {
  return new KintsugiError('unavailable', `the cluster left ${what}`, {
    where: 'this machine',
    fix: 'Run `npm run cluster -- down` again; what stays then needs a reboot.',
    retryable: true,
  });
}
