import type { RunbookContent } from '../../src/recovery/activities.ts';
import { smallRunbook } from '../recovery/samples.ts';

/** The small runbook, whose first rung pages after `rung`. */
export function withFirstRung(rung: string): RunbookContent {
  return smallRunbook((content) => {
    const escalation = { ...content.spec.escalation, rungs: [{ after: rung, notify: ['webhook', 'log'] }] };
    return { ...content, spec: { ...content.spec, escalation } };
  });
}
