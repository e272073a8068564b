import { AGENT_BRUNO } from '../targets.ts';
import type { Fault } from './fault.ts';
import { patchAgentBruno } from './patch.ts';

export default {
  name: 'wrong-password',
  target: AGENT_BRUNO,
  summary: 'REDIS_URL was given the user and password of another Redis.',
  alerts: ['AgentBrunoPodCrashLooping'],
  apply: async (context) => {
    context.progress('Agent Bruno: REDIS_URL with the login of another Redis');
    const host = `redis-master.${context.namespaces.redis}.svc.cluster.local`;
    const value = `redis://bruno:of-another-redis-7f3a@${host}:6379`;
    await patchAgentBruno(context, { env: [{ name: 'REDIS_URL', value }] });
  },
} satisfies Fault;
