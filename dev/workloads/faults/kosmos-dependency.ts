import { RUNTIME, ZEUS } from '../targets.ts';
import { waitFor } from '../wait.ts';
import type { Fault } from './fault.ts';
import { restart, scale } from './patch.ts';
import { podsOf } from './pods.ts';

export default {
  name: 'kosmos-dependency',
  target: ZEUS,
  summary:
    'The agent runtime was scaled to 0 for a migration and forgotten there; Zeus was restarted because it had no answers.',
  alerts: ['KosmosAgentCrashLooping'],
  apply: async (context) => {
    await scale(context, RUNTIME, 0);
    await waitFor({ what: 'the end of the agent runtime', seconds: 60, signal: context.signal }, async () =>
      (await podsOf(context, RUNTIME)).length === 0 ? undefined : 'a pod of it is still there',
    );
    await restart(context, ZEUS);
  },
} satisfies Fault;
