import { ZEUS } from '../targets.ts';
import type { Fault } from './fault.ts';
import { growConversations } from './in-agent.ts';
import { deletePods, podsOf } from './pods.ts';

/** Measured: 2.18 GiB in the program, over its limit of 2Gi and below 80 % of 3Gi. */
const CONVERSATIONS = 13_800;

export default {
  name: 'kosmos-memory',
  target: ZEUS,
  summary: "The orchestrator's conversations grew until it, which loads them all, needs more than its limit of 2Gi.",
  alerts: ['KosmosAgentOOMKilled', 'KosmosAgentCrashLooping'],
  apply: async (context) => {
    await growConversations(context, ZEUS, CONVERSATIONS);
    context.progress("Zeus' pods are moved");
    await deletePods(context, await podsOf(context, ZEUS));
  },
} satisfies Fault;
