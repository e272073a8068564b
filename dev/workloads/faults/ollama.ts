import { PatchStrategy } from '@kubernetes/client-node';
import { callOptions } from '../../../src/kubernetes/transport.ts';
import { seenAway } from './dependencies.ts';
import type { Fault } from './fault.ts';
import { restartAgentBruno } from './patch-deployment.ts';

export default {
  name: 'ollama',
  summary:
    "Ollama's Service was pointed at a new Deployment that does not exist yet; Agent Bruno was restarted because it had no answers.",
  alerts: ['AgentBrunoPodCrashLooping', 'AgentBrunoOllamaConnectionFailure'],
  apply: async (context) => {
    context.progress("Ollama: its Service selects 'ollama-gpu'");
    await context.kube.core.patchNamespacedService(
      {
        name: 'ollama',
        namespace: context.namespaces.ollama,
        fieldManager: 'kubectl-patch',
        body: { spec: { selector: { 'app.kubernetes.io/name': 'ollama-gpu' } } },
      },
      callOptions({ patch: PatchStrategy.MergePatch }),
    );
    await seenAway(context, 'ollama');
    await restartAgentBruno(context);
  },
} satisfies Fault;
