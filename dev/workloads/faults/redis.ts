import { AGENT_BRUNO } from '../targets.ts';
import type { Fault } from './fault.ts';
import { inRedis } from './pods.ts';

export default {
  name: 'redis',
  target: AGENT_BRUNO,
  summary:
    'Somebody paused all clients of Redis for a failover, for a day instead of a second: it runs and never answers.',
  alerts: ['AgentBrunoPodCrashLooping', 'AgentBrunoRedisConnectionFailure', 'AgentBrunoAPIDown'],
  /** CLIENT PAUSE holds back even its own CLIENT UNPAUSE, and is gone with the process: only a new pod helps. */
  apply: async (context) => {
    context.progress('Redis: CLIENT PAUSE for a day');
    await inRedis(context, 'redis-cli -e CLIENT PAUSE 86400000 ALL', 20);
  },
} satisfies Fault;
