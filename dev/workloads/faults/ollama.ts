import { PatchStrategy } from '@kubernetes/client-node';
import { callOptions } from '../../../src/kubernetes/transport.ts';
import { AGENT_BRUNO } from '../targets.ts';
import { seenAway } from './dependencies.ts';
import type { Fault } from './fault.ts';
import { restart } from './patch.ts';

export default {
  name: 'ollama',
  target: AGENT_BRUNO,
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
    await restart(context, AGENT_BRUNO);
  },
} satisfies Fault;
