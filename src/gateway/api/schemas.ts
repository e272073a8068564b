import { z } from 'zod';
import { orderFields, orderParams } from '../../orders/order-fields.ts';
import { isDuration, milliseconds } from '../../recovery/durations.ts';
import { parseTarget } from '../../recovery/ids.ts';
import { personsOrders } from '../../recovery/orders.ts';
import { entrySchema } from '../../silences/entry.ts';

/** What the API takes and answers: the source of its checks, its document and its types. */

const time = z.iso.datetime({ offset: true, error: 'a time like 2026-01-31T03:15:00Z' });

const target = z
  .string()
  .max(600)
  .refine((text) => parseTarget(text) !== null, 'namespace/kind/name, e.g. bruno/deployment/agent-bruno')
  .describe('The workload: namespace/kind/name');

const runbook = z.string().regex(/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/, 'the name of a runbook');

/** The sender's own name for what it asks: the same again is done once. */
const orderId = z
  .string()
  .regex(/^[\x21-\x7e]{1,128}$/, 'up to 128 visible characters')
  .describe('Your own id of this order, by which a repeat is done once; the header Idempotency-Key says the same');

export const listQuery = z.strictObject({
  open: z.enum(['true', 'false']).optional().describe('Only those that are open, or only those that have ended'),
  target: target.optional(),
  runbook: runbook.optional(),
});

const actor = z
  .string()
  .min(1)
  .max(200)
  .describe("Who orders: refused unless it is the token's own person, so it may as well be left out");

export const orderBody = z.strictObject({
  order: z.enum(personsOrders).describe('What is ordered'),
  id: orderId.exactOptional(),
  actor: actor.exactOptional(),
  ...orderFields.shape,
});

export const startBody = z.strictObject({
  runbook: runbook.describe('The runbook that is started'),
  target: target.exactOptional(),
  procedure: z
    .string()
    .min(1)
    .max(100)
    .exactOptional()
    .describe('What of the runbook is to be done; may be left out where there is only one thing'),
  params: orderParams.exactOptional().describe("Values for the runbook's parameters"),
  mode: z
    .enum(['observe', 'approve', 'auto'])
    .exactOptional()
    .describe('How much it may do by itself; never more than runbook and worker allow'),
  reason: z.string().min(1).max(2_000).exactOptional().describe('Why; it stands in the history'),
  deadline: time.exactOptional().describe('When a person is paged'),
  id: orderId.exactOptional(),
  actor: actor.exactOptional(),
});

export const silencesQuery = z.strictObject({
  all: z.enum(['true', 'false']).optional().describe('Also those of the last day that are over'),
});

export const silenceBody = z.strictObject({
  target: target.exactOptional(),
  runbook: runbook.exactOptional().describe('All targets of a runbook in place of one workload'),
  for: z
    .string()
    .refine((text) => isDuration(text) && milliseconds(text) > 0, 'a span like 2h, 45m or 1h30m')
    .describe('How long from now on, e.g. 2h; 24h at most'),
  reason: z.string().trim().min(1).max(2_000).describe('Why; it stands in the history'),
  id: orderId.exactOptional(),
  actor: actor.exactOptional(),
});

export const endSilenceBody = z.strictObject({
  reason: z.string().min(1).max(2_000).exactOptional().describe('Why; it stands in the history'),
  actor: actor.exactOptional(),
});

export const silenceAnswer = entrySchema;

export const silencesAnswer = z.object({
  silences: z.array(entrySchema).describe('The latest end first'),
  leftOff: z.number().exactOptional().describe('How many more there are than one answer holds'),
});

const nullable = z.string().nullable();

export const listed = z.object({
  id: z.string().describe('The recovery id'),
  target: nullable,
  runbook: z.string(),
  phase: nullable,
  cause: nullable,
  outcome: nullable,
  openedAt: z.string(),
  deadline: nullable.describe('Null if it has ended, or no worker told it'),
  silenced: z
    .string()
    .exactOptional()
    .describe('By whom it is silenced and until when; left out if it is not, or no worker told it'),
});

export const listAnswer = z.object({ recoveries: z.array(listed) });

export const errorReport = z.object({
  code: z.enum(['invalid', 'forbidden', 'not-found', 'conflict', 'timeout', 'unavailable', 'refused']),
  message: z.string(),
  where: z.string(),
  fix: z.string().describe('What to do'),
  retryable: z.boolean(),
});

export const errorAnswer = z.object({
  error: errorReport,
  possible: z.array(z.string()).optional().describe('Of a refused order: those that would be taken now'),
});

export const stored = z.object({
  id: z.string(),
  workflowId: z.string(),
  runId: z.string(),
  runbook: z.string(),
  target: nullable,
  phase: nullable,
  cause: nullable,
  outcome: nullable,
  status: z.string().describe("Temporal's own word: RUNNING, COMPLETED, TERMINATED ..."),
  openedAt: z.string(),
  closedAt: nullable,
});

export const recoveryAnswer = z.object({
  stored: stored.describe('What Temporal alone knows'),
  record: z
    .looseObject({})
    .nullable()
    .describe(
      'The recovery as it stands (docs/reference/events.md tells what it is made from); null if no worker answers',
    ),
  events: z.array(z.looseObject({ seq: z.number(), at: z.string(), kind: z.string() })).describe('The last events'),
  error: errorReport.optional().describe('Why there is no record'),
});

export const orderAnswer = z.object({
  order: z.enum(personsOrders),
  id: z.string().describe('The id under which the order stands in the history'),
  recoveryId: z.string(),
  state: z.enum(['accepted', 'kept']).describe('`kept`: stored in Temporal until a worker returns and decides on it'),
  verified: z.boolean().describe('Whether the recovery has verified who gave it'),
  doubt: z.string().exactOptional().describe('Why not, though it was signed'),
});

export const startAnswer = z.object({
  workflowId: z.string(),
  recoveryId: z.string(),
  joined: z.boolean().describe('Whether a recovery of the target was open already'),
  order: orderAnswer.optional().describe('The procedure as an order on the recovery that was open already'),
});
