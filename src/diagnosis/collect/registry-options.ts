import type { V1Pod } from '@kubernetes/client-node';
import type { Kubernetes } from '../../kubernetes/client.ts';
import { readPullSecrets } from '../../registry/pull-secrets.ts';

/** Milliseconds that a registry may take in all: whoever waits for a diagnosis does not wait for a registry that is away. */
export const REGISTRY_MS = 1200;

/** What a registry is asked with for a pod: its pull secrets, and the time until `time` aborts. */
export async function registryOptions(
  {
    kubernetes,
    mirrors,
    signal,
  }: { kubernetes: Kubernetes; mirrors: Readonly<Record<string, string>>; signal: AbortSignal },
  pod: V1Pod,
) {
  const time = AbortSignal.timeout(REGISTRY_MS);
  const pullSecrets = await readPullSecrets(kubernetes, pod);
  return { time, options: { pullSecrets, mirrors, timeoutMs: REGISTRY_MS, signal: AbortSignal.any([signal, time]) } };
}
