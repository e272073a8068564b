import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import type { Progress } from '../build/cache.ts';
import { type Cluster, clusterDown, clusterUp } from '../cluster/cluster.ts';
import { freePort } from '../cluster/ports.ts';
import { IMAGE_NAMES } from '../images/catalogue.ts';
import { provideImages } from '../images/provide.ts';
import type { Durations, WatchedNamespaces } from '../monitoring/configuration.ts';
import { type Monitoring, startMonitoring } from '../monitoring/start.ts';
import { grantKintsugi } from '../workloads/access.ts';
import { deployWorkloads, removeWorkloads } from '../workloads/deploy.ts';
import { type Namespaces, namesOf, namespaceOf, PUBLISHED, type Workload } from '../workloads/namespaces.ts';
import { forgetBaselines } from './baseline.ts';
import { type KintsugiOptions, type RunningKintsugi, startKintsugi } from './kintsugi.ts';
import { type PageReceiver, type ReceivedPage, startPageReceiver } from './page-receiver.ts';
import { RUNBOOKS, type RunbookChanges, renderRunbooks } from './runbooks.ts';
import { startTemporal, type TemporalServer } from './temporal.ts';

export interface WorldOptions {
  /** What stands in the world; Agent Bruno if not given. */
  workloads?: readonly Workload[];
  /** The published namespaces if not given. */
  namespaces?: Namespaces;
  /** Changes to the runbooks; with other namespaces than the published ones they are rendered in any case. */
  runbooks?: RunbookChanges;
  /** Whether remedies run by themselves in the world's namespaces; true if not given. */
  auto?: boolean;
  mode?: KintsugiOptions['mode'];
  /** Build hooks, as the configuration file has them. */
  builds?: KintsugiOptions['builds'];
  alertmanagers?: number;
  /** Where the rules' and the route's durations differ from those of development. */
  durations?: Partial<Durations>;
  onPage?: (page: ReceivedPage) => void;
  progress: Progress;
  signal?: AbortSignal;
}

/** The whole embedded world: cluster, Temporal, workloads, Kintsugi, Prometheus with Alertmanager, and somebody who is paged. */
export interface World {
  cluster: Cluster;
  kubernetes: Kubernetes;
  namespaces: Namespaces;
  temporal: TemporalServer;
  kintsugi: RunningKintsugi;
  monitoring: Monitoring;
  pages: PageReceiver;
  /** Takes everything away that this world started; a cluster that ran before stays. */
  stop(): Promise<void>;
}

const AGENT_BRUNO: readonly Workload[] = ['agent-bruno'];
/** Starts the world part by part and returns when the workloads are healthy and every part serves. What fails takes all back. */
export async function startWorld(options: WorldOptions): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'kintsugi-world-'));
  const undo: (() => Promise<unknown>)[] = [async () => rmSync(folder, { recursive: true, force: true })];
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    return { ...(await startParts(options, folder, undo)), stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

async function startParts(
  options: WorldOptions,
  folder: string,
  undo: (() => Promise<unknown>)[],
): Promise<Omit<World, 'stop'>> {
  const { workloads = AGENT_BRUNO, namespaces = PUBLISHED, progress, signal } = options;
  const stoppable = signal === undefined ? {} : { signal };
  progress('starting the cluster');
  const cluster = await clusterUp({ progress, ...stoppable });
  if (!cluster.reused) undo.push(() => clusterDown({ progress }));
  const kubernetes = connectKubernetes({ kubeconfig: cluster.kubeconfig });
  await provideImages(cluster, IMAGE_NAMES, progress);
  progress('starting Temporal');
  const temporal = await startTemporal(folder, progress, signal);
  undo.push(temporal.stop);
  if (cluster.reused) undo.push(() => removeWorkloads(kubernetes, workloads, { namespaces }));
  await deployWorkloads(kubernetes, workloads, { namespaces, registry: cluster.registry, progress, ...stoppable });
  const pages = await startPageReceiver(options.onPage);
  undo.push(pages.stop);
  progress("starting Kintsugi's gateway and worker");
  if (cluster.reused) undo.push(() => forgetBaselines(kubernetes, 'kintsugi', namesOf(workloads, namespaces)));
  // Each is told of the other: Kintsugi is there first, and Prometheus' address is chosen for it.
  const prometheusAddress = `127.0.0.1:${await freePort('127.0.0.1')}`;
  const kintsugi = await startProduct(options, { folder, cluster, kubernetes, temporal, pages, prometheusAddress });
  undo.push(kintsugi.stop);
  progress('starting Prometheus and Alertmanager');
  const monitoring = await startMonitoring({
    kubeconfig: cluster.kubeconfig,
    namespaces: watched(workloads, namespaces),
    webhookUrl: `${kintsugi.gatewayUrl}/api/v1/alerts`,
    webhookToken: kintsugi.gatewayToken,
    kintsugiMetrics: kintsugi.metrics,
    alertmanagers: options.alertmanagers ?? 1,
    durations: options.durations ?? {},
    prometheusAddress,
    progress,
    ...stoppable,
  });
  undo.push(monitoring.stop);
  return { cluster, kubernetes, namespaces, temporal, kintsugi, monitoring, pages };
}

function watched(workloads: readonly Workload[], { bruno, kosmos }: Namespaces): WatchedNamespaces {
  return {
    ...(workloads.includes('agent-bruno') ? { bruno: [bruno] } : {}),
    ...(workloads.includes('kosmos') ? { kosmos: [kosmos] } : {}),
  };
}

async function startProduct(
  options: WorldOptions,
  parts: {
    folder: string;
    cluster: Cluster;
    kubernetes: Kubernetes;
    temporal: TemporalServer;
    pages: PageReceiver;
    prometheusAddress: string;
  },
): Promise<RunningKintsugi> {
  const { workloads = AGENT_BRUNO, namespaces = PUBLISHED, auto = true } = options;
  const { folder, cluster, kubernetes, temporal, pages, prometheusAddress } = parts;
  const own = namespaces === PUBLISHED && options.runbooks === undefined;
  const runbooks = own ? RUNBOOKS : renderRunbooks(join(folder, 'runbooks'), namespaces, options.runbooks);
  await grantKintsugi(kubernetes, { actIn: namesOf(workloads, namespaces) });
  return startKintsugi({
    folder: join(folder, 'kintsugi'),
    kubeconfig: cluster.kintsugiKubeconfig,
    temporal,
    runbooks,
    cluster: 'development',
    auto: auto ? workloads.map((workload) => namespaceOf(workload, namespaces)) : [],
    ...(options.mode === undefined ? {} : { mode: options.mode }),
    ...(options.builds === undefined ? {} : { builds: options.builds }),
    mirrors: mirrorsOf(cluster),
    webhookUrl: pages.url,
    prometheusUrl: `http://${prometheusAddress}`,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
}

/** The cluster's registry stands in for both that the images' names lead to. */
function mirrorsOf({ registry }: Cluster): Record<string, string> {
  if (registry === undefined) return {};
  const address = `http://${registry.address}`;
  return { 'ghcr.io': address, 'docker.io': address };
}
