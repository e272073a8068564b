import type { Fault } from './fault.ts';
import { patchAgentBruno } from './patch-deployment.ts';

export default {
  name: 'permission-image',
  summary: "The transcript was to be written below the program's own folder, which belongs to root in the image.",
  alerts: ['AgentBrunoPodCrashLooping'],
  apply: async (context) => {
    context.progress('Agent Bruno: TRANSCRIPT_DIR=/app/transcripts');
    await patchAgentBruno(context, { env: [{ name: 'TRANSCRIPT_DIR', value: '/app/transcripts' }] });
  },
} satisfies Fault;
