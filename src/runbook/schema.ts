import { z } from 'zod';
import { checkCall } from './schema/calls.ts';
import { causeEntry } from './schema/causes.ts';
import { dataCheck } from './schema/data-check.ts';
import { parameter } from './schema/declarations.ts';
import { escalation } from './schema/escalation.ts';
import { link } from './schema/link.ts';
import { postRecovery } from './schema/post-recovery.ts';
import { procedure } from './schema/remedies.ts';
import { duration, name, text } from './schema/scalars.ts';
import { dependency, target, variable } from './schema/workload.ts';

/** The zod schema of a runbook: the source of its types, of the editors' JSON Schema and of the reference page. */

const mode = z.enum(['observe', 'approve', 'auto']);

const impact = z.strictObject({
  level: z.enum(['none', 'low', 'high', 'severe']),
  text: text.describe('One sentence: what is not possible, or what is safe'),
});

const alertMatcher = z.union([
  text,
  z.strictObject({
    name: text.describe("The alert's name, if labels are asked for too"),
    matchers: z
      .record(z.string(), z.string())
      .optional()
      .describe('Labels that the alert must have, with their values'),
  }),
]);

export const runbookSpec = z.strictObject({
  mode: mode.optional().describe('The lowest of runbook, start and worker wins; without it the runbook does not vote'),
  params: z
    .record(z.string().regex(/^[A-Za-z][\w-]*$/, 'a name of letters, digits and dashes'), parameter)
    .default({})
    .describe('Parameters, named as `$name`: each declared, or its default alone; a start may give them values'),
  symptom: text.describe('What is seen from outside, one sentence'),
  impact: z.strictObject({ user: impact, business: impact, data: impact }),
  alerts: z
    .strictObject({
      trigger: z.array(alertMatcher).default([]).describe('Start a recovery'),
      related: z.array(alertMatcher).default([]).describe('Join the one that runs on the same target; never start one'),
    })
    .default({ trigger: [], related: [] })
    .describe('May be left out where there are procedures'),
  target,
  variables: z.array(variable).default([]).describe('Environment variables that must be there and right'),
  dependencies: z
    .array(dependency)
    .default([])
    .describe('What the workload needs to run; a broken one is the root cause'),
  causes: z
    .array(causeEntry)
    .default([])
    .describe('Each cause with what mends it; may be left out where there are procedures'),
  procedures: z
    .array(procedure)
    .default([])
    .describe('What a person may start by name; its plan is shown and approved before anything is done'),
  verify: z.strictObject({
    window: z.strictObject({
      crashes: z.number().positive().default(3).describe('Times the longest life before a crash'),
      min: duration.default('60s').describe('At least'),
      max: duration.default('300s').describe('At most'),
    }),
    checks: z.array(checkCall).min(1).describe('All must pass; see docs/reference/checks.md'),
  }),
  dataCheck: dataCheck
    .optional()
    .describe('How restored data is told from an empty volume: what the check `data` asks, of every pod'),
  escalation,
  settle: duration.default('30m').describe('How long a recovered target is watched for a relapse'),
  postRecovery: postRecovery
    .optional()
    .describe('What is looked at and asked of people once the target has recovered: a checklist that is filled in'),
  prevention: z.array(z.strictObject({ group: text, points: z.array(text).min(1) })).default([]),
  checklist: z
    .array(z.strictObject({ id: name, text }))
    .default([])
    .describe(
      'Points that the page fills in: previous-logs, environment, redis, mongodb, ollama, resources, image, probes, recent-changes, cluster-events',
    ),
  rollback: z
    .strictObject({ text, steps: z.array(text).min(1) })
    .optional()
    .describe('The written rollback, for people'),
  byHand: z
    .array(z.strictObject({ title: text, steps: z.array(text).min(1) }))
    .optional()
    .describe('What a person does with kubectl, by purpose: shown on the page and in the documentation, never run'),
  links: z.array(link).default([]),
});

export const runbookSchema = z.strictObject({
  apiVersion: z.literal('kintsugi.dev/v1'),
  kind: z.literal('Runbook'),
  metadata: z.strictObject({
    name: name.describe("The file's name without .yaml, and the workflow type"),
    title: text,
    version: text.describe('In quotes: "1.0"'),
    updated: z.iso.date().optional(),
    severity: z.enum(['critical', 'warning', 'info']),
    component: text,
    service: text,
  }),
  spec: runbookSpec,
});

export type Runbook = z.infer<typeof runbookSchema>;
export type RunbookSpec = Runbook['spec'];
export type CauseEntry = RunbookSpec['causes'][number];
export type Remedy = CauseEntry['remedies'][number];
export type Procedure = RunbookSpec['procedures'][number];
export type Parameter = RunbookSpec['params'][string];

export type Dependency = RunbookSpec['dependencies'][number];
export type DataCheck = NonNullable<RunbookSpec['dataCheck']>;
export type PostRecovery = NonNullable<RunbookSpec['postRecovery']>;
export type PostRecoveryPoint = PostRecovery['points'][number];
export type CheckCall = RunbookSpec['verify']['checks'][number];
