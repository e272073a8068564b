import { PatchStrategy } from '@kubernetes/client-node';
import { callOptions } from '../../../src/kubernetes/transport.ts';
import type { FaultContext } from './fault.ts';

/** A container's fields as a strategic merge patch: lists are merged by name, `$patch: delete` takes an entry out. */
export interface ContainerPatch {
  image?: string;
  env?: ({ name: string; value: string } | { name: string; $patch: 'delete' })[];
  command?: string[];
  livenessProbe?: { httpGet: { path: string } };
}

/** Changes the container of Agent Bruno's Deployment as `kubectl set image` and `kubectl set env` do: a rollout follows. */
export async function patchAgentBruno({ kube, namespaces }: FaultContext, container: ContainerPatch): Promise<void> {
  await kube.apps.patchNamespacedDeployment(
    {
      name: 'agent-bruno',
      namespace: namespaces.bruno,
      fieldManager: 'kubectl-set',
      body: { spec: { template: { spec: { containers: [{ name: 'agent-bruno', ...container }] } } } },
    },
    callOptions({ patch: PatchStrategy.StrategicMergePatch }),
  );
}

/** Changes the security context of Agent Bruno's pods, as `kubectl edit` does: a rollout follows. */
export async function securePods(
  { kube, namespaces }: FaultContext,
  securityContext: { runAsUser: number },
): Promise<void> {
  await kube.apps.patchNamespacedDeployment(
    {
      name: 'agent-bruno',
      namespace: namespaces.bruno,
      fieldManager: 'kubectl-edit',
      body: { spec: { template: { spec: { securityContext } } } },
    },
    callOptions({ patch: PatchStrategy.StrategicMergePatch }),
  );
}

/** Restarts Agent Bruno as `kubectl rollout restart` does. */
export async function restartAgentBruno({ kube, namespaces, progress }: FaultContext): Promise<void> {
  progress('Agent Bruno: kubectl rollout restart');
  const annotations = { 'kubectl.kubernetes.io/restartedAt': new Date().toISOString() };
  await kube.apps.patchNamespacedDeployment(
    {
      name: 'agent-bruno',
      namespace: namespaces.bruno,
      fieldManager: 'kubectl-rollout',
      body: { spec: { template: { metadata: { annotations } } } },
    },
    callOptions({ patch: PatchStrategy.StrategicMergePatch }),
  );
}
