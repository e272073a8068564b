import { AGENT_BRUNO } from '../targets.ts';
import type { Fault } from './fault.ts';
import { securePods } from './patch.ts';

/** Nobody in the image; the folder of the transcript belongs to 1000. */
const USER = 10001;

export default {
  name: 'permission',
  target: AGENT_BRUNO,
  summary: 'A security scan asked for a user id above 10000, and the pods got one that may not write the transcript.',
  alerts: ['AgentBrunoPodCrashLooping'],
  apply: async (context) => {
    context.progress(`Agent Bruno: securityContext.runAsUser=${USER}`);
    await securePods(context, { runAsUser: USER });
  },
} satisfies Fault;
