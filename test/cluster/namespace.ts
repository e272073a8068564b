import { randomBytes } from 'node:crypto';
import { KubeConfig, RbacAuthorizationV1Api } from '@kubernetes/client-node';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { until } from './until.ts';

/** Makes a namespace of its own that says it belongs to development; returns its name. */
export async function createNamespace(
  kubernetes: Kubernetes,
  prefix: string,
  labels: Record<string, string> = {},
): Promise<string> {
  const name = `${prefix}-${randomBytes(4).toString('hex')}`;
  await kubernetes.core.createNamespace({
    body: { metadata: { name, labels: { ...labels, 'kintsugi.dev/development': 'true' } } },
  });
  await until(`the ServiceAccount of ${name}`, async () => {
    const list = await kubernetes.core.listNamespacedServiceAccount({ namespace: name });
    return list.items.length > 0;
  });
  return name;
}

export async function deleteNamespace(kubernetes: Kubernetes, name: string): Promise<void> {
  await kubernetes.core.deleteNamespace({ name, body: { gracePeriodSeconds: 0 } });
}

/** A kubeconfig, as text, for a user who may read everything in the namespace and write nothing. */
export async function readerKubeconfig(kubernetes: Kubernetes, namespace: string): Promise<string> {
  const name = 'kintsugi-test-reader';
  const accounts = await kubernetes.core.listNamespacedServiceAccount({ namespace });
  if (accounts.items.every(({ metadata }) => metadata?.name !== name)) {
    await kubernetes.core.createNamespacedServiceAccount({ namespace, body: { metadata: { name } } });
    await kubernetes.config.makeApiClient(RbacAuthorizationV1Api).createNamespacedRoleBinding({
      namespace,
      body: {
        metadata: { name },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
        subjects: [{ kind: 'ServiceAccount', name, namespace }],
      },
    });
  }
  const token = await kubernetes.core.createNamespacedServiceAccountToken({
    namespace,
    name,
    body: { spec: { audiences: [] } },
  });
  const cluster = kubernetes.config.getCurrentCluster();
  if (cluster === null) throw new Error('the kubeconfig names a cluster');
  const config = new KubeConfig();
  config.loadFromClusterAndUser(cluster, { name, token: token.status?.token ?? '' });
  return config.exportConfig();
}
