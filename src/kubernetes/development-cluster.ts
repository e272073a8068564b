import { KintsugiError } from '../errors.ts';
import type { Kubernetes } from './client.ts';

/** The ConfigMap by which a cluster says that it is for development (safety 27). */
export const DEVELOPMENT_MARKER = { name: 'kintsugi-development-cluster', namespace: 'kube-system' };

/** Whether the cluster says that it is for development: not without the marker, and not where it may not be read. */
export async function isDevelopmentCluster({ core }: Pick<Kubernetes, 'core'>): Promise<boolean> {
  try {
    await core.readNamespacedConfigMap(DEVELOPMENT_MARKER);
    return true;
  } catch (thrown) {
    if (thrown instanceof KintsugiError && !thrown.retryable) return false;
    throw thrown;
  }
}
