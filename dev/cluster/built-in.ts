import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KintsugiError } from '../../src/errors.ts';
import { type BinaryPaths, ensureBinaries, recipeKey } from '../build/binaries.ts';
import type { Progress } from '../build/cache.ts';
import { isRunning } from '../build/process-identity.ts';
import { ensureDebianPackages } from '../debian/packages.ts';
import { createMarker, isNodeReady, isReady } from './api.ts';
import { type ClusterCertificates, createClusterCertificates, forEachUser, type UserName } from './certificates.ts';
import { importImage, startContainerd } from './containerd.ts';
import { type ClusterContext, startControlPlane } from './control-plane.ts';
import { startDns } from './dns.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { CGROUP, clusterLayout, type Layout, NODE_ADDRESS, NODE_NAME } from './layout.ts';
import { startMetricsServer } from './metrics.ts';
import { refuseForeignCluster, setUpNetwork } from './network.ts';
import { startNode } from './node.ts';
import { createPauseImage } from './pause-image.ts';
import { freePort } from './ports.ts';
import { allSettled } from './processes.ts';
import { startProvisioner } from './provisioner.ts';
import { registryAnswers, startRegistry } from './registry.ts';
import { startSnapshots } from './snapshots.ts';
import { type ClusterAccess, type ClusterState, emptyState, type Registry, StateJournal } from './state.ts';

const BINARIES = [
  'kubernetes',
  'coredns',
  'metrics-server',
  'pause',
  'storage',
  'snapshot-controller',
  'csi-snapshotter',
] as const;
const PACKAGES = [
  'containerd',
  'runc',
  'containernetworking-plugins',
  'iproute2',
  'iptables',
  'conntrack',
  'ethtool',
  'socat',
  'docker-registry',
  'skopeo',
  'openssl',
  'apache2-utils',
];
/** Raised when this code would build another cluster from the same programs: a running older one is then replaced. */
const GENERATION = 1;

/** Names what a cluster made by this code consists of. */
export function builtInRecipe(): string {
  return [`built-in-${GENERATION}`, ...BINARIES.map((name) => `${name}-${recipeKey(name)}`)].join(' ');
}

/** Whether a cluster of this recipe is there with every process, its API, its node and its registry. */
export async function isBuiltInHealthy(state: ClusterState): Promise<boolean> {
  const { access } = state;
  if (access?.registry === undefined || state.recipe !== builtInRecipe()) return false;
  if (!state.processes.every((listed) => isRunning(listed))) return false;
  if (!(await isReady(access.kubeconfig))) return false;
  return (await isNodeReady(access.kubeconfig, NODE_NAME)) && (await registryAnswers(access.registry.address));
}

/** Starts the whole cluster. The caller has made sure that none is there, and tears down what a failure leaves. */
export async function startBuiltIn(progress: Progress, signal: AbortSignal | undefined): Promise<ClusterAccess> {
  requireRootOnLinux();
  await ensureDebianPackages(PACKAGES, progress, signal);
  await refuseForeignCluster();
  const binaries = await ensureBinaries(BINARIES, progress, signal);
  const layout = clusterLayout();
  const journal = new StateJournal(emptyState('built-in', builtInRecipe(), layout.data));
  journal.record((state) => state.cgroups.push(CGROUP));
  for (const folder of [layout.data, layout.logs, layout.configuration])
    mkdirSync(folder, { recursive: true, mode: 0o700 });

  progress('starting the development cluster (about 20 s)');
  await setUpNetwork(journal);
  const { registry } = await startRegistry(journal, layout, signal);
  const context = await createContext(journal, layout, binaries.kubernetes, signal);
  await allSettled([startControlPlane(context), startContainerd(journal, layout, registry.address, signal)]);
  progress('the API server is ready');
  await allSettled([startNodeAndServices(context, binaries, progress), startSnapshots(context, binaries)]);
  await createMarker(context.kubeconfigs.admin);

  const access = accessOf(context, registry);
  journal.record((state) => {
    state.access = access;
  });
  return access;
}

async function startNodeAndServices(
  context: ClusterContext,
  binaries: BinaryPaths<(typeof BINARIES)[number]>,
  progress: Progress,
): Promise<void> {
  const { layout } = context;
  await importImage(layout, await createPauseImage(join(layout.data, 'pause-image'), binaries.pause));
  await startNode(context);
  progress('the node is Ready');
  await startDns(context, binaries.coredns);
  await startProvisioner(context);
  await startMetricsServer(context, binaries['metrics-server']);
}

function requireRootOnLinux(): void {
  if (process.platform === 'linux' && process.getuid?.() === 0) return;
  throw new KintsugiError(
    'unavailable',
    'the built-in cluster needs Linux and root: it runs a kubelet on this machine',
    {
      where: 'npm run cluster -- up',
      fix: 'Install Docker and kind, or set KINTSUGI_DEV_KUBECONFIG to a cluster for development, or run it as root.',
      retryable: false,
    },
  );
}

async function createContext(
  journal: StateJournal,
  layout: Layout,
  kubernetes: string,
  signal: AbortSignal | undefined,
): Promise<ClusterContext> {
  const certificates = await createClusterCertificates(layout.certificates);
  const apiPort = await freePort(NODE_ADDRESS, 6443);
  const kubeconfigs = writeKubeconfigs(layout, certificates, `https://${NODE_ADDRESS}:${apiPort}`);
  return { journal, layout, certificates, kubernetes, apiPort, kubeconfigs, signal };
}

function writeKubeconfigs(layout: Layout, certificates: ClusterCertificates, server: string): Record<UserName, string> {
  const write = (name: UserName) =>
    writeKubeconfig(layout.kubeconfigs, name, server, certificates.authority.certificate, certificates.users[name]);
  return forEachUser(write);
}

function accessOf(context: ClusterContext, registry: Registry): ClusterAccess {
  const kubectl = join(context.layout.data, 'bin', 'kubectl');
  mkdirSync(join(context.layout.data, 'bin'), { recursive: true });
  // A --kubeconfig among the arguments comes later and wins.
  writeFileSync(
    kubectl,
    `#!/bin/sh\nexec '${context.kubernetes}' kubectl --kubeconfig='${context.kubeconfigs.admin}' "$@"\n`,
  );
  chmodSync(kubectl, 0o755);
  return {
    kubeconfig: context.kubeconfigs.admin,
    kintsugiKubeconfig: context.kubeconfigs.kintsugi,
    kubectl,
    auditLog: context.layout.auditLog,
    registry,
    nodeAddress: NODE_ADDRESS,
  };
}
