import { ApiException, CustomObjectsApi, StorageV1Api } from '@kubernetes/client-node';
import { z } from 'zod';
import { loadKubeconfig } from './api.ts';

/** The driver of the built-in cluster; another cluster may bring one of its own for the same classes. */
export const CSI_DRIVER = 'csi.kintsugi.dev';
export const STORAGE_CLASS = 'kosmos-csi';
export const SNAPSHOT_CLASS = 'kosmos-snapshots';

const CLASSES = { group: 'snapshot.storage.k8s.io', version: 'v1', plural: 'volumesnapshotclasses' };
const classList = z.object({
  items: z.array(z.object({ metadata: z.object({ name: z.string() }), driver: z.string() })),
});

/** Whether the API server knows the kinds of volume snapshots. */
export async function servesSnapshots(kubeconfig: string): Promise<boolean> {
  return (await snapshotClasses(kubeconfig)) !== undefined;
}

/**
 * What a cluster lacks for volumes with snapshots, in one line; undefined when it has them: the kinds of
 * snapshot.storage.k8s.io, and the two classes with one driver.
 */
export async function missingForSnapshots(kubeconfig: string): Promise<string | undefined> {
  const classes = await snapshotClasses(kubeconfig);
  if (classes === undefined)
    return `the kinds of ${CLASSES.group}, and a CSI driver with StorageClass ${STORAGE_CLASS}`;
  const api = loadKubeconfig(kubeconfig).makeApiClient(StorageV1Api);
  const storageClass = (await api.listStorageClass()).items.find(({ metadata }) => metadata?.name === STORAGE_CLASS);
  if (storageClass === undefined) return `StorageClass ${STORAGE_CLASS} of a CSI driver that takes snapshots`;
  const { provisioner } = storageClass;
  const snapshotClass = classes.find(({ metadata }) => metadata.name === SNAPSHOT_CLASS);
  if (snapshotClass?.driver !== provisioner) return `VolumeSnapshotClass ${SNAPSHOT_CLASS} of driver ${provisioner}`;
  return undefined;
}

/** The snapshot classes; undefined where their kind is not served. */
async function snapshotClasses(kubeconfig: string): Promise<z.infer<typeof classList>['items'] | undefined> {
  const api = loadKubeconfig(kubeconfig).makeApiClient(CustomObjectsApi);
  try {
    return classList.parse(await api.listClusterCustomObject(CLASSES)).items;
  } catch (error) {
    if (error instanceof ApiException && error.code === 404) return undefined;
    throw error;
  }
}
