import type { V1ConfigMap } from '@kubernetes/client-node';
import { KintsugiError } from '../errors.ts';
import type { Kubernetes } from '../kubernetes/client.ts';

/** A ConfigMap of Kintsugi's own namespace, or null where there is none. @throws KintsugiError when it cannot be read */
export async function readConfigMap(
  kubernetes: Kubernetes,
  map: { namespace: string; name: string },
): Promise<V1ConfigMap | null> {
  try {
    return await kubernetes.core.readNamespacedConfigMap(map);
  } catch (error) {
    if (error instanceof KintsugiError && error.code === 'not-found') return null;
    throw error;
  }
}

/** Makes it, or replaces all that is in it. */
export async function writeConfigMap(
  kubernetes: Kubernetes,
  map: {
    namespace: string;
    name: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    data: Record<string, string>;
  },
): Promise<void> {
  const { namespace, name, data, labels = {}, annotations = {} } = map;
  const body: V1ConfigMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, labels: { 'app.kubernetes.io/managed-by': 'kintsugi', ...labels }, annotations },
    data,
  };
  try {
    await kubernetes.core.replaceNamespacedConfigMap({ name, namespace, body });
  } catch (error) {
    if (!(error instanceof KintsugiError) || error.code !== 'not-found') throw error;
    await createOrReplace(kubernetes, namespace, name, body);
  }
}

/** Another worker may make it at the same moment: the last one to write wins, as with any replace. */
async function createOrReplace(
  kubernetes: Kubernetes,
  namespace: string,
  name: string,
  body: V1ConfigMap,
): Promise<void> {
  try {
    await kubernetes.core.createNamespacedConfigMap({ namespace, body });
  } catch (error) {
    if (!(error instanceof KintsugiError) || error.code !== 'conflict') throw error;
    await kubernetes.core.replaceNamespacedConfigMap({ name, namespace, body });
  }
}
