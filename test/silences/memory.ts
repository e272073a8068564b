import type { V1ConfigMap } from '@kubernetes/client-node';
import { KintsugiError } from '../../src/errors.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import type { SilenceList } from '../../src/silences/store.ts';

/** A list of silences whose ConfigMap is kept in memory. */
export function silencesInMemory(): SilenceList {
  let stored: V1ConfigMap | null = null;
  const write = async ({ body }: { body: V1ConfigMap }): Promise<V1ConfigMap> => {
    stored = structuredClone(body);
    return stored;
  };
  const core = {
    readNamespacedConfigMap: async () => {
      if (stored !== null) return structuredClone(stored);
      throw new KintsugiError('not-found', 'there is none', { where: 'memory', fix: 'write one' });
    },
    createNamespacedConfigMap: write,
    replaceNamespacedConfigMap: write,
  };
  return { kubernetes: { core } as unknown as Kubernetes, namespace: 'kintsugi' };
}
