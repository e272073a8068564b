import { AGENT_BRUNO } from '../targets.ts';
import type { Fault } from './fault.ts';
import { growSessions } from './grow-sessions.ts';

/** Measured: about 2.7 GiB in the program, so that the written raise to 2Gi does not help. */
const SESSIONS = 17_000;

export default {
  name: 'memory-too-much',
  target: AGENT_BRUNO,
  summary: 'The sessions in Redis grew so much that even the written raise to 2Gi does not hold them.',
  alerts: ['AgentBrunoPodCrashLooping', 'AgentBrunoOOMKilled', 'AgentBrunoAPIDown'],
  apply: (context) => growSessions(context, SESSIONS),
} satisfies Fault;
