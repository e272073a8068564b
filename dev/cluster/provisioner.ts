import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { applyObjects, readManifest } from './api.ts';
import { type ClusterContext, startKubernetes } from './control-plane.ts';
import type { BackgroundProcess } from './processes.ts';

/** Makes the default StorageClass and starts its provisioner: each claim gets a folder of its own on this machine. */
export async function startProvisioner(context: ClusterContext): Promise<BackgroundProcess> {
  const { layout } = context;
  mkdirSync(layout.volumes, { recursive: true });
  const manifest = fileURLToPath(new URL('manifests/storage.yaml', import.meta.url));
  await applyObjects(context.kubeconfigs.admin, readManifest(manifest));
  const args = [`--kubeconfig=${context.kubeconfigs.provisioner}`, `--root=${layout.volumes}`];
  return startKubernetes(context, 'folder-provisioner', args);
}
