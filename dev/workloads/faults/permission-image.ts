import { AGENT_BRUNO } from '../targets.ts';
import type { Fault } from './fault.ts';
import { patchAgentBruno } from './patch.ts';

export default {
  name: 'permission-image',
  target: AGENT_BRUNO,
  summary: "The transcript was to be written below the program's own folder, which belongs to root in the image.",
  alerts: ['AgentBrunoPodCrashLooping'],
  apply: async (context) => {
    context.progress('Agent Bruno: TRANSCRIPT_DIR=/app/transcripts');
    await patchAgentBruno(context, { env: [{ name: 'TRANSCRIPT_DIR', value: '/app/transcripts' }] });
  },
} satisfies Fault;
