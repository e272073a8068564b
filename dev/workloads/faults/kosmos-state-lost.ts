import { ZEUS } from '../targets.ts';
import type { Fault } from './fault.ts';
import { inAgent } from './in-agent.ts';

export default {
  name: 'kosmos-state-lost',
  target: ZEUS,
  summary: "A script that frees space on volumes emptied the orchestrator's: it runs and has forgotten everything.",
  // Nothing measures what is not there any more.
  alerts: [],
  apply: async (context) => {
    context.progress('Zeus: its volume is emptied');
    await inAgent(context, ZEUS, { command: ['find', '/data', '-mindepth', '1', '-delete'] });
  },
} satisfies Fault;
