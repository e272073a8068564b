import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import {
  ApiException,
  CoreV1Api,
  KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  loadAllYaml,
  PatchStrategy,
  StorageV1Api,
} from '@kubernetes/client-node';
import { KintsugiError } from '../../src/errors.ts';
import { DEVELOPMENT_MARKER } from '../../src/kubernetes/development-cluster.ts';

/** The ConfigMap without which no development command touches a cluster (safety 27). */
export const MARKER = DEVELOPMENT_MARKER;

const ANSWER_WITHIN_MS = 5000;

/** Loads exactly this kubeconfig, never a default one. Throws `invalid` when it cannot be read. */
export function loadKubeconfig(file: string): KubeConfig {
  const config = new KubeConfig();
  try {
    config.loadFromFile(file);
  } catch (error) {
    throw new KintsugiError('invalid', `the kubeconfig cannot be read: ${file}`, {
      where: file,
      fix: 'Give the path of a kubeconfig file.',
      cause: error,
    });
  }
  return config;
}

/** Whether the API server says that it is ready (GET /readyz). */
export async function isReady(kubeconfig: string): Promise<boolean> {
  const config = loadKubeconfig(kubeconfig);
  const options = { method: 'GET', timeout: ANSWER_WITHIN_MS };
  await config.applyToHTTPSOptions(options);
  const url = new URL('/readyz', config.getCurrentCluster()?.server);
  return new Promise((resolve) => {
    const call = request(url, options, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    call.on('timeout', () => call.destroy());
    call.on('error', () => resolve(false));
    call.end();
  });
}

/** Whether a node of this name is Ready, or any node without a name. */
export async function isNodeReady(kubeconfig: string, name?: string): Promise<boolean> {
  const api = loadKubeconfig(kubeconfig).makeApiClient(CoreV1Api);
  const nodes = (await api.listNode()).items;
  return nodes.some(
    (node) =>
      (name === undefined || node.metadata?.name === name) &&
      node.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True'),
  );
}

/** Whether pods can be made in the namespace: its default service account is there. */
export async function hasDefaultServiceAccount(kubeconfig: string, namespace: string): Promise<boolean> {
  const api = loadKubeconfig(kubeconfig).makeApiClient(CoreV1Api);
  return exists(() => api.readNamespacedServiceAccount({ name: 'default', namespace }));
}

/** Whether the node's kubelet knows a CSI driver: pods there can have its volumes. */
export async function hasDriver(kubeconfig: string, nodeName: string, driver: string): Promise<boolean> {
  const api = loadKubeconfig(kubeconfig).makeApiClient(StorageV1Api);
  // The kubelet makes the object when it has started, whatever the type says without a list until it knows its first driver.
  const node = await found(() => api.readCSINode({ name: nodeName }));
  return (node?.spec.drivers ?? []).some(({ name }) => name === driver);
}

/** Whether the cluster carries the marker object. */
export async function hasMarker(kubeconfig: string): Promise<boolean> {
  const api = loadKubeconfig(kubeconfig).makeApiClient(CoreV1Api);
  return exists(() => api.readNamespacedConfigMap(MARKER));
}

/** Makes the marker object. */
export async function createMarker(kubeconfig: string): Promise<void> {
  await applyObjects(kubeconfig, [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: MARKER }]);
}

async function exists(read: () => Promise<unknown>): Promise<boolean> {
  return (await found(read)) !== undefined;
}

async function found<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ApiException && error.code === 404) return undefined;
    throw error;
  }
}

/** Reads the objects of a YAML file with several documents, after `values` replaced their `${NAME}`. */
export function readManifest(file: string, values: Record<string, string> = {}): KubernetesObject[] {
  const text = readFileSync(file, 'utf8').replace(/\$\{([A-Z_]+)\}/g, (whole, name: string) => values[name] ?? whole);
  return loadAllYaml(text);
}

/** Creates or changes the objects, in their order (server-side apply as `kintsugi-development-cluster`). */
export async function applyObjects(kubeconfig: string, objects: KubernetesObject[]): Promise<void> {
  const api = KubernetesObjectApi.makeApiClient(loadKubeconfig(kubeconfig));
  for (const object of objects) {
    await api.patch(object, undefined, undefined, MARKER.name, true, PatchStrategy.ServerSideApply);
  }
}
