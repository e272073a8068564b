import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BinaryPaths, definitionsBeside } from '../build/binaries.ts';
import { applyObjects, hasDriver, readManifest } from './api.ts';
import type { ClusterContext } from './control-plane.ts';
import { NODE_NAME } from './layout.ts';
import { freePort } from './ports.ts';
import { accepts, type BackgroundProcess, startInBackground, waitUntil } from './processes.ts';
import { CSI_DRIVER, servesSnapshots } from './snapshot-support.ts';

/** The CSI driver with its provisioner, and the CSI project's controllers of snapshots. */
export type SnapshotPrograms = BinaryPaths<'storage' | 'snapshot-controller' | 'csi-snapshotter'>;

const LOOPBACK = '127.0.0.1';
/** Only single snapshots: the definitions of groups are not there. */
const NO_GROUPS = '--feature-gates=CSIVolumeGroupSnapshot=false';

/**
 * Makes the kinds, classes and rights of volume snapshots known, starts the programs and returns when the kubelet knows the
 * driver. Needs an API server that is ready; the node may start meanwhile.
 */
export async function startSnapshots(context: ClusterContext, programs: SnapshotPrograms): Promise<void> {
  const admin = context.kubeconfigs.admin;
  const driver = startDriver(context, programs.storage);
  await applyObjects(admin, [...definitions(programs['snapshot-controller']), ...manifest('snapshots.yaml')]);
  const controllers = await Promise.all([
    startProvisioner(context, programs.storage),
    startController(context, programs, 'snapshot-controller', []),
    startController(context, programs, 'csi-snapshotter', [`--csi-address=${context.layout.storageSocket}`]),
  ]);
  const wait = { seconds: 60, signal: context.signal, needs: [driver, ...controllers] };
  await waitUntil({ ...wait, what: 'volume snapshots to be served' }, () => servesSnapshots(admin));
  await applyObjects(admin, manifest('snapshot-class.yaml'));
  await waitUntil({ ...wait, what: 'the kubelet to know the CSI driver' }, () =>
    hasDriver(admin, NODE_NAME, CSI_DRIVER),
  );
}

function definitions(controller: string) {
  const folder = definitionsBeside(controller);
  return readdirSync(folder).flatMap((file) => readManifest(join(folder, file)));
}

function manifest(file: string) {
  return readManifest(fileURLToPath(new URL(`manifests/${file}`, import.meta.url)));
}

/** The driver needs no API server: the kubelet finds its socket among the plugins'. */
function startDriver({ journal, layout }: ClusterContext, program: string): BackgroundProcess {
  return startInBackground(journal, {
    name: 'csi-driver',
    program,
    args: [
      'csi-driver',
      `--root=${layout.storage}`,
      `--socket=${layout.storageSocket}`,
      `--plugin-registry=${join(layout.kubelet, 'plugins_registry')}`,
      `--node=${NODE_NAME}`,
    ],
    logFile: join(layout.logs, 'csi-driver.log'),
  });
}

async function startProvisioner(
  { journal, layout, kubeconfigs }: ClusterContext,
  program: string,
): Promise<BackgroundProcess> {
  return startInBackground(journal, {
    name: 'csi-provisioner',
    program,
    args: ['csi-provisioner', `--kubeconfig=${kubeconfigs['csi-provisioner']}`, `--socket=${layout.storageSocket}`],
    logFile: join(layout.logs, 'csi-provisioner.log'),
  });
}

/** Starts one of the CSI project's controllers and waits until its metrics are served: it has found what it works with then. */
async function startController(
  { journal, layout, kubeconfigs, signal }: ClusterContext,
  programs: SnapshotPrograms,
  name: 'snapshot-controller' | 'csi-snapshotter',
  args: string[],
): Promise<BackgroundProcess> {
  const port = await freePort(LOOPBACK);
  const controller = startInBackground(journal, {
    name,
    program: programs[name],
    args: [`--kubeconfig=${kubeconfigs[name]}`, `--http-endpoint=${LOOPBACK}:${port}`, NO_GROUPS, ...args],
    logFile: join(layout.logs, `${name}.log`),
  });
  await waitUntil({ what: `${name} to listen`, seconds: 60, signal, needs: [controller] }, () =>
    accepts(LOOPBACK, port),
  );
  return controller;
}
