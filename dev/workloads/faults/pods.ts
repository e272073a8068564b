import type { V1Pod } from '@kubernetes/client-node';
import { KintsugiError } from '../../../src/errors.ts';
import { execInPod } from '../exec.ts';
import { AGENT_BRUNO, type BrokenTarget } from '../targets.ts';
import { type FaultContext, placeOf } from './fault.ts';

/** A target's pods, whatever their state. */
export async function podsOf(context: FaultContext, target: BrokenTarget): Promise<V1Pod[]> {
  const { namespace } = placeOf(context, target);
  return (await context.kube.core.listNamespacedPod({ namespace, labelSelector: target.selector })).items;
}

/** Agent Bruno's pods, whatever their state. */
export async function agentBrunoPods(context: FaultContext): Promise<V1Pod[]> {
  return podsOf(context, AGENT_BRUNO);
}

/** Redis' pods, whatever their state. */
export async function redisPods({ kube, namespaces }: FaultContext): Promise<V1Pod[]> {
  const labelSelector = 'app.kubernetes.io/name=redis';
  return (await kube.core.listNamespacedPod({ namespace: namespaces.redis, labelSelector })).items;
}

/** Deletes pods as the drain of a node does: their controller makes new ones. */
export async function deletePods({ kube }: FaultContext, pods: V1Pod[]): Promise<void> {
  for (const { metadata } of pods) {
    if (metadata?.name === undefined || metadata.namespace === undefined || metadata.uid === undefined) continue;
    const { name, namespace, uid } = metadata;
    await kube.core.deleteNamespacedPod({ name, namespace, body: { preconditions: { uid } } });
  }
}

/** Runs a shell script in the container of Redis and returns what it printed. */
export async function inRedis(context: FaultContext, script: string, seconds: number): Promise<string> {
  const { kube, namespaces } = context;
  const pod = (await redisPods(context))[0]?.metadata?.name;
  if (pod === undefined) {
    throw new KintsugiError('not-found', 'there is no Redis pod', {
      where: `namespace ${namespaces.redis}`,
      fix: 'Deploy the workloads first.',
    });
  }
  const command = ['sh', '-ec', script];
  return execInPod(kube.config, { namespace: namespaces.redis, pod, container: 'redis', command, seconds });
}
