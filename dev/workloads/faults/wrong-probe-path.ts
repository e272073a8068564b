import type { Fault } from './fault.ts';
import { patchAgentBruno } from './patch-deployment.ts';

export default {
  name: 'wrong-probe-path',
  summary: "The liveness probe was given the path of another team's programs, /healthz.",
  alerts: ['AgentBrunoPodCrashLooping'],
  apply: async (context) => {
    context.progress('Agent Bruno: its liveness probe asks /healthz');
    await patchAgentBruno(context, { livenessProbe: { httpGet: { path: '/healthz' } } });
  },
} satisfies Fault;
