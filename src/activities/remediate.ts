import { z } from 'zod';
import type { Action, ActionContext } from '../actions/action.ts';
import type { ResolvedCall } from '../actions/parameters.ts';
import { comparePlans } from '../actions/plan/compare.ts';
import { dependencyNamed } from '../actions/plan/subject.ts';
import { fieldChanges, readSame } from '../actions/write/fields.ts';
import { isOwnStep } from '../actions/write/guard.ts';
import { isPodGone } from '../actions/write/pods.ts';
import { KintsugiError } from '../errors.ts';
import type { Activities, ApplyInput, ApplyResult, HeldBack, ReleaseInput } from '../recovery/activities.ts';
import { writes } from '../recovery/silences.ts';
import type { Plan } from '../recovery/values.ts';
import { stepErrorOf, withFailures } from './failure.ts';
import { beating, type Pulse } from './heartbeat.ts';
import { heldBackNow } from './holding-back.ts';
import { acquireLeases, releaseLeases, type Scope, scopeText } from './lease.ts';
import { planOrRefusal, planRemedy } from './plan-remedy.ts';
import { callsOf } from './remedy-calls.ts';
import { askedBy, contextOf, type RemediationDependencies } from './remedy-context.ts';

/** The activities that plan and make changes, and give the Leases back. */
export function createRemediation(
  dependencies: RemediationDependencies,
): Pick<Activities, 'planRemedy' | 'applyAction' | 'release'> {
  return {
    planRemedy: withFailures((input) => beating((pulse) => planRemedy(dependencies, input, pulse))),
    applyAction: withFailures((input) => beating((pulse) => applyAction(dependencies, input, pulse))),
    release: withFailures((input) => release(dependencies, input)),
  };
}

/**
 * Makes one action's change, if nothing forbids it now: the pause switch, another recovery's Lease, a plan made anew that
 * differs (safety 1, 14). Repeatable: a step that has already written is only finished.
 */
export async function applyAction(
  dependencies: RemediationDependencies,
  input: ApplyInput,
  pulse: Pulse,
): Promise<ApplyResult> {
  const resolved = callsOf(input)[input.i];
  if (resolved === undefined)
    throw new KintsugiError('invalid', `remedy ${input.remedy} has no action ${input.i}`, {
      where: input.runbook.metadata.name,
      fix: 'Plan the remedy again.',
    });
  const context = contextOf(dependencies, input, input, pulse);
  try {
    const held = await heldBack(dependencies, input, resolved, pulse);
    if (held !== null) return held;
    const stopped = await planAgain(context, resolved, input);
    if (stopped !== null) return stopped;
    // What people say to stop the very next write is the last thing that is looked at.
    const stop = await stoppedNow(dependencies, input, pulse);
    if (stop !== null) return stop;
    const done = await resolved.action.apply(context, input.plan);
    return typeof done === 'string' ? { outcome: done } : done;
  } catch (error) {
    return failedForGood(context, resolved, input, error);
  }
}

/** An error that passes is thrown, for Temporal to try again; a final one is an answer, unless this step has written. */
async function failedForGood(
  context: ActionContext,
  { action }: ResolvedCall,
  input: ApplyInput,
  error: unknown,
): Promise<ApplyResult> {
  if (!(error instanceof KintsugiError) || error.retryable) throw error;
  if (await hasWritten(context, action, input.plan).catch(() => true)) throw error;
  return { outcome: 'failed', error: stepErrorOf(error) };
}

/** Why the action may not begin now; takes the Leases when it may. */
async function heldBack(
  dependencies: RemediationDependencies,
  input: ApplyInput,
  resolved: ResolvedCall,
  pulse: Pulse,
): Promise<HeldBack | null> {
  if (!writes(input.plan)) return null;
  const stopped = await stoppedNow(dependencies, input, pulse);
  if (stopped !== null) return stopped;
  const lease = await acquireLeases(dependencies, scopesOf(input, resolved), input.recoveryId);
  if (lease.held) return null;
  return { outcome: 'held-back', why: `recovery ${lease.by} is mending ${scopeText(lease.scope)}` };
}

async function stoppedNow(
  dependencies: RemediationDependencies,
  input: ApplyInput,
  { signal }: Pulse,
): Promise<HeldBack | null> {
  return writes(input.plan) ? heldBackNow(dependencies, askedBy(input), signal) : null;
}

/** Plans anew and compares; null when the recorded plan is still the right one, or this step has already written. */
async function planAgain(
  context: ActionContext,
  resolved: ResolvedCall,
  input: ApplyInput,
): Promise<ApplyResult | null> {
  if (await hasWritten(context, resolved.action, input.plan)) return null;
  if (await podsAreGone(context, input.plan)) return { outcome: 'unchanged' };
  const fresh = await planOrRefusal(context, resolved, input);
  const comparison = comparePlans(input.plan, fresh, input.approved);
  switch (comparison.is) {
    case 'same':
      return null;
    case 'done':
      return { outcome: 'unchanged' };
    case 'different':
      return { outcome: 'replanned', plan: fresh };
    case 'refused':
      return {
        outcome: 'failed',
        error: { code: comparison.code, message: comparison.reason, where: input.plan.action },
      };
  }
}

/** Whether the late-write guard on the plan's object names this very step: its answer was lost. */
async function hasWritten(context: ActionContext, action: Action<unknown>, plan: Plan): Promise<boolean> {
  if (action.hasWritten !== undefined) return action.hasWritten(context, plan);
  const [field] = fieldChanges(plan);
  if (field === undefined) return false;
  return isOwnStep(context, await readSame(context, field.object));
}

/** Whether a plan that only deletes pods has none left: made already, or come about by itself; their successors are not meant. */
async function podsAreGone({ kubernetes, signal }: ActionContext, { changes }: Plan): Promise<boolean> {
  const deleted = changes.flatMap((change) => (change.type === 'delete' ? [change.object] : []));
  if (deleted.length === 0 || deleted.length < changes.length) return false;
  const gone = await Promise.all(deleted.map((pod) => isPodGone(kubernetes, pod, signal)));
  return gone.every(Boolean);
}

async function release(dependencies: RemediationDependencies, input: ReleaseInput): Promise<void> {
  const dependencyScopes = input.runbook.spec.dependencies.flatMap(scopesOfDependency);
  await releaseLeases(dependencies, [{ namespace: input.target.namespace }, ...dependencyScopes], input.recoveryId);
}

const ofDependency = z.looseObject({ of: z.string().optional() });

function scopesOf(input: ApplyInput, { params }: ResolvedCall): Scope[] {
  const of = ofDependency.safeParse(params).data?.of;
  const shared = of === undefined ? [] : scopesOfDependency(dependencyNamed(input, of));
  return [{ namespace: input.target.namespace }, ...shared];
}

function scopesOfDependency({ namespace, name }: { namespace: string; name: string }): Scope[] {
  return [{ namespace }, { dependency: { namespace, name } }];
}
