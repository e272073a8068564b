import { AGENT_BRUNO } from '../targets.ts';
import type { Fault } from './fault.ts';
import { patchAgentBruno } from './patch.ts';

export default {
  name: 'wrong-probe-path',
  target: AGENT_BRUNO,
  summary: "The liveness probe was given the path of another team's programs, /healthz.",
  alerts: ['AgentBrunoPodCrashLooping'],
  apply: async (context) => {
    context.progress('Agent Bruno: its liveness probe asks /healthz');
    await patchAgentBruno(context, { livenessProbe: { httpGet: { path: '/healthz' } } });
  },
} satisfies Fault;
