import { z } from 'zod';
import { milliseconds } from '../recovery/durations.ts';
import { duration } from '../runbook/schema/scalars.ts';
import type { Action } from './action.ts';
import { READ_VOLUMES, READ_WORKLOAD, REPLACE_CLAIM } from './plan/permissions.ts';
import { nothingToDo } from './plan/template-plan.ts';
import { judged, together } from './rules/verdict.ts';
import { readReplaced, replacedChanges } from './volume/former.ts';
import { putClaimBack, replaceArgs, replaceClaim, replacementBegun } from './volume/replace.ts';
import { writersStopped } from './volume/stopped.ts';

const NAME = 'delete-claim';

const params = z.strictObject({
  claim: z.string().describe('The claim that is deleted; its volume is kept'),
  only: z.boolean().default(true).describe('false: nothing is done, such as `$clearState` that nobody has asked for'),
  timeout: duration.default('60s').describe('How long it may take to be gone'),
});

/**
 * Deletes a claim, that very one, after its volume is seen to be retained (safety 24). The volume is never deleted by
 * Kintsugi: the undo binds it again, and when the claim's successor is proven a person removes it.
 */
const deleteClaim: Action<z.infer<typeof params>> = {
  name: NAME,
  summary: 'Deletes a claim and keeps its volume; the undo binds the volume again',
  params,
  disruptive: false,
  harm: () => 'replaces-state',
  permissions: () => [...READ_WORKLOAD, ...READ_VOLUMES, ...REPLACE_CLAIM],
  async plan(context, { claim, only, timeout }) {
    if (!only) return nothingToDo(NAME, `Leave claim ${context.target.namespace}/${claim} as it is`);
    const timeoutSeconds = milliseconds(timeout) / 1000;
    const read = await readReplaced(context, claim, NAME, `Delete claim ${context.target.namespace}/${claim}`);
    if ('refusal' in read) return read;
    const { volume, verdict } = read;
    return {
      action: NAME,
      summary: `Delete claim ${claim} (${read.size}); its volume ${volume.name} is kept (Retain)`,
      risk: 'high',
      undo: 'on-failure',
      dataLoss: `what is on claim ${claim} (${read.size}) is no longer there for whoever mounts it; volume ${volume.name} is kept`,
      changes: replacedChanges(read),
      args: { ...read.args, timeoutSeconds },
      waitSeconds: timeoutSeconds,
      ...judged(
        together(
          verdict,
          await writersStopped(context, { namespace: context.target.namespace, claim, volume: volume.name }),
        ),
      ),
    };
  },
  async apply(context, plan) {
    if (plan.changes.length === 0) return 'unchanged';
    return replaceClaim(context, replaceArgs.parse(plan.args));
  },
  async revert(context, plan) {
    if (plan.changes.length === 0) return { outcome: 'not-needed' };
    return putClaimBack(context, replaceArgs.parse(plan.args));
  },
  hasWritten: async (context, plan) =>
    plan.changes.length > 0 && (await replacementBegun(context, replaceArgs.parse(plan.args))),
};
export default deleteClaim;
