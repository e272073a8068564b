/** Flux's helm-controller and kustomize-controller against the development cluster, as processes that end with this one. */
import { join } from 'node:path';
import { ensureBinaries } from '../build/binaries.ts';
import type { Progress } from '../build/cache.ts';
import { applyObjects } from '../cluster/api.ts';
import { freePort } from '../cluster/ports.ts';
import { waitUntil } from '../cluster/processes.ts';
import { makeFolder } from '../monitoring/folder.ts';
import { type StartedProgram, startProgram } from '../monitoring/process.ts';
import { DEVELOPMENT_LABEL } from '../workloads/namespaces.ts';
import { installDefinitions } from './definitions.ts';

/** The label by which a pair of controllers knows its own objects: https://fluxcd.io/flux/installation/configuration/sharding/ */
export const SHARD_LABEL = 'sharding.fluxcd.io/key';
const NAMESPACE = 'flux-system';
const CONTROLLERS = ['helm-controller', 'kustomize-controller'] as const;
export type Controller = (typeof CONTROLLERS)[number];

export interface FluxOptions {
  /** Path of a kubeconfig that may do everything. */
  kubeconfig: string;
  /** Only HelmReleases and Kustomizations with this value of the shard label are served. */
  shard: string;
  /** Both if not given. */
  controllers?: readonly Controller[];
  progress?: Progress;
  signal?: AbortSignal;
}

export interface Flux {
  /** Where each controller's log is. */
  logs: Record<Controller, string>;
  stop(): Promise<void>;
}

/**
 * Makes Flux's kinds known, starts its controllers on free loopback ports and returns when they are ready. There is no
 * source-controller: ExternalArtifacts stand in for sources (`artifacts.ts`).
 * @throws KintsugiError with the end of the log of a controller that did not start
 */
export async function startFlux(options: FluxOptions): Promise<Flux> {
  const { kubeconfig, shard, controllers = CONTROLLERS, progress = () => {}, signal } = options;
  const binaries = await ensureBinaries(controllers, progress, signal);
  await installDefinitions(kubeconfig, signal);
  await applyObjects(kubeconfig, [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE, labels: DEVELOPMENT_LABEL } },
  ]);
  const { folder, remove } = makeFolder();
  const started: StartedProgram[] = [];
  const stop = async () => {
    await Promise.all(started.map((program) => program.stop()));
    await remove();
  };
  const logs = { 'helm-controller': '', 'kustomize-controller': '' };
  try {
    for (const name of controllers) {
      const [metrics, health] = [await freePort('127.0.0.1'), await freePort('127.0.0.1')];
      logs[name] = join(folder, `${name}.log`);
      const program = await startProgram({
        name,
        program: binaries[name],
        args: [
          '--watch-all-namespaces',
          `--watch-label-selector=${SHARD_LABEL}=${shard}`,
          '--feature-gates=ExternalArtifact=true',
          `--metrics-addr=127.0.0.1:${metrics}`,
          `--health-addr=127.0.0.1:${health}`,
          '--requeue-dependency=2s',
        ],
        environment: { ...process.env, KUBECONFIG: kubeconfig, RUNTIME_NAMESPACE: NAMESPACE, TMPDIR: folder },
        logFile: logs[name],
      });
      started.push(program);
      await waitUntil({ what: `${name} to be ready`, seconds: 120, signal, needs: [program] }, () =>
        fetch(`http://127.0.0.1:${health}/readyz`, { signal: AbortSignal.timeout(2000) }).then(
          ({ ok }) => ok,
          () => false,
        ),
      );
    }
    return { logs, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
