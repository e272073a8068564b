import { RUNTIME } from '../targets.ts';
import type { Fault } from './fault.ts';
import { patchContainer } from './patch.ts';

export default {
  name: 'kosmos-configuration',
  target: RUNTIME,
  summary: "The agent runtime's CONTEXT_TOKENS, a number, was set to '4k'.",
  alerts: ['KosmosAgentCrashLooping'],
  apply: async (context) => {
    context.progress("the agent runtime: CONTEXT_TOKENS='4k'");
    await patchContainer(context, RUNTIME, { env: [{ name: 'CONTEXT_TOKENS', value: '4k' }] });
  },
} satisfies Fault;
