import { HERMES } from '../targets.ts';
import type { Fault } from './fault.ts';
import { inAgent } from './in-agent.ts';
import { deletePods, podsOf } from './pods.ts';

const POD = 'hermes-agent-1';
/** A copy that ended early: what is left of it is a page and a half. */
const COPY = 'cd /data && head -c 6000 conversations.db > copy && mv copy conversations.db';

export default {
  name: 'kosmos-damaged-state',
  target: HERMES,
  summary:
    'The state of one of two pods was put back from a copy that had not been finished, and then the pod was moved.',
  alerts: ['KosmosAgentCrashLooping'],
  apply: async (context) => {
    context.progress(`Hermes: the state of ${POD} is put back from an unfinished copy`);
    await inAgent(context, HERMES, { command: ['sh', '-ec', COPY], pod: POD });
    const pods = await podsOf(context, HERMES);
    await deletePods(
      context,
      pods.filter(({ metadata }) => metadata?.name === POD),
    );
  },
} satisfies Fault;
