import { z } from 'zod';
import { actionNames } from '../actions/names.ts';
import { checkNames } from '../checks/names.ts';
import { dataCheck } from './data-check.ts';
import { postRecoverySchema } from './post-recovery.ts';

/** The zod schema of a runbook: the source of its types, of the editors' JSON Schema and of the reference page. */

const DURATION = /^(?:[0-9]+h)?(?:[0-9]+m)?(?:[0-9]+s)?$/;
const QUANTITY = /^[0-9]+(?:\.[0-9]+)?(?:[EPTGMk]i?|m)?$/;
const DNS_LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

export const duration = z
  .string()
  .refine((text) => text !== '' && DURATION.test(text), 'a duration like 90s, 15m or 1h30m')
  .describe('A duration: 90s, 15m, 1h30m');
export const quantity = z
  .string()
  .regex(QUANTITY, 'a quantity like 512Mi, 2Gi or 250m')
  .describe('A quantity as Kubernetes writes it: 512Mi, 2Gi, 250m');
const name = z.string().regex(DNS_LABEL, 'a name of lower-case letters, digits and dashes');
const text = z.string().min(1);

export const mode = z.enum(['observe', 'approve', 'auto']);

/** All causes that a finding or a runbook may name (contracts.md). */
export const causeNames = [
  'application-startup-failure',
  'redis-connection-failure',
  'mongodb-connection-failure',
  'configuration-error',
  'oom-killed',
  'liveness-probe-failure',
  'permission-denied',
  'port-in-use',
  'ollama-timeout',
  'dependency-unavailable',
  'image-pull-failure',
  'missing-config-reference',
  'command-not-found',
  'init-container-failure',
  'readiness-probe-failure',
  'unschedulable',
  'volume-unavailable',
  'dns-failure',
  'service-without-endpoints',
  'node-failure',
  'api-permission-denied',
  'completed',
  'segmentation-fault',
  'memory-error',
  'quota-exceeded',
  'redis-full',
  'redis-read-only',
  'unresponsive',
  'unknown',
] as const;
export type Cause = (typeof causeNames)[number];

const link = z.strictObject({
  title: text,
  url: text.describe('An address, or a path inside this repository'),
  external: z
    .boolean()
    .optional()
    .describe('True where the document lies outside this repository and was not resolved'),
});

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

const target = z.strictObject({
  namespace: name.describe('An alert about another namespace is refused'),
  kinds: z
    .array(z.enum(['Deployment', 'StatefulSet', 'DaemonSet']))
    .min(1)
    .describe('What the workload may be'),
  name: name.optional().describe('One workload; without it every one of these kinds that the selector finds'),
  selector: text
    .optional()
    .describe(
      'A label selector: app=agent-bruno; without name and selector every workload of these kinds in the namespace',
    ),
  container: name.optional().describe('The container that the runbook is about; by default the first'),
  service: z
    .string()
    .regex(/^[a-z0-9][-a-z0-9]*:[0-9]+$/, 'a Service and its port: agent-bruno-service:8080')
    .optional()
    .describe('The Service in front of it, with its port: agent-bruno-service:8080'),
  command: z.array(z.string()).optional().describe('The command that the image should run'),
});

const variable = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'an environment variable name')
    .describe('An environment variable that the container must have'),
  pattern: text.optional().describe('A regular expression that its value must match'),
  value: text.optional().describe('The value that the runbook gives it'),
});

const dependency = z.strictObject({
  name: name.describe('What actions call it: `of: redis`'),
  type: z
    .enum(['redis', 'mongodb', 'http'])
    .describe('How it is asked whether it is well: PING, hello, a GET of `path`'),
  env: text.optional().describe('The variable that holds its address'),
  namespace: name,
  selector: text.describe('Label selector of its pods'),
  helmRelease: name.optional().describe('The HelmRelease that owns it'),
  port: z.int().min(1).max(65535).optional(),
  path: text.optional().describe('For http: the path that answers when it is well'),
  data: z
    .enum(['persistent', 'disposable'])
    .optional()
    .describe('disposable: replacing its pod may lose its data (safety 10)'),
});

