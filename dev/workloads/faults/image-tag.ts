import { AGENT_BRUNO } from '../targets.ts';
import type { Fault } from './fault.ts';
import { patchAgentBruno } from './patch.ts';

export default {
  name: 'image-tag',
  target: AGENT_BRUNO,
  summary: 'A version was rolled out whose image nobody had pushed: v1.1.O with the letter O.',
  alerts: ['AgentBrunoImagePullFailing'],
  apply: async (context) => {
    const image = 'ghcr.io/brunovlucena/agent-bruno:v1.1.O';
    context.progress(`Agent Bruno: rolling out ${image}`);
    await patchAgentBruno(context, { image });
  },
} satisfies Fault;
