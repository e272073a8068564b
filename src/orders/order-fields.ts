import { z } from 'zod';
import { namedOutcomes } from '../recovery/orders.ts';

/** What an order may say besides who gives it: one source for the API, its document and the command line. */

const text = (most: number) => z.string().min(1).max(most);

/** Values by the parameters' names; what they may be is known only to the runbook or the action. */
export const orderParams = z.record(z.string(), z.json());

export const orderFields = z.strictObject({
  reason: text(2_000).exactOptional().describe('Why; it stands in the history'),
  n: z.int().min(1).exactOptional().describe('The attempt that is meant; refused if it is another one that waits'),
  digest: text(200)
    .exactOptional()
    .describe(
      'Of `approve`: the digest of the plan that is meant, as the question and the record tell it; refused without it, and where another plan waits. Of `reject` likewise where something is taken back by it',
    ),
  rootCause: text(2_000).exactOptional().describe('Of `close`: what was really wrong'),
  outcome: z.enum(namedOutcomes).exactOptional().describe('Of `close`: how it ended'),
  remedy: text(100).exactOptional().describe('Of `retry`: which one, as the runbook names it'),
  cause: text(100).exactOptional().describe('Of `retry`: what it really is'),
  by: text(20).exactOptional().describe('Of `extend`: how much later, e.g. `10m`'),
  text: text(2_000).exactOptional().describe('Of `note`: what there is to say'),
  through: text(63)
    .exactOptional()
    .describe(
      'Of `acknowledge` and `note`: the notifier at whose provider it was said; who is reached by it knows it already',
    ),
  over: z
    .literal(true)
    .exactOptional()
    .describe(
      'Of `note` with `through`: somebody has ended the page there; it is opened anew where a look sees the target broken',
    ),
  revision: z
    .int()
    .min(1)
    .exactOptional()
    .describe('Of `rollback`: the number of the revision; without it the last healthy one'),
  action: text(100).exactOptional().describe('Of `run`: one action, e.g. `debug-session`'),
  runbook: text(63).exactOptional().describe('Of `run`: the runbook whose procedure is ordered, in place of an action'),
  procedure: text(100).exactOptional().describe("Of `run`: which of the runbook's procedures"),
  params: orderParams.exactOptional().describe('Of `run`: parameters of the action or the runbook'),
});

/** The order's own part of a message to the recovery. */
export type OrderFields = { actor: string } & z.infer<typeof orderFields>;
