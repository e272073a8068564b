import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { KintsugiError, messageOf } from '../../src/errors.ts';
import { cacheFolder } from '../build/cache.ts';
import { findOnPath } from '../build/commands.ts';
import { hasMarker, isReady, MARKER } from './api.ts';
import { requestKubeconfig } from './client-certificate.ts';
import type { ClusterAccess } from './state.ts';

/**
 * Takes the cluster that KINTSUGI_DEV_KUBECONFIG names. Nothing is started or stopped, and nothing is touched before the
 * marker object was seen (safety 27). Throws `refused` without it, `unavailable` when the cluster does not answer.
 */
export async function useExistingCluster(kubeconfig: string): Promise<ClusterAccess> {
  const file = await requireMarkedCluster(kubeconfig);
  const folder = join(cacheFolder(), 'existing', createHash('sha256').update(file).digest('hex').slice(0, 12));
  const kubectl = findOnPath('kubectl');
  return {
    kubeconfig: file,
    kintsugiKubeconfig: await requestKubeconfig(file, 'kintsugi', folder),
    ...(kubectl === undefined ? {} : { kubectl }),
  };
}

/**
 * The full path of the kubeconfig of a cluster that answers and carries the marker object; only reads. Throws
 * `unavailable`, `forbidden` or `refused` otherwise.
 */
export async function requireMarkedCluster(path: string): Promise<string> {
  const kubeconfig = resolve(path);
  if (!(await isReady(kubeconfig))) {
    throw new KintsugiError('unavailable', 'the cluster of KINTSUGI_DEV_KUBECONFIG does not answer', {
      where: kubeconfig,
      fix: 'Check the kubeconfig and the cluster, or unset KINTSUGI_DEV_KUBECONFIG.',
    });
  }
  if (!(await isMarked(kubeconfig))) {
    const command = `kubectl --kubeconfig ${kubeconfig} --namespace ${MARKER.namespace} create configmap ${MARKER.name}`;
    throw new KintsugiError('refused', 'the cluster of KINTSUGI_DEV_KUBECONFIG is not marked as one for development', {
      where: kubeconfig,
      fix: `If it is one, mark it: ${command}`,
    });
  }
  return kubeconfig;
}

async function isMarked(kubeconfig: string): Promise<boolean> {
  try {
    return await hasMarker(kubeconfig);
  } catch (error) {
    throw new KintsugiError('forbidden', `the marker object cannot be read: ${messageOf(error)}`, {
      where: kubeconfig,
      fix: 'Use a kubeconfig with all rights on a cluster for development.',
      cause: error,
    });
  }
}