export const approval = z.union([
  z.literal('none'),
  z.strictObject({
    quorum: z.int().min(1).default(1).describe('People who must approve: as many different names'),
    expires: duration.default('10m').describe('How long an answer is waited for'),
    onExpiry: z.enum(['escalate', 'next']).default('escalate').describe('What happens when nobody answers in time'),
  }),
]);

/** `{action-name: {parameters}}`, exactly one key; the parameters are checked by the action's own schema on validation. */
export const actionCall = z
  .partialRecord(z.enum(actionNames), z.record(z.string(), z.json()))
  .refine((call) => Object.keys(call).length === 1, 'one action with its parameters: {set-resources: {...}}');

/** What a parameter may be; `src/runbook/parameters.ts` holds what each accepts. */
export const parameterTypes = ['string', 'boolean', 'number', 'quantity', 'duration', 'time'] as const;

const declaration = z.strictObject({
  type: z.enum(parameterTypes).describe('A time is RFC 3339: 2026-01-31T03:15:00Z'),
  required: z.boolean().default(false).describe('A start without it is refused'),
  default: z
    .union([z.string(), z.number(), z.boolean()])
    .optional()
    .describe('What it is where the start does not say'),
  text: text.optional().describe('What it is for, to the person who starts the runbook'),
});

/** A parameter as the runbook declares it, or its default alone. */
const parameter = z.union([declaration, z.string(), z.number(), z.boolean(), z.array(z.json())]);

const remedy = z.strictObject({
  name: name.describe('Unique in its cause'),
  approval: approval.default('none').describe('`none`: it may run by itself where the mode is auto'),
  actions: z.array(actionCall).min(1).describe('Done in this order, undone in reverse; see docs/reference/actions.md'),
});

const procedure = z.strictObject({
  name: name.describe('What a start names it by; unique in its runbook'),
  text: text.describe('What it does, in one sentence'),
  approval: approval
    .default({ quorum: 1, expires: '30m', onExpiry: 'escalate' })
    .describe('Who must approve its plan; with `none` the start itself is the approval'),
  actions: z.array(actionCall).min(1).describe('As in a remedy'),
});

const causeEntry = z
  .strictObject({
    cause: z.enum(causeNames).describe('What diagnosis calls it'),
    section: text.optional().describe("The written runbook's heading"),
    symptoms: z.array(text).default([]).describe('How it shows, for people; diagnosis has its own signatures'),
    remedies: z.array(remedy).default([]).describe('Tried in this order, none twice for the same finding'),
    person: text
      .optional()
      .describe(
        'What a person should do; required where there are no remedies. <namespace>, <kind>, <name>, <pod>, <container> and <labels> are filled in on the page',
      ),
    prevention: z.array(text).default([]),
    seeAlso: z.array(z.union([text, link])).default([]),
  })
  .refine((entry) => entry.remedies.length > 0 || entry.person !== undefined, {
    message: 'a cause without remedies says in `person` what a person should do',
    path: ['person'],
  });

export const checkCall = z.union([
  z.enum(checkNames),
  z
    .partialRecord(z.enum(checkNames), z.record(z.string(), z.json()))
    .refine((call) => Object.keys(call).length === 1, 'one check with its parameters: {http: {path: /health}}'),
]);

const rung = z.strictObject({
  after: duration.describe('Since the earliest trigger alert; the first rung is the deadline'),
  notify: z.array(name).min(1).describe('Notifiers in their order of fallback; see docs/reference/notifiers.md'),
  until: z
    .enum(['acknowledged', 'resolved'])
    .optional()
    .describe(
      'acknowledged, if not given: not once somebody has acknowledged the page; resolved: whoever has it in hand',
    ),
  repeat: duration.optional().describe('Of the last rung: it is said again after so long, 48 times at most'),
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
  escalation: z.strictObject({
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
  }),
  settle: duration.default('30m').describe('How long a recovered target is watched for a relapse'),
  postRecovery: postRecoverySchema({ duration, checkCall })
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
export type Declaration = z.infer<typeof declaration>;
export type Dependency = RunbookSpec['dependencies'][number];
export type DataCheck = NonNullable<RunbookSpec['dataCheck']>;
export type PostRecovery = NonNullable<RunbookSpec['postRecovery']>;
export type PostRecoveryPoint = PostRecovery['points'][number];
export type CheckCall = RunbookSpec['verify']['checks'][number];
