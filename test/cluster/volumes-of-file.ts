import { afterAll, afterEach } from '@jest/globals';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import { provided } from '../needs.ts';
import { createNamespace, deleteNamespace } from './namespace.ts';
import {
  createVolumeWorld,
  letVolumesGo,
  type MortalWorker,
  startMortalWorker,
  type VolumeWorld,
} from './volume-world.ts';
import { idleImage } from './workloads.ts';

/** What a file of tests about volumes works with, in a namespace of its own. */
export interface VolumesOfFile {
  kubernetes: Kubernetes;
  namespace: string;
  /** An image on the node that does nothing for ever. */
  image: string;
  worker: MortalWorker;
  /** A Deployment on a claim of its own; after each test all Deployments go. */
  volumeWorld(): Promise<VolumeWorld>;
}

/** Awaited where the file begins, so that its tests can do with plain names. */
export async function volumesOfFile(prefix: string, storageClass: string): Promise<VolumesOfFile> {
  const kubeconfig = provided('cluster');
  const kubernetes = connectKubernetes({ kubeconfig });
  const namespace = await createNamespace(kubernetes, prefix);
  const image = await idleImage(kubernetes);
  const worker = await startMortalWorker(kubeconfig);
  afterAll(async () => {
    await worker.close();
    await letVolumesGo(kubernetes, namespace);
    await deleteNamespace(kubernetes, namespace);
  });
  afterEach(async () => {
    await kubernetes.apps.deleteCollectionNamespacedDeployment({ namespace });
  });
  let count = 0;
  const volumeWorld = async () => {
    count += 1;
    const target = { namespace, kind: 'Deployment', name: `app-${count}` };
    return createVolumeWorld(kubernetes, target, { image, storageClass });
  };
  return { kubernetes, namespace, image, worker, volumeWorld };
}
