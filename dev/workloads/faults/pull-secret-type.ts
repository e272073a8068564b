import { AGENT_BRUNO } from '../targets.ts';
import type { Fault } from './fault.ts';
import { agentBrunoPods, deletePods } from './pods.ts';

export default {
  name: 'pull-secret-type',
  target: AGENT_BRUNO,
  summary:
    'The pull secret was made anew with kubectl create secret generic --from-file, and then the node was drained.',
  alerts: ['AgentBrunoImagePullFailing', 'AgentBrunoAPIDown'],
  apply: async (context) => {
    const { kube, namespaces, progress } = context;
    const place = { name: 'ghcr-secret', namespace: namespaces.bruno };
    progress('Agent Bruno: ghcr-secret made anew with the type Opaque; draining its node');
    const { data = {} } = await kube.core.readNamespacedSecret(place);
    await kube.core.deleteNamespacedSecret(place);
    await kube.core.createNamespacedSecret({
      namespace: place.namespace,
      body: { metadata: { name: place.name }, type: 'Opaque', data },
    });
    await deletePods(context, await agentBrunoPods(context));
  },
} satisfies Fault;
