import type { V1Pod } from '@kubernetes/client-node';
import type { Kubernetes } from '../kubernetes/client.ts';

const KEYS = ['.dockerconfigjson', '.dockercfg'];

/**
 * The decoded pull secrets that a pod names (admission has already put its ServiceAccount's there). One that is gone or may
 * not be read is left out: the image may be public, and the registry's answer tells. The texts hold passwords: they go to
 * `registryDigest` and nowhere else.
 */
export async function readPullSecrets(kubernetes: Kubernetes, pod: V1Pod): Promise<string[]> {
  const namespace = pod.metadata?.namespace;
  if (namespace === undefined) return [];
  const texts: string[] = [];
  for (const { name } of pod.spec?.imagePullSecrets ?? []) {
    if (name === undefined) continue;
    const secret = await kubernetes.core.readNamespacedSecret({ namespace, name }).catch(() => undefined);
    for (const key of KEYS) {
      const encoded = secret?.data?.[key];
      if (encoded !== undefined) texts.push(Buffer.from(encoded, 'base64').toString('utf8'));
    }
  }
  return texts;
}
