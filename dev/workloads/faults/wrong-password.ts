import { AGENT_BRUNO } from '../targets.ts';
import type { Fault } from './fault.ts';
import { patchAgentBruno } from './patch.ts';

export default {
  name: 'wrong-password',
  target: AGENT_BRUNO,
  summary: 'REDIS_URL was given a password that this Redis does not have.',
  alerts: ['AgentBrunoPodCrashLooping'],
  apply: async (context) => {
    context.progress('Agent Bruno: REDIS_URL with the password of another Redis');
    const host = `redis-master.${context.namespaces.redis}.svc.cluster.local`;
    const value = `redis://:of-another-redis-7f3a@${host}:6379`;
    await patchAgentBruno(context, { env: [{ name: 'REDIS_URL', value }] });
  },
} satisfies Fault;
