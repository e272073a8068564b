import { ZEUS } from '../targets.ts';
import type { Fault } from './fault.ts';
import { patchContainer } from './patch.ts';

export default {
  name: 'kosmos-missing-variable',
  target: ZEUS,
  summary: 'AGENT_RUNTIME_URL was taken out of the orchestrator when its variables were tidied up.',
  alerts: ['KosmosAgentCrashLooping'],
  apply: async (context) => {
    context.progress('Zeus: AGENT_RUNTIME_URL removed');
    await patchContainer(context, ZEUS, { env: [{ name: 'AGENT_RUNTIME_URL', $patch: 'delete' }] });
  },
} satisfies Fault;
