import { actionNamed } from '../actions/parameters.ts';
import { KintsugiError } from '../errors.ts';
import type { Activities, CompensateInput, CompensateResult } from '../recovery/activities.ts';
import { withFailures } from './failure.ts';
import { beating, type Pulse } from './heartbeat.ts';
import type { RemediationDependencies } from './remedy-context.ts';

/** What an undo needs. */
export type CompensationDependencies = Pick<
  RemediationDependencies,
  'kubernetes' | 'baselines' | 'artifacts' | 'executions' | 'mirrors' | 'builds' | 'isRunOpen'
>;

/** The activity that takes a change back. A pause never holds it (safety 1), and it needs no Lease. */
export function createCompensation(dependencies: CompensationDependencies): Pick<Activities, 'compensate'> {
  return { compensate: withFailures((input) => beating((pulse) => compensate(dependencies, input, pulse))) };
}

/** Reverts one recorded plan; what fails for good is an answer, what passes is thrown for Temporal to try again. */
export async function compensate(
  { kubernetes, baselines, artifacts, executions, mirrors, builds, isRunOpen }: CompensationDependencies,
  { plan, step, target, runbook, recoveryId }: CompensateInput,
  { heartbeat, signal }: Pulse,
): Promise<CompensateResult> {
  const { secrets } = baselines;
  const context = {
    kubernetes,
    target,
    runbook,
    recoveryId,
    step,
    secrets,
    artifacts,
    executions,
    mirrors,
    builds,
    isRunOpen,
    heartbeat,
    signal,
  };
  try {
    return await actionNamed(plan.action).revert(context, plan);
  } catch (error) {
    if (!(error instanceof KintsugiError) || error.retryable) throw error;
    return { outcome: 'failed', saw: `${error.message} (${error.where})` };
  }
}
