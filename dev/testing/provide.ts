import { messageOf } from '../../src/errors.ts';
import type { Need } from '../../test/needs.ts';
import { ensureBinaries, ensureBinary } from '../build/binaries.ts';
import type { Progress } from '../build/cache.ts';
import { findOnPath } from '../build/commands.ts';
import { type Cluster, clusterDown, clusterUp } from '../cluster/cluster.ts';
import { missingForSnapshots } from '../cluster/snapshot-support.ts';
import { ensureDebianPackages } from '../debian/packages.ts';
import { IMAGE_NAMES } from '../images/catalogue.ts';
import { provideImages } from '../images/provide.ts';

/** What the tests were given: environment variables for them, what could not be had and why, and how to take it back. */
export interface Provision {
  environment: Record<string, string>;
  missing: Map<Need, string>;
  stop(): Promise<void>;
}

/** Gives one need: returns environment variables, and puts what takes it back on `undo` before it can fail. */
export type Provider = (
  progress: Progress,
  signal: AbortSignal,
  undo: (() => Promise<unknown>)[],
) => Promise<Record<string, string>>;

const PROVIDERS: Record<Need, Provider> = {
  temporal: async (progress, signal) => ({ KINTSUGI_TEST_TEMPORAL: await ensureBinary('temporal', progress, signal) }),
  java: async (progress, signal) => ({
    KINTSUGI_TEST_TIME_SKIPPING: await ensureBinary('temporal-test-server', progress, signal),
  }),
  cluster: provideCluster,
  snapshots: provideSnapshots,
  go: async () => {
    if (findOnPath('go') === undefined) throw new Error('go is not on PATH');
    return {};
  },
  flux: async (progress, signal) => {
    const built = await ensureBinaries(['helm-controller', 'kustomize-controller'], progress, signal);
    return { KINTSUGI_TEST_FLUX: built['kustomize-controller'] };
  },
  browser: (progress, signal) => debianProgram('KINTSUGI_TEST_BROWSER', 'chromium', 'chromium', progress, signal),
  promtool: (progress, signal) => debianProgram('KINTSUGI_TEST_PROMTOOL', 'prometheus', 'promtool', progress, signal),
  // The runner's order of files gives it.
  alone: async () => ({}),
  docker: async () => {
    throw new Error('no Docker engine is asked for by these tests');
  },
};

/**
 * Provides each need, one after the other; what cannot be had is a line, not the end.
 * Throws the signal's reason when it is interrupted, after taking back what it had made.
 */
export async function provide(
  needs: Need[],
  progress: Progress,
  signal: AbortSignal,
  providers: Record<Need, Provider> = PROVIDERS,
): Promise<Provision> {
  const environment: Record<string, string> = {};
  const missing = new Map<Need, string>();
  const undo: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  for (const need of needs) {
    try {
      signal.throwIfAborted();
      Object.assign(environment, await providers[need](progress, signal, undo));
    } catch (thrown) {
      if (signal.aborted) {
        await stop();
        throw signal.reason;
      }
      missing.set(need, messageOf(thrown));
    }
  }
  return { environment, missing, stop };
}

/** The development cluster with the images of all workloads; one that ran before is used and stays. */
async function provideCluster(
  progress: Progress,
  signal: AbortSignal,
  undo: (() => Promise<unknown>)[],
): Promise<Record<string, string>> {
  const cluster = await startCluster(progress, signal, undo);
  await provideImages(cluster, IMAGE_NAMES, progress, signal);
  return {
    KINTSUGI_TEST_KUBECONFIG: cluster.kubeconfig,
    KINTSUGI_TEST_KINTSUGI_KUBECONFIG: cluster.kintsugiKubeconfig,
    ...(cluster.auditLog === undefined ? {} : { KINTSUGI_TEST_AUDIT_LOG: cluster.auditLog }),
  };
}

/** A development cluster that takes volume snapshots: the built-in one, or one that brings the classes. */
async function provideSnapshots(
  progress: Progress,
  signal: AbortSignal,
  undo: (() => Promise<unknown>)[],
): Promise<Record<string, string>> {
  const { kubeconfig } = await startCluster(progress, signal, undo);
  const missing = await missingForSnapshots(kubeconfig);
  if (missing !== undefined) throw new Error(`the cluster lacks ${missing}`);
  return { KINTSUGI_TEST_SNAPSHOTS: kubeconfig };
}

async function startCluster(
  progress: Progress,
  signal: AbortSignal,
  undo: (() => Promise<unknown>)[],
): Promise<Cluster> {
  const cluster = await clusterUp({ progress, signal });
  if (!cluster.reused) undo.push(() => clusterDown({ progress }));
  return cluster;
}

async function debianProgram(
  variable: string,
  debianPackage: string,
  program: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const present = findOnPath(program);
  if (present !== undefined) return { [variable]: present };
  await ensureDebianPackages([debianPackage], progress, signal);
  return { [variable]: findOnPath(program) ?? program };
}
