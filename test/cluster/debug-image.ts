import { readState } from '../../dev/cluster/state.ts';
import { provideImages } from '../../dev/images/provide.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';

/** Puts busybox where a namespace's pods find it: the registry's login is the default ServiceAccount's, as for a team's own registry. */
export async function provideDebugImage(kubernetes: Kubernetes, namespace: string): Promise<void> {
  const registry = readState()?.access?.registry;
  await provideImages({ registry }, ['busybox'], () => undefined);
  if (registry === undefined) return;
  const auths = { 'docker.io': { username: registry.user, password: registry.password } };
  const name = 'debug-registry';
  await kubernetes.core.createNamespacedSecret({
    namespace,
    body: {
      metadata: { name },
      type: 'kubernetes.io/dockerconfigjson',
      stringData: { '.dockerconfigjson': JSON.stringify({ auths }) },
    },
  });
  const account = await kubernetes.core.readNamespacedServiceAccount({ namespace, name: 'default' });
  await kubernetes.core.replaceNamespacedServiceAccount({
    namespace,
    name: 'default',
    body: { ...account, imagePullSecrets: [{ name }] },
  });
}
