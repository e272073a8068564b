import { waitKosmos } from '../healthy.ts';
import { RUNTIME } from '../targets.ts';
import type { Fault } from './fault.ts';
import { askAtOnce } from './in-agent.ts';
import { patchContainer } from './patch.ts';

export default {
  name: 'kosmos-deadlock',
  target: RUNTIME,
  summary:
    'TOOL_CALLBACKS=sync was rolled out, and the first people who asked at once left two threads waiting for each other.',
  alerts: ['KosmosAgentUnresponsive'],
  apply: async (context) => {
    context.progress('the agent runtime: TOOL_CALLBACKS=sync');
    await patchContainer(context, RUNTIME, { env: [{ name: 'TOOL_CALLBACKS', value: 'sync' }] });
    await waitKosmos(context.kube, { ...context, agents: ['kosmos-agent-runtime'] });
    await askAtOnce(context, RUNTIME, { port: 8000 });
  },
} satisfies Fault;
