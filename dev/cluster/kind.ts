import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { stringify } from 'yaml';
import { KintsugiError } from '../../src/errors.ts';
import type { Progress } from '../build/cache.ts';
import { findOnPath, run } from '../build/commands.ts';
import { createMarker, isNodeReady, isReady } from './api.ts';
import { requestKubeconfig } from './client-certificate.ts';
import { clusterLayout, type Layout } from './layout.ts';
import { waitUntil } from './processes.ts';
import { nameInRegistry, registryAnswers } from './registry.ts';
import { type ClusterAccess, type ClusterState, emptyState, type Registry, StateJournal } from './state.ts';

export const KIND_CLUSTER = 'kintsugi-development';
const NODE_CONTAINER = `${KIND_CLUSTER}-control-plane`;
const REGISTRY_CONTAINER = 'kintsugi-development-registry';
const REGISTRY_IMAGE = 'registry:2';
const REGISTRY_PORT = 5000;
/** Paths inside the node's container. */
const NODE_POLICY = '/etc/kubernetes/kintsugi/audit-policy.yaml';
const NODE_AUDIT_FOLDER = '/var/log/kintsugi-audit';
const NODE_MIRRORS = '/etc/containerd/certs.d';
/** Raised when this code would build another cluster. */
const GENERATION = 1;

/** Names what a kind cluster made by this code is. */
export const KIND_RECIPE = `kind-${GENERATION}`;

/** Whether `kind` is on PATH and a Docker engine answers within 5 s. */
export async function canUseKind(): Promise<boolean> {
  if (findOnPath('kind') === undefined || findOnPath('docker') === undefined) return false;
  const answer = await execa('docker', ['info', '--format', '{{.ServerVersion}}'], { reject: false, timeout: 5000 });
  return !answer.failed;
}

/** Whether the kind cluster of the state answers, with its node and its registry. */
export async function isKindHealthy({ access, recipe }: ClusterState): Promise<boolean> {
  if (access?.registry === undefined || recipe !== KIND_RECIPE) return false;
  if (!(await isReady(access.kubeconfig)) || !(await isNodeReady(access.kubeconfig))) return false;
  return registryAnswers(access.registry.address);
}

/** Starts a registry and a one-node kind cluster with an audit log. The caller tears down what a failure leaves. */
export async function startKind(progress: Progress, signal: AbortSignal | undefined): Promise<ClusterAccess> {
  const layout = clusterLayout();
  const journal = new StateJournal(emptyState('kind', KIND_RECIPE, layout.data));
  journal.record((state) => state.dockerContainers.push(REGISTRY_CONTAINER));
  mkdirSync(layout.configuration, { recursive: true, mode: 0o700 });

  progress('starting a kind cluster (about 2 min, more when its image has to be fetched)');
  const registry = await startRegistryContainer(layout);
  const kubeconfig = join(layout.data, 'admin.kubeconfig');
  const configuration = writeKindConfiguration(layout);
  const create = ['create', 'cluster', '--name', KIND_CLUSTER, '--wait', '120s'];
  await run('kind', [...create, '--config', configuration, '--kubeconfig', kubeconfig], { signal });
  await run('docker', ['network', 'connect', 'kind', REGISTRY_CONTAINER]);
  await waitUntil({ what: 'the registry to answer', seconds: 30, signal }, () => registryAnswers(registry.address));
  await createMarker(kubeconfig);

  const kubectl = findOnPath('kubectl');
  const { gateway } = await keepPodsOnMachine();
  const access: ClusterAccess = {
    kubeconfig,
    kintsugiKubeconfig: await requestKubeconfig(kubeconfig, 'kintsugi', join(layout.data, 'kubeconfigs')),
    auditLog: layout.auditLog,
    registry,
    ...(kubectl === undefined ? {} : { kubectl }),
    nodeAddress: gateway,
  };
  journal.record((state) => {
    state.access = access;
  });
  return access;
}

/** The registry that the node pulls from under the names of ghcr.io and docker.io; on this machine it is on loopback. */
async function startRegistryContainer(layout: Layout): Promise<Registry> {
  const password = randomBytes(18).toString('base64url');
  const user = 'kintsugi';
  const hash = await run('docker', ['run', '--rm', 'httpd:2', 'htpasswd', '-Bbn', user, password]);
  writeFileSync(join(layout.configuration, 'registry.htpasswd'), `${hash.trim()}\n`);
  await run('docker', [
    ...['run', '--detach', '--name', REGISTRY_CONTAINER],
    ...['--publish', `127.0.0.1::${REGISTRY_PORT}`],
    ...['--volume', `${layout.configuration}:/auth:ro`],
    ...['--env', 'REGISTRY_AUTH=htpasswd', '--env', 'REGISTRY_AUTH_HTPASSWD_REALM=kintsugi'],
    ...['--env', 'REGISTRY_AUTH_HTPASSWD_PATH=/auth/registry.htpasswd'],
    REGISTRY_IMAGE,
  ]);
  const published = await run('docker', ['port', REGISTRY_CONTAINER, `${REGISTRY_PORT}/tcp`]);
  return { address: published.split('\n')[0] ?? '', user, password };
}

