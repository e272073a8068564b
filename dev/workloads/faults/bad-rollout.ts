import { IMAGES } from '../../images/catalogue.ts';
import { AGENT_BRUNO } from '../targets.ts';
import type { Fault } from './fault.ts';
import { patchAgentBruno } from './patch.ts';

export default {
  name: 'bad-rollout',
  target: AGENT_BRUNO,
  summary: 'A new build was rolled out whose requirements file lost a package that the program still imports.',
  alerts: ['AgentBrunoPodCrashLooping'],
  apply: async (context) => {
    const image = IMAGES['agent-bruno:v2-missing-package'].reference;
    context.progress(`Agent Bruno: rolling out ${image}`);
    await patchAgentBruno(context, { image });
  },
} satisfies Fault;
