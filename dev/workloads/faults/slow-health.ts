import { AGENT_BRUNO } from '../targets.ts';
import type { Fault } from './fault.ts';
import { patchAgentBruno } from './patch.ts';

/** Ollama needs 7 s to load it: more than the liveness probe's 5 s, less than the written 10 s. */
const MODEL = 'llama3.1:70b';

export default {
  name: 'slow-health',
  target: AGENT_BRUNO,
  summary:
    'The health page was told to ask the large model too, which takes longer to load than the liveness probe waits.',
  alerts: ['AgentBrunoPodCrashLooping'],
  apply: async (context) => {
    context.progress(`Agent Bruno: HEALTH_CHECK_MODEL=${MODEL}`);
    await patchAgentBruno(context, { env: [{ name: 'HEALTH_CHECK_MODEL', value: MODEL }] });
  },
} satisfies Fault;
