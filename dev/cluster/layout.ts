import { join } from 'node:path';
import { cacheFolder } from '../build/cache.ts';

/** The one address that everything of the built-in cluster listens on besides loopback; pods reach the machine by it. */
export const NODE_ADDRESS = '10.99.0.1';
export const NODE_NAME = 'kintsugi';
export const POD_RANGE = '10.99.4.0/22';
export const SERVICE_RANGE = '10.99.64.0/18';
/** The first address of SERVICE_RANGE: the Service `kubernetes`. */
export const API_SERVICE_ADDRESS = '10.99.64.1';
export const BRIDGE = 'kintsugi0';
/** Every process and container of the cluster lives below this control group. */
export const CGROUP = '/kintsugi';
export const PAUSE_IMAGE = 'localhost/kintsugi/pause:1';

/** Where the built-in cluster keeps its files. `data` is deleted by `down`; the registry's images stay for the next time. */
export interface Layout {
  data: string;
  logs: string;
  certificates: string;
  kubeconfigs: string;
  configuration: string;
  /** The folders of StorageClass `folder`. */
  volumes: string;
  /** The CSI driver's volumes and snapshots. */
  storage: string;
  storageSocket: string;
  /** The kubelet's folder: pods' mounts are below it. */
  kubelet: string;
  podLogs: string;
  auditLog: string;
  containerdSocket: string;
  registryImages: string;
}

/** The built-in cluster's paths below the cache folder. */
export function clusterLayout(cache = cacheFolder()): Layout {
  const data = join(cache, 'cluster');
  return {
    data,
    logs: join(data, 'logs'),
    certificates: join(data, 'certificates'),
    kubeconfigs: join(data, 'kubeconfigs'),
    configuration: join(data, 'configuration'),
    volumes: join(data, 'volumes'),
    storage: join(data, 'storage'),
    storageSocket: join(data, 'csi.sock'),
    kubelet: join(data, 'kubelet'),
    podLogs: join(data, 'pod-logs'),
    auditLog: join(data, 'logs', 'audit.jsonl'),
    containerdSocket: join(data, 'containerd.sock'),
    registryImages: join(cache, 'registry'),
  };
}
