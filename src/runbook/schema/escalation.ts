import { z } from 'zod';
import { duration, name, text } from './scalars.ts';

/** How people hear of a recovery that needs them: the written steps, and who is told when. */

const rung = z.strictObject({
  after: duration.describe('Since the earliest trigger alert; the first rung is the deadline'),
  notify: z.array(name).min(1).describe('Notifiers in their order of fallback; see docs/reference/notifiers.md'),
  until: z
    .enum(['acknowledged', 'resolved'])
    .optional()
    .describe(
      'acknowledged, if not given: not once somebody has acknowledged the page; resolved: whoever has it in hand',
    ),
  repeat: duration
    .optional()
    .describe(
      'Of the last rung: it is said again after so long, 48 times at most; a PagerDuty that has the page calls nobody anew',
    ),
});

export const escalationStepIds = [
  'recent-changes',
  'cluster-issues',
  'dependencies',
  'application-changes',
  'contact',
  'rollback',
] as const;

const escalationStep = z.union([z.enum(escalationStepIds), z.strictObject({ id: z.enum(escalationStepIds), text })]);

export const escalation = z.strictObject({
  team: text,
  contact: text.optional(),
  steps: z.array(escalationStep).min(1).describe('The written steps; the page says for each what was found'),
  rungs: z
    .array(rung)
    .min(1)
    .default([{ after: '15m', notify: ['default', 'log'] }])
    .describe('How a page climbs while nobody acknowledges it'),
  note: z
    .array(name)
    .min(1)
    .optional()
    .describe(
      'Notifiers, in their order of fallback, that get one sentence of low urgency after a recovery without a page',
    ),
});
