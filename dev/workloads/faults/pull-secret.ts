import { AGENT_BRUNO } from '../targets.ts';
import type { Fault } from './fault.ts';
import { agentBrunoPods, deletePods } from './pods.ts';

export default {
  name: 'pull-secret',
  target: AGENT_BRUNO,
  summary: 'The pull secret was deleted in a clean-up of unused Secrets, and then the node was drained.',
  alerts: ['AgentBrunoImagePullFailing', 'AgentBrunoAPIDown'],
  apply: async (context) => {
    const { kube, namespaces, progress } = context;
    progress('Agent Bruno: kubectl delete secret ghcr-secret; draining its node');
    await kube.core.deleteNamespacedSecret({ name: 'ghcr-secret', namespace: namespaces.bruno });
    await deletePods(context, await agentBrunoPods(context));
  },
} satisfies Fault;
