import { setTimeout as sleep } from 'node:timers/promises';
import { createBaselines } from '../../src/activities/baseline-store.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import type { Target } from '../../src/recovery/values.ts';

/** Waits until Kintsugi has recorded that it saw a target healthy (safety 3). Throws when `signal` is aborted. */
export async function waitForBaseline(
  kubernetes: Kubernetes,
  namespace: string,
  target: Target,
  signal: AbortSignal,
): Promise<void> {
  // Only whether there is one is asked here: no secret of it is compared.
  const secrets = { isSecret: () => true, hmac: () => '' };
  const baselines = createBaselines({ kubernetes, namespace, secrets });
  while ((await baselines.read(target)) === null) await sleep(1_000, undefined, { signal });
}

/** Takes away the baselines of a world that is no more: a later one of the same name begins without. */
export async function forgetBaselines(
  kubernetes: Kubernetes,
  namespace: string,
  targetNamespaces: string[],
): Promise<void> {
  const { items } = await kubernetes.core.listNamespacedConfigMap({
    namespace,
    labelSelector: 'kintsugi.dev/baseline=true',
  });
  for (const { metadata } of items) {
    const [of = ''] = metadata?.annotations?.['kintsugi.dev/target']?.split('/') ?? [];
    if (!targetNamespaces.includes(of)) continue;
    await kubernetes.core.deleteNamespacedConfigMap({ name: metadata?.name ?? '', namespace });
  }
}
