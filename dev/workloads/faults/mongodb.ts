import { PatchStrategy } from '@kubernetes/client-node';
import { callOptions } from '../../../src/kubernetes/transport.ts';
import { AGENT_BRUNO } from '../targets.ts';
import { seenAway } from './dependencies.ts';
import type { Fault } from './fault.ts';
import { restart } from './patch.ts';

export default {
  name: 'mongodb',
  target: AGENT_BRUNO,
  summary:
    'MongoDB was scaled to 0 for a backup and forgotten there; Agent Bruno was restarted because it was not ready.',
  alerts: ['AgentBrunoPodCrashLooping', 'AgentBrunoMongoDBConnectionFailure', 'AgentBrunoAPIDown'],
  apply: async (context) => {
    context.progress('MongoDB: scaled to 0');
    await context.kube.apps.patchNamespacedStatefulSetScale(
      {
        name: 'mongodb',
        namespace: context.namespaces.mongodb,
        fieldManager: 'kubectl-scale',
        body: { spec: { replicas: 0 } },
      },
      callOptions({ patch: PatchStrategy.MergePatch }),
    );
    await seenAway(context, 'mongodb');
    await restart(context, AGENT_BRUNO);
  },
} satisfies Fault;
