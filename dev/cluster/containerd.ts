import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../build/commands.ts';
import { BRIDGE, type Layout, PAUSE_IMAGE, POD_RANGE } from './layout.ts';
import { type BackgroundProcess, startInBackground, waitUntil } from './processes.ts';
import type { StateJournal } from './state.ts';

/** Where Debian's containernetworking-plugins are. */
const CNI_PROGRAMS = '/usr/lib/cni';
/** The names under which containerd's own mirrors are looked up. */
const MIRRORED = ['ghcr.io', 'docker.io'];

/** Starts a containerd of the cluster's own, with its pod network and its mirrors, and waits until it answers. */
export async function startContainerd(
  journal: StateJournal,
  layout: Layout,
  registryAddress: string,
  signal: AbortSignal | undefined,
): Promise<BackgroundProcess> {
  const mirrors = writeMirrors(layout, registryAddress);
  const network = writePodNetwork(layout);
  const configuration = join(layout.configuration, 'containerd.toml');
  writeFileSync(configuration, containerdConfiguration(layout, mirrors, network));
  const containerd = startInBackground(journal, {
    name: 'containerd',
    program: 'containerd',
    args: ['--config', configuration],
    logFile: join(layout.logs, 'containerd.log'),
  });
  await waitUntil({ what: 'containerd to answer', seconds: 30, signal, needs: [containerd] }, () =>
    containerdAnswers(layout),
  );
  return containerd;
}

async function containerdAnswers(layout: Layout): Promise<boolean> {
  try {
    await ctr(layout, ['version']);
    return true;
  } catch {
    return false;
  }
}

/** Imports an archive made by `docker save` or alike into the node's images; returns what was imported, line by line. */
export async function importImage(layout: Layout, archive: string): Promise<string> {
  return ctr(layout, ['--namespace', 'k8s.io', 'images', 'import', archive]);
}

async function ctr(layout: Layout, args: string[]): Promise<string> {
  return run('ctr', ['--address', layout.containerdSocket, '--connect-timeout', '2s', ...args]);
}

/**
 * All images of ghcr.io and docker.io come from the local registry, and from nowhere else: `server` is it, too. The
 * manifests keep their published names.
 */
function writeMirrors(layout: Layout, registryAddress: string): string {
  const folder = join(layout.configuration, 'mirrors');
  const mirror = `http://${registryAddress}`;
  for (const host of MIRRORED) {
    mkdirSync(join(folder, host), { recursive: true });
    const lines = [`server = "${mirror}"`, `[host."${mirror}"]`, '  capabilities = ["pull", "resolve"]', ''];
    writeFileSync(join(folder, host, 'hosts.toml'), lines.join('\n'));
  }
  return folder;
}

/** One bridge without masquerading: pods stay on the machine. hairpinMode lets a pod reach its own Service. */
function writePodNetwork(layout: Layout): string {
  const folder = join(layout.configuration, 'cni');
  mkdirSync(folder, { recursive: true });
  const bridge = {
    type: 'bridge',
    bridge: BRIDGE,
    isGateway: true,
    ipMasq: false,
    hairpinMode: true,
    ipam: {
      type: 'host-local',
      ranges: [[{ subnet: POD_RANGE }]],
      routes: [{ dst: '0.0.0.0/0' }],
      dataDir: join(layout.data, 'pod-addresses'),
    },
  };
  const network = { cniVersion: '0.4.0', name: 'kintsugi', plugins: [bridge] };
  writeFileSync(join(folder, '10-kintsugi.conflist'), JSON.stringify(network, null, 2));
  return folder;
}

/** restrict_oom_score_adj: where a negative score is refused, no pod could start without it. */
function containerdConfiguration(layout: Layout, mirrors: string, network: string): string {
  return `version = 2
root = "${join(layout.data, 'containerd')}"
state = "${join(layout.data, 'containerd-state')}"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]

[grpc]
  address = "${layout.containerdSocket}"

[plugins."io.containerd.internal.v1.opt"]
  path = "${join(layout.data, 'containerd-opt')}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${CNI_PROGRAMS}"
    conf_dir = "${network}"

  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "${mirrors}"

  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"

    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
      Root = "${join(layout.data, 'runc')}"
`;
}
