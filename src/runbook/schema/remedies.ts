import { z } from 'zod';
import { actionCall } from './calls.ts';
import { duration, name, text } from './scalars.ts';

/** What a runbook lets be done: remedies of a cause, and procedures that a person starts by name. */

export const approval = z.union([
  z.literal('none'),
  z.strictObject({
    quorum: z.int().min(1).default(1).describe('People who must approve; more than one: each verified'),
    expires: duration.default('10m').describe('How long an answer is waited for'),
    onExpiry: z.enum(['escalate', 'next']).default('escalate').describe('What happens when nobody answers in time'),
  }),
]);

export const remedy = z.strictObject({
  name: name.describe('Unique in its cause'),
  approval: approval.default('none').describe('`none`: it may run by itself where the mode is auto'),
  actions: z.array(actionCall).min(1).describe('Done in this order, undone in reverse; see docs/reference/actions.md'),
});

export const procedure = z.strictObject({
  name: name.describe('What a start names it by; unique in its runbook'),
  text: text.describe('What it does, in one sentence'),
  approval: approval
    .default({ quorum: 1, expires: '30m', onExpiry: 'escalate' })
    .describe('Who must approve its plan; with `none` the start itself is the approval'),
  actions: z.array(actionCall).min(1).describe('As in a remedy'),
});
