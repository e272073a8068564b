import { z } from 'zod';
import { checkCall } from './calls.ts';
import { duration } from './scalars.ts';

/** The part of a runbook's schema that says what is looked at, and asked of people, once the target has recovered. */

const text = z.string().min(1).describe('As the written runbook has it');

const query = z.strictObject({
  name: text.describe('What it measures, for people: restarts since the recovery'),
  query: z
    .string()
    .min(1)
    .describe(
      'PromQL; $namespace, $kind, $name, $container, $pods (an expression that meets the present pods) and the parameters are filled in',
    ),
  min: z.number().optional().describe('Every value is at least this'),
  max: z.number().optional().describe('Every value is at most this'),
});

const point = z.discriminatedUnion('id', [
  z.strictObject({
    id: z.literal('function').describe('Asks the target as its users do'),
    text,
    checks: z
      .array(checkCall)
      .min(1)
      .optional()
      .describe("Checks besides `ready` and `restarts-stable`; without them the verification's `http` checks"),
  }),
  z.strictObject({
    id: z.literal('metrics').describe('Asks Prometheus (KINTSUGI_PROMETHEUS_URL)'),
    text,
    queries: z.array(query).min(1),
  }),
  z.strictObject({
    id: z.literal('logs').describe('Reads what the pods have logged since the recovery: crashes and errors'),
    text,
  }),
  z.strictObject({
    id: z.literal('root-cause').describe('A person says it; where people were paged, closing asks for it'),
    text,
  }),
  z.strictObject({ id: z.literal('runbook').describe('What this recovery suggests to change in the runbook'), text }),
  z.strictObject({ id: z.literal('post-mortem').describe('The command that writes its draft'), text }),
]);

export const postRecovery = z.strictObject({
  after: duration
    .default('5m')
    .describe('How long after the recovery it is filled in, once: the time that metrics and logs are looked at over'),
  points: z.array(point).min(1),
});
