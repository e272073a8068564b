/** Takes every fault of KOSMOS' agents back, whatever was done in between: they are again as they were deployed. */
import { deployKosmos } from '../deploy.ts';
import { KOSMOS_AGENTS, type KosmosAgent } from '../healthy.ts';
import type { RegistryLogin } from '../render.ts';
import { type BrokenTarget, HERMES, RUNTIME, ZEUS } from '../targets.ts';
import { waitFor } from '../wait.ts';
import { type FaultContext, placeOf } from './fault.ts';
import { podsOf } from './pods.ts';

const TARGETS: Record<KosmosAgent, BrokenTarget> = {
  'kosmos-agent-runtime': RUNTIME,
  'hermes-agent': HERMES,
  'zeus-orchestrator': ZEUS,
};

/**
 * Deletes agents with their claims and deploys them anew, since no pod of an agent that crashes could empty its volume; returns when
 * all are healthy.
 * @param agents all of them if not given
 * @param registry the one that they were deployed with
 */
export async function kosmosHealthyAgain(
  context: FaultContext,
  registry: RegistryLogin | undefined,
  agents: readonly KosmosAgent[] = KOSMOS_AGENTS,
): Promise<void> {
  await Promise.all(agents.map((agent) => remove(context, TARGETS[agent])));
  await deployKosmos(context.kube, { ...context, registry, agents });
}

async function remove(context: FaultContext, target: BrokenTarget): Promise<void> {
  const { kube, signal } = context;
  const place = placeOf(context, target);
  const claims = await claimsOf(context, target);
  const deletion = { ...place, gracePeriodSeconds: 0, propagationPolicy: 'Foreground' };
  if (target.kind === 'StatefulSet') await kube.apps.deleteNamespacedStatefulSet(deletion);
  else await kube.apps.deleteNamespacedDeployment(deletion);
  for (const name of claims) await kube.core.deleteNamespacedPersistentVolumeClaim({ ...place, name });
  await waitFor({ what: `the end of ${target.name}`, seconds: 120, signal }, async () => {
    const pods = await podsOf(context, target);
    const left = (await claimsOf(context, target)).length;
    return pods.length + left === 0 ? undefined : `${pods.length} pods and ${left} claims are still there`;
  });
}

/** The claims of a target by their names: a Deployment's own one, or those of a StatefulSet's template. */
async function claimsOf(context: FaultContext, target: BrokenTarget): Promise<string[]> {
  const { namespace } = placeOf(context, target);
  const { items } = await context.kube.core.listNamespacedPersistentVolumeClaim({ namespace });
  const names = items.flatMap(({ metadata }) => metadata?.name ?? []);
  return names.filter((name) => name.startsWith(CLAIMS[target.name] ?? `state-${target.name}-`));
}

const CLAIMS: Record<string, string> = { [ZEUS.name]: 'zeus-data', [RUNTIME.name]: 'kosmos-agent-runtime-data' };
