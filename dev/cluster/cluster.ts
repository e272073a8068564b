import { KintsugiError } from '../../src/errors.ts';
import type { Progress } from '../build/cache.ts';
import { run } from '../build/commands.ts';
import { withLock } from '../build/lock.ts';
import { isRunning } from '../build/process-identity.ts';
import { isBuiltInHealthy, startBuiltIn } from './built-in.ts';
import { importImage } from './containerd.ts';
import { requireMarkedCluster, useExistingCluster } from './existing.ts';
import { canUseKind, isKindHealthy, KIND_CLUSTER, pushWithDocker, startKind } from './kind.ts';
import { clusterLayout } from './layout.ts';
import { pushToRegistry } from './registry.ts';
import { type ClusterAccess, type ClusterState, readState, removeState, stateFilePath } from './state.ts';
import { tearDown, tearDownKind } from './teardown.ts';

/** Where the development cluster comes from. */
export type Provider = 'built-in' | 'kind' | 'existing';

/** A development cluster that is ready. */
export interface Cluster extends ClusterAccess {
  provider: Provider;
  /** Whether it ran already before this call. */
  reused: boolean;
}

/** Where progress goes, and what stops a start half-way: nothing is left then. */
export interface ClusterOptions {
  progress?: Progress;
  signal?: AbortSignal;
}

const silent: Progress = () => undefined;

/** The variable that names a cluster to use instead of one of our own. */
const EXISTING = 'KINTSUGI_DEV_KUBECONFIG';

/** Whether the cluster in use is one of the user's own: nothing of ours is put on its nodes or into its registry. */
export function isUsersOwn(): boolean {
  return Boolean(process.env[EXISTING]);
}

async function chooseProvider(): Promise<Provider> {
  if (isUsersOwn()) return 'existing';
  return (await canUseKind()) ? 'kind' : 'built-in';
}

/**
 * Gives the one development cluster of this machine: the one that runs and is healthy, else a new one in place of what
 * is left of an earlier one. KUBECONFIG and the user's default are never looked at (safety 27).
 * Throws when a part does not start (what did start is stopped again), or the signal's reason.
 */
export async function clusterUp(options: ClusterOptions = {}): Promise<Cluster> {
  const progress = options.progress ?? silent;
  const provider = await chooseProvider();
  if (provider === 'existing') {
    return { ...(await useExistingCluster(process.env[EXISTING] ?? '')), provider, reused: true };
  }
  return exclusively(options, async () => {
    const state = readState();
    if (state?.access !== undefined && state.provider === provider && (await isHealthy(state))) {
      return { ...state.access, provider, reused: true };
    }
    if (state !== undefined) {
      progress('stopping what is left of an earlier cluster');
      await stop(state);
    }
    return { ...(await start(provider, progress, options.signal)), provider, reused: false };
  });
}

async function start(
  provider: 'built-in' | 'kind',
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<ClusterAccess> {
  try {
    return provider === 'kind' ? await startKind(progress, signal) : await startBuiltIn(progress, signal);
  } catch (error) {
    const unfinished = readState();
    if (unfinished !== undefined) {
      progress('stopping what was started');
      await stop(unfinished);
    }
    throw error;
  }
}

/**
 * Stops the cluster and removes all that it left on the machine. Returns false when there was none of ours, and when
 * KINTSUGI_DEV_KUBECONFIG names the one in use: nothing is stopped then.
 */
export async function clusterDown(options: ClusterOptions = {}): Promise<boolean> {
  if (process.env[EXISTING]) return false;
  return exclusively(options, async () => {
    const state = readState();
    if (state === undefined) return false;
    await stop(state);
    return true;
  });
}

async function stop(state: ClusterState): Promise<void> {
  if (state.provider === 'kind') await tearDownKind(state, KIND_CLUSTER);
  else await tearDown(state);
  removeState();
}

async function isHealthy(state: ClusterState): Promise<boolean> {
  try {
    return state.provider === 'kind' ? await isKindHealthy(state) : await isBuiltInHealthy(state);
  } catch {
    return false;
  }
}

/** Two `up` or `down` at once, from whatever checkout, follow one another. */
async function exclusively<T>(options: ClusterOptions, work: () => Promise<T>): Promise<T> {
  const onWait = (pid: number) => (options.progress ?? silent)(`waiting for process ${pid}, which changes the cluster`);
  return withLock(`${stateFilePath()}.lock`, { onWait, signal: options.signal }, work);
}

/** What `status` shows. */
export interface ClusterStatus {
  healthy: boolean;
  provider?: Provider;
  kubeconfig?: string;
  /** The programs on this machine and whether each runs. */
  processes: { name: string; pid: number; running: boolean }[];
}

/** Looks at the cluster without changing anything. */
export async function clusterStatus(): Promise<ClusterStatus> {
  const existing = process.env[EXISTING];
  if (existing) {
    const kubeconfig = await requireMarkedCluster(existing);
    return { healthy: true, provider: 'existing', kubeconfig, processes: [] };
  }
  const state = readState();
  if (state === undefined) return { healthy: false, processes: [] };
  const processes = state.processes.map((listed) => ({
    name: listed.name,
    pid: listed.pid,
    running: isRunning(listed),
  }));
  const kubeconfig = state.access?.kubeconfig;
  return {
    healthy: await isHealthy(state),
    provider: state.provider,
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    processes,
  };
}

/** Puts an archive made by `docker save` or alike among the node's images. Throws when no cluster of ours runs. */
export async function loadImage(archive: string): Promise<void> {
  const state = requireOwnCluster();
  if (state.provider === 'kind') await run('kind', ['load', 'image-archive', archive, '--name', KIND_CLUSTER]);
  else await importImage(clusterLayout(), archive);
}

/**
 * Pushes a docker archive to the cluster's registry under its published name, such as 'ghcr.io/owner/name:tag': the node
 * then pulls it as from there. Throws `invalid` for a host other than ghcr.io and docker.io.
 */
export async function pushImage(archive: string, image: string): Promise<void> {
  const { access, provider } = requireOwnCluster();
  if (access?.registry === undefined) throw noCluster();
  const push = provider === 'kind' ? pushWithDocker : pushToRegistry;
  await push(access.registry, archive, image);
}

function requireOwnCluster(): ClusterState {
  const state = process.env[EXISTING] ? undefined : readState();
  if (state?.access === undefined) throw noCluster();
  return state;
}

function noCluster(): KintsugiError {
  const existing = process.env[EXISTING];
  return existing
    ? new KintsugiError('refused', `images cannot be put into the cluster of ${EXISTING}`, {
        where: existing,
        fix: 'Push them to a registry from which that cluster pulls.',
      })
    : new KintsugiError('not-found', 'no development cluster runs', {
        where: stateFilePath(),
        fix: 'Run: npm run cluster -- up',
      });
}
