import { PatchStrategy } from '@kubernetes/client-node';
import { callOptions } from '../../../src/kubernetes/transport.ts';
import { AGENT_BRUNO, type BrokenTarget } from '../targets.ts';
import { type FaultContext, placeOf } from './fault.ts';

/** A container's fields as a strategic merge patch: lists are merged by name, `$patch: delete` takes an entry out. */
export interface ContainerPatch {
  image?: string;
  env?: ({ name: string; value: string } | { name: string; $patch: 'delete' })[];
  command?: string[];
  livenessProbe?: { httpGet: { path: string } };
}

/** Changes a target's container as `kubectl set image` and `kubectl set env` do: a rollout follows. */
export async function patchContainer(
  context: FaultContext,
  target: BrokenTarget,
  container: ContainerPatch,
): Promise<void> {
  const template = { spec: { containers: [{ name: target.container, ...container }] } };
  await patch(context, target, 'kubectl-set', { spec: { template } });
}

/** Changes Agent Bruno's container. */
export async function patchAgentBruno(context: FaultContext, container: ContainerPatch): Promise<void> {
  await patchContainer(context, AGENT_BRUNO, container);
}

/** Changes the security context of Agent Bruno's pods, as `kubectl edit` does: a rollout follows. */
export async function securePods(context: FaultContext, securityContext: { runAsUser: number }): Promise<void> {
  await patch(context, AGENT_BRUNO, 'kubectl-edit', { spec: { template: { spec: { securityContext } } } });
}

/** Restarts a target as `kubectl rollout restart` does. */
export async function restart(context: FaultContext, target: BrokenTarget): Promise<void> {
  context.progress(`${target.title}: kubectl rollout restart`);
  const annotations = { 'kubectl.kubernetes.io/restartedAt': new Date().toISOString() };
  await patch(context, target, 'kubectl-rollout', { spec: { template: { metadata: { annotations } } } });
}

/** Scales a target as `kubectl scale` does. */
export async function scale(context: FaultContext, target: BrokenTarget, replicas: number): Promise<void> {
  context.progress(`${target.title}: scaled to ${replicas}`);
  await patch(context, target, 'kubectl-scale', { spec: { replicas } });
}

async function patch(
  context: FaultContext,
  target: BrokenTarget,
  fieldManager: string,
  body: { spec: object },
): Promise<void> {
  const request = { ...placeOf(context, target), fieldManager, body };
  const options = callOptions({ patch: PatchStrategy.StrategicMergePatch });
  if (target.kind === 'StatefulSet') await context.kube.apps.patchNamespacedStatefulSet(request, options);
  else await context.kube.apps.patchNamespacedDeployment(request, options);
}
