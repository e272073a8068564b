import { z } from 'zod';
import { milliseconds } from '../recovery/durations.ts';
import { duration } from '../runbook/schema/scalars.ts';
import type { Action } from './action.ts';
import { EXEC, PATCH_WORKLOAD, READ_REFERENCES, READ_WORKLOAD } from './plan/permissions.ts';
import { sessionArgs } from './session/arguments.ts';
import { applyCopy, hasMadeCopy, planCopy, revertCopy } from './session/copy.ts';
import { applyInPlace, planInPlace, revertInPlace } from './session/in-place.ts';
import { readSame } from './write/fields.ts';
import { isOwnStep } from './write/guard.ts';

/** A session is for a person who is there: longer than a working day it would only be forgotten. */
const SHORTEST_S = 10;
const LONGEST_S = 8 * 3600;

const params = z.strictObject({
  image: z.string().min(1).default('busybox:latest').describe('What runs; it needs `sleep`'),
  duration: duration
    .refine((text) => {
      const seconds = milliseconds(text) / 1000;
      return seconds >= SHORTEST_S && seconds <= LONGEST_S;
    }, 'from 10s to 8h')
    .default('3600s')
    .describe('After this it ends by itself'),
  mode: z
    .enum(['copy', 'in-place'])
    .default('copy')
    .describe('A pod beside the workload that serves nobody, or the workload itself, as written'),
  container: z.string().optional().describe("Whose environment it has; by default the runbook's container"),
});

/**
 * A program that only sleeps, in the environment of the workload's container, for a person to look around in (safety 25). What can
 * be collected without a person (environment, reach of every dependency) is told as the action's findings.
 */
const debugSession: Action<z.infer<typeof params>> = {
  name: 'debug-session',
  summary: "Runs a sleeping container in the workload's environment, tells what it reaches, and ends by itself",
  params,
  disruptive: true,
  harm: () => null,
  permissions: () => [
    ...READ_WORKLOAD,
    ...READ_REFERENCES,
    ...PATCH_WORKLOAD,
    { group: '', resource: 'pods', verbs: ['create', 'delete'] },
    ...EXEC,
  ],
  async plan(context, { duration: time, ...wanted }) {
    const session = { ...wanted, seconds: milliseconds(time) / 1000 };
    return wanted.mode === 'copy' ? planCopy(context, session) : planInPlace(context, session);
  },
  async apply(context, plan) {
    return isCopy(plan.args) ? applyCopy(context, plan) : applyInPlace(context, plan);
  },
  async revert(context, plan) {
    return isCopy(plan.args) ? revertCopy(context, plan) : revertInPlace(context, plan);
  },
  async hasWritten(context, plan) {
    if (isCopy(plan.args)) return hasMadeCopy(context, plan);
    return isOwnStep(context, await readSame(context, sessionArgs.parse(plan.args).workload));
  },
};
export default debugSession;

function isCopy(args: unknown): boolean {
  return sessionArgs.parse(args).mode === 'copy';
}
