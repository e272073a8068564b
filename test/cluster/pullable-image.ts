import { readState } from '../../dev/cluster/state.ts';
import { IMAGES, type ImageName } from '../../dev/images/catalogue.ts';
import { provideImages } from '../../dev/images/provide.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';

/**
 * Puts an image where a namespace's pods find it, whatever ran on the node before: the registry's login is the default
 * ServiceAccount's, as for a team's own registry.
 */
export async function providePullableImage(kubernetes: Kubernetes, namespace: string, image: ImageName): Promise<void> {
  const registry = readState()?.access?.registry;
  await provideImages({ registry }, [image], () => undefined);
  if (registry === undefined) return;
  const [host = ''] = IMAGES[image].reference.split('/');
  const auths = { [host]: { username: registry.user, password: registry.password } };
  const name = 'development-registry';
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
