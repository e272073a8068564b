import { waitKosmos } from '../healthy.ts';
import { HERMES } from '../targets.ts';
import type { Fault } from './fault.ts';
import { askAtOnce } from './in-agent.ts';
import { patchContainer } from './patch.ts';

export default {
  name: 'kosmos-degraded',
  target: HERMES,
  summary:
    'TOOL_CALLBACKS=sync was rolled out, and one of two pods got the questions that leave its threads waiting for each other.',
  alerts: ['KosmosAgentUnresponsive'],
  apply: async (context) => {
    context.progress('Hermes: TOOL_CALLBACKS=sync');
    await patchContainer(context, HERMES, { env: [{ name: 'TOOL_CALLBACKS', value: 'sync' }] });
    await waitKosmos(context.kube, { ...context, agents: ['hermes-agent'] });
    await askAtOnce(context, HERMES, { port: 8000, pod: 'hermes-agent-1' });
  },
} satisfies Fault;
