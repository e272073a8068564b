import { AGENT_BRUNO } from '../targets.ts';
import type { Fault } from './fault.ts';
import { patchAgentBruno } from './patch.ts';

export default {
  name: 'configuration',
  target: AGENT_BRUNO,
  summary: 'SESSION_TTL, a number of seconds, was set to words.',
  alerts: ['AgentBrunoPodCrashLooping'],
  apply: async (context) => {
    context.progress("Agent Bruno: SESSION_TTL='one hour'");
    await patchAgentBruno(context, { env: [{ name: 'SESSION_TTL', value: 'one hour' }] });
  },
} satisfies Fault;
