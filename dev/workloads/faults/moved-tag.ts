import { KintsugiError } from '../../../src/errors.ts';
import { moveTag } from '../../cluster/registry.ts';
import { IMAGES } from '../../images/catalogue.ts';
import { AGENT_BRUNO } from '../targets.ts';
import type { Fault, FaultContext } from './fault.ts';
import { agentBrunoPods, deletePods } from './pods.ts';

/** Beside the tag, what it stood for before. */
export const BEFORE = '-before';

export default {
  name: 'moved-tag',
  target: AGENT_BRUNO,
  summary: 'A build that lost a package was pushed under the tag that runs, and then the node was drained.',
  alerts: ['AgentBrunoPodCrashLooping'],
  apply: async (context) => {
    const { registry, progress } = context;
    if (registry === undefined)
      throw new KintsugiError('unavailable', 'this cluster has no registry of its own whose tag could be moved', {
        where: '--fault moved-tag',
        fix: 'Use the built-in cluster.',
      });
    const image = await imageOf(context);
    progress(`Agent Bruno: a build without a package is pushed as ${image}; draining its node`);
    await moveTag(registry, `${image}${BEFORE}`, tagOf(image));
    await moveTag(registry, image, tagOf(IMAGES['agent-bruno:v2-missing-package'].reference));
    await deletePods(context, await agentBrunoPods(context));
  },
} satisfies Fault;

/** Puts the tag back that the published manifest names, where it was moved. */
export async function tagBack({ registry }: Pick<FaultContext, 'registry'>): Promise<void> {
  const image = IMAGES['agent-bruno:latest'].reference;
  if (registry !== undefined) await moveTag(registry, image, `${tagOf(image)}${BEFORE}`);
}

async function imageOf({ kube, namespaces }: FaultContext): Promise<string> {
  const { spec } = await kube.apps.readNamespacedDeployment({ name: 'agent-bruno', namespace: namespaces.bruno });
  return spec?.template.spec?.containers.find(({ name }) => name === 'agent-bruno')?.image ?? '';
}

function tagOf(image: string): string {
  return image.slice(image.lastIndexOf(':') + 1);
}
