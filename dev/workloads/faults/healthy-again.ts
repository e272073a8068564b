/** Takes every fault back, whatever was done in between: the world is again as it was deployed. */
import { KubernetesObjectApi } from '@kubernetes/client-node';
import { z } from 'zod';
import { isReady } from '../../../src/kubernetes/pods.ts';
import { applyManifests } from '../deploy.ts';
import { waitAgentBruno, waitDependencies } from '../healthy.ts';
import { type RegistryLogin, renderPart } from '../render.ts';
import { waitFor } from '../wait.ts';
import type { FaultContext } from './fault.ts';
import { tagBack } from './moved-tag.ts';
import { agentBrunoPods, deletePods, inRedis, redisPods } from './pods.ts';

/**
 * Replaces a Redis that does not answer, puts MongoDB and Ollama back as published, removes all sessions, puts Agent
 * Bruno's template, pull secret and tag back, replaces its pods that wait in back-off, and returns when all is healthy.
 * @param registry the one that the workloads were deployed with
 */
export async function healthyAgain(context: FaultContext, registry: RegistryLogin | undefined): Promise<void> {
  const { kube, namespaces, signal } = context;
  await answeringRedis(context);
  for (const part of ['mongodb', 'ollama'] as const)
    await applyManifests(kube, renderPart(part, namespaces, { registry }));
  await waitDependencies(kube, { namespaces, signal });
  await inRedis(context, 'redis-cli -e FLUSHALL', 60);
  await tagBack(context);
  await restorePullSecret(context, registry);
  await restoreTemplate(context, registry);
  const stuck = (await agentBrunoPods(context)).filter((pod) => !isReady(pod));
  await deletePods(context, stuck);
  await waitAgentBruno(kube, { namespaces, signal });
}

/** A Secret's type never changes: one that has another is made anew. */
async function restorePullSecret(
  { kube, namespaces }: FaultContext,
  registry: RegistryLogin | undefined,
): Promise<void> {
  const secret = renderPart('bruno', namespaces, { registry }).find(({ kind }) => kind === 'Secret');
  if (secret === undefined) return;
  const place = { name: secret.metadata.name, namespace: namespaces.bruno };
  const present = await kube.core.readNamespacedSecret(place).catch(() => undefined);
  if (present !== undefined && present.type !== secret.type) await kube.core.deleteNamespacedSecret(place);
  await applyManifests(kube, [secret]);
}

async function answeringRedis(context: FaultContext): Promise<void> {
  const answer = await inRedis(context, 'timeout 3 redis-cli ping', 10).catch(() => '');
  // Any answer will do: 'LOADING ...' is one of a Redis that gets well by itself.
  if (answer.trim() !== '') return;
  const hung = await redisPods(context);
  await deletePods(context, hung);
  const uids = new Set(hung.map((pod) => pod.metadata?.uid));
  await waitFor({ what: 'the end of the hung Redis', seconds: 60, signal: context.signal }, async () => {
    const left = (await redisPods(context)).filter((pod) => uids.has(pod.metadata?.uid));
    return left.length === 0 ? undefined : 'it is still there';
  });
}

/** A replacement and no patch: what anybody added to the template goes too. Replicas stay, they are the HPA's. */
async function restoreTemplate({ kube, namespaces }: FaultContext, registry: RegistryLogin | undefined): Promise<void> {
  const published = renderPart('bruno', namespaces, { registry }).find((object) => object.kind === 'Deployment');
  if (published === undefined) return;
  const current = await kube.apps.readNamespacedDeployment({ name: 'agent-bruno', namespace: namespaces.bruno });
  const client = KubernetesObjectApi.makeApiClient(kube.config);
  await client.replace({
    ...published,
    metadata: { ...published.metadata, resourceVersion: current.metadata?.resourceVersion ?? '' },
    spec: { ...z.looseObject({}).parse(published.spec), replicas: current.spec?.replicas ?? 1 },
  });
}
