import type { Fault } from './fault.ts';
import { patchAgentBruno } from './patch-deployment.ts';

export default {
  name: 'configuration',
  summary: 'SESSION_TTL, a number of seconds, was set to words.',
  alerts: ['AgentBrunoPodCrashLooping'],
  apply: async (context) => {
    context.progress("Agent Bruno: SESSION_TTL='one hour'");
    await patchAgentBruno(context, { env: [{ name: 'SESSION_TTL', value: 'one hour' }] });
  },
} satisfies Fault;
