import type { RunbookContent } from '../../src/recovery/activities.ts';
import { smallRunbook } from '../recovery/samples.ts';

/** The small runbook, whose first rung pages after `rung`. */
export function withFirstRung(rung: string): RunbookContent {
  return smallRunbook((content) => {
    const escalation = { ...content.spec.escalation, rungs: [{ after: rung, notify: ['webhook', 'log'] }] };
    return { ...content, spec: { ...content.spec, escalation } };
  });
}

/** The small runbook, every remedy of which asks `quorum` people; `expires` is how long an answer is awaited. */
export function asking(expires: string, onExpiry: 'escalate' | 'next' = 'escalate', quorum = 1): RunbookContent {
  return smallRunbook((content) => {
    const causes = content.spec.causes.map((cause) => ({
      ...cause,
      remedies: cause.remedies.map((remedy) => ({ ...remedy, approval: { quorum, expires, onExpiry } })),
    }));
    return { ...content, spec: { ...content.spec, causes } };
  });
}
