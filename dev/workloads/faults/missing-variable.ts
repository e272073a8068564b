import { AGENT_BRUNO } from '../targets.ts';
import type { Fault } from './fault.ts';
import { patchAgentBruno } from './patch.ts';

export default {
  name: 'missing-variable',
  target: AGENT_BRUNO,
  summary: 'MONGODB_URL was taken out of the Deployment when its variables were tidied up.',
  alerts: ['AgentBrunoPodCrashLooping'],
  apply: async (context) => {
    context.progress('Agent Bruno: MONGODB_URL removed');
    await patchAgentBruno(context, { env: [{ name: 'MONGODB_URL', $patch: 'delete' }] });
  },
} satisfies Fault;