/** The mirrors, the audit policy and the capped restart back-off, in kind's own configuration format. */
function writeKindConfiguration(layout: Layout): string {
  const policyFolder = join(layout.configuration, 'audit');
  const mirrors = writeMirrors(layout);
  mkdirSync(policyFolder, { recursive: true });
  mkdirSync(layout.logs, { recursive: true });
  const policy = fileURLToPath(new URL('audit-policy.yaml', import.meta.url));
  copyFileSync(policy, join(policyFolder, 'audit-policy.yaml'));
  const file = join(layout.configuration, 'kind.yaml');
  const node = {
    role: 'control-plane',
    kubeadmConfigPatches: [stringify(auditPatch()), stringify(kubeletPatch())],
    extraMounts: [
      { hostPath: policyFolder, containerPath: '/etc/kubernetes/kintsugi', readOnly: true },
      { hostPath: layout.logs, containerPath: NODE_AUDIT_FOLDER },
      { hostPath: mirrors, containerPath: NODE_MIRRORS, readOnly: true },
    ],
  };
  const containerd = `[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "${NODE_MIRRORS}"\n`;
  const cluster = {
    kind: 'Cluster',
    apiVersion: 'kind.x-k8s.io/v1alpha4',
    nodes: [node],
    containerdConfigPatches: [containerd],
  };
  writeFileSync(file, stringify(cluster));
  return file;
}

function writeMirrors(layout: Layout): string {
  const folder = join(layout.configuration, 'mirrors');
  const mirror = `http://${REGISTRY_CONTAINER}:${REGISTRY_PORT}`;
  for (const host of ['ghcr.io', 'docker.io']) {
    mkdirSync(join(folder, host), { recursive: true });
    const text = `server = "${mirror}"\n[host."${mirror}"]\n  capabilities = ["pull", "resolve"]\n`;
    writeFileSync(join(folder, host, 'hosts.toml'), text);
  }
  return folder;
}

/** kubeadm runs the API server as a pod: the policy and the log's folder are mounted into it. */
function auditPatch() {
  return {
    kind: 'ClusterConfiguration',
    apiServer: {
      extraArgs: {
        'audit-policy-file': NODE_POLICY,
        'audit-log-path': `${NODE_AUDIT_FOLDER}/audit.jsonl`,
        'audit-log-format': 'json',
      },
      extraVolumes: [
        {
          name: 'kintsugi-audit-policy',
          hostPath: '/etc/kubernetes/kintsugi',
          mountPath: '/etc/kubernetes/kintsugi',
          readOnly: true,
          pathType: 'Directory',
        },
        {
          name: 'kintsugi-audit-log',
          hostPath: NODE_AUDIT_FOLDER,
          mountPath: NODE_AUDIT_FOLDER,
          pathType: 'Directory',
        },
      ],
    },
  };
}

function kubeletPatch() {
  return {
    kind: 'KubeletConfiguration',
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    featureGates: { KubeletCrashLoopBackOffMax: true },
    crashLoopBackOff: { maxContainerRestartPeriod: '5s' },
  };
}

/**
 * Rejects what pods send anywhere but to kind's own network (safety 27); the rule ends with the node's container.
 * Returns the machine's address in that network, by which pods reach programs on it.
 */
async function keepPodsOnMachine(): Promise<{ gateway: string }> {
  const ranges = await run('docker', [
    ...['network', 'inspect', 'kind'],
    ...['--format', '{{range .IPAM.Config}}{{.Subnet}} {{.Gateway}}{{println}}{{end}}'],
  ]);
  const range = ranges.split('\n').find((line) => line.includes('.'));
  const [subnet, gateway] = range?.split(' ') ?? [];
  if (subnet === undefined || gateway === undefined) {
    throw new KintsugiError('unavailable', "Docker's network 'kind' has no IPv4 range", {
      where: 'docker network inspect kind',
      fix: 'Remove that network and run this again: kind makes it anew.',
    });
  }
  const rule = ['-o', 'eth0', '!', '-d', subnet, '-j', 'REJECT'];
  await run('docker', ['exec', NODE_CONTAINER, 'iptables', '-w', '-I', 'FORWARD', '1', ...rule]);
  return { gateway };
}

/** Pushes a docker archive through the Docker engine; the login is taken back afterwards. */
export async function pushWithDocker(registry: Registry, archive: string, image: string): Promise<void> {
  const loaded = await run('docker', ['load', '--input', archive]);
  const source = /Loaded image(?: ID)?: (\S+)/.exec(loaded)?.[1];
  if (source === undefined) {
    throw new KintsugiError('invalid', `docker loaded no image from ${archive}: ${loaded}`, {
      where: archive,
      fix: 'Give an archive of one image, as docker save makes it.',
    });
  }
  const target = nameInRegistry(registry.address, image);
  await run('docker', ['tag', source, target]);
  const login = ['login', '--username', registry.user, '--password-stdin', registry.address];
  await run('docker', login, { input: registry.password });
  try {
    await run('docker', ['push', '--quiet', target]);
  } finally {
    await run('docker', ['logout', registry.address]);
  }
}
