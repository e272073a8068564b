import { AGENT_BRUNO } from '../targets.ts';
import type { Fault } from './fault.ts';
import { patchAgentBruno } from './patch.ts';

const SERVER = 'uvicorn src.main:app --host 0.0.0.0 --port 8080';

export default {
  name: 'port',
  target: AGENT_BRUNO,
  summary: 'A second uvicorn process was added to the command for more throughput, at the same port.',
  alerts: ['AgentBrunoPodCrashLooping'],
  apply: async (context) => {
    context.progress('Agent Bruno: two uvicorn processes in its command');
    // Ends with the first of its processes, as Docker's documentation has it for several services in one container.
    await patchAgentBruno(context, { command: ['bash', '-c', `${SERVER} & ${SERVER} & wait -n; exit $?`] });
  },
} satisfies Fault;
