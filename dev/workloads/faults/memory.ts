import { AGENT_BRUNO } from '../targets.ts';
import type { Fault } from './fault.ts';
import { growSessions } from './grow-sessions.ts';

/** Measured: about 1.35 GiB in the program, over its limit of 1Gi and below 80 % of 2Gi. */
const SESSIONS = 8000;

export default {
  name: 'memory',
  target: AGENT_BRUNO,
  summary: 'The sessions in Redis grew until the program, which loads them all, needs more than its limit of 1Gi.',
  alerts: ['AgentBrunoPodCrashLooping', 'AgentBrunoOOMKilled', 'AgentBrunoAPIDown'],
  apply: (context) => growSessions(context, SESSIONS),
} satisfies Fault;
