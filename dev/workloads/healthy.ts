/** Whether the workloads are well, as the API server and the programs themselves say. */
import type { V1Deployment, V1StatefulSet } from '@kubernetes/client-node';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import type { Namespaces } from './namespaces.ts';
import { waitFor } from './wait.ts';

export interface WaitOptions {
  namespaces: Namespaces;
  /** Seconds to wait for each part; 180 if not given. */
  seconds?: number;
  signal?: AbortSignal | undefined;
}

/**
 * Waits until Redis, MongoDB, Ollama and Agent Bruno are rolled out with every pod ready, and `/ready` answers through the Service.
 * @throws KintsugiError `timeout` with what was missing last
 */
export async function waitHealthy(kube: Kubernetes, options: WaitOptions): Promise<void> {
  await waitDependencies(kube, options);
  await waitAgentBruno(kube, options);
}

/** The first half of {@link waitHealthy}: what Agent Bruno needs at its start. */
export async function waitDependencies(
  kube: Kubernetes,
  { namespaces, seconds = 180, signal }: WaitOptions,
): Promise<void> {
  const sets = [
    { name: 'redis-master', namespace: namespaces.redis },
    { name: 'mongodb', namespace: namespaces.mongodb },
  ];
  for (const set of sets) {
    await waitFor({ what: `StatefulSet ${set.namespace}/${set.name}`, seconds, signal }, async () =>
      unfinishedStatefulSet(await kube.apps.readNamespacedStatefulSet(set)),
    );
  }
  const ollama = { name: 'ollama', namespace: namespaces.ollama };
  await waitFor({ what: `Deployment ${ollama.namespace}/ollama`, seconds, signal }, async () =>
    unfinishedDeployment(await kube.apps.readNamespacedDeployment(ollama)),
  );
}

/** The second half of {@link waitHealthy}. */
export async function waitAgentBruno(
  kube: Kubernetes,
  { namespaces, seconds = 180, signal }: WaitOptions,
): Promise<void> {
  const place = { name: 'agent-bruno', namespace: namespaces.bruno };
  await waitFor({ what: `Deployment ${place.namespace}/agent-bruno`, seconds, signal }, async () => {
    const unfinished = unfinishedDeployment(await kube.apps.readNamespacedDeployment(place));
    return unfinished ?? answers(kube, place.namespace, 'agent-bruno-service:8080');
  });
}

/** KOSMOS' agents and the Service of each. */
export const KOSMOS_SERVICES = {
  'zeus-orchestrator': 'zeus-service:8080',
  'kosmos-agent-runtime': 'kosmos-agent-service:8000',
  'hermes-agent': 'hermes-agent:8000',
} as const;
export type KosmosAgent = keyof typeof KOSMOS_SERVICES;
export const KOSMOS_AGENTS: readonly KosmosAgent[] = ['kosmos-agent-runtime', 'hermes-agent', 'zeus-orchestrator'];

/**
 * Waits until KOSMOS' agents are rolled out with every pod ready, and `/ready` answers through the Service of each.
 * @throws KintsugiError `timeout` with what was missing last
 */
export async function waitKosmos(
  kube: Kubernetes,
  { namespaces, agents = KOSMOS_AGENTS, seconds = 180, signal }: WaitOptions & { agents?: readonly KosmosAgent[] },
): Promise<void> {
  const namespace = namespaces.kosmos;
  for (const name of agents) {
    await waitFor({ what: `${name} in ${namespace}`, seconds, signal }, async () => {
      const unfinished =
        name === 'hermes-agent'
          ? unfinishedStatefulSet(await kube.apps.readNamespacedStatefulSet({ name, namespace }))
          : unfinishedDeployment(await kube.apps.readNamespacedDeployment({ name, namespace }));
      return unfinished ?? answers(kube, namespace, KOSMOS_SERVICES[name]);
    });
  }
}

/** Asks `/ready` through a Service; throws when it does not answer. */
async function answers(kube: Kubernetes, namespace: string, service: string): Promise<undefined> {
  await kube.core.connectGetNamespacedServiceProxyWithPath({ name: service, namespace, path: 'ready' });
}

/** What keeps a rollout from being complete, in one phrase. Semantics of `kubectl rollout status`. */
export function unfinishedDeployment({ metadata, spec, status }: V1Deployment): string | undefined {
  const wanted = spec?.replicas ?? 1;
  if ((status?.observedGeneration ?? 0) < (metadata?.generation ?? 0))
    return 'the controller has not seen the last change';
  if ((status?.updatedReplicas ?? 0) < wanted)
    return `${status?.updatedReplicas ?? 0} of ${wanted} pods are of the last revision`;
  if ((status?.replicas ?? 0) > wanted) return `${(status?.replicas ?? 0) - wanted} old pods are still there`;
  if ((status?.availableReplicas ?? 0) < wanted)
    return `${status?.availableReplicas ?? 0} of ${wanted} pods are available`;
  return undefined;
}

/** The same for a StatefulSet. */
export function unfinishedStatefulSet({ metadata, spec, status }: V1StatefulSet): string | undefined {
  const wanted = spec?.replicas ?? 1;
  if ((status?.observedGeneration ?? 0) < (metadata?.generation ?? 0))
    return 'the controller has not seen the last change';
  if ((status?.readyReplicas ?? 0) < wanted) return `${status?.readyReplicas ?? 0} of ${wanted} pods are ready`;
  if (status?.currentRevision !== status?.updateRevision) return 'pods of an old revision are left';
  return undefined;
}
