import { createHash } from 'node:crypto';
import type { ActionContext } from '../actions/action.ts';
import type { ResolvedCall } from '../actions/parameters.ts';
import { refusedPlan } from '../actions/plan/refused-plan.ts';
import { declaredTarget } from '../actions/rules/runbook-target.ts';
import { KintsugiError } from '../errors.ts';
import { isDevelopmentCluster } from '../kubernetes/development-cluster.ts';
import { canonicalText, toJson } from '../kubernetes/template.ts';
import { readWorkload } from '../kubernetes/workloads.ts';
import type { PlanInput, RemedyPlans } from '../recovery/activities.ts';
import { isDestructive } from '../recovery/destructive.ts';
import { changesTarget, isSession } from '../recovery/ordered.ts';
import { writes } from '../recovery/silences.ts';
import type { Harm, Plan } from '../recovery/values.ts';
import type { Pulse } from './heartbeat.ts';
import { callsOf, quorumOf } from './remedy-calls.ts';
import { contextOf, type RemediationDependencies } from './remedy-context.ts';

/** Plans every action of the remedy in order, each on the target as the earlier ones will leave it. Only reads. */
export async function planRemedy(
  dependencies: RemediationDependencies,
  input: PlanInput,
  pulse: Pulse,
): Promise<RemedyPlans> {
  const plans: Plan[] = [];
  for (const resolved of callsOf(input)) {
    if (input.ordered !== undefined && plans.length > 0 && !isToBeWaitedFor(plans)) break;
    const context = contextOf(dependencies, input, { step: 0, earlier: plans }, pulse);
    pulse.heartbeat(`planning ${resolved.action.name}`);
    plans.push(await planOrRefusal(context, resolved, input));
  }
  const digest = digestOf(plans);
  if (!isDestructive(plans) && quorumOf(input) === 1) return { plans, digest };
  return { plans, digest, developmentCluster: await isDevelopmentCluster(dependencies.kubernetes) };
}

/** SHA-256 of plans: what an approval approves. */
export function digestOf(plans: readonly Plan[]): string {
  return createHash('sha256')
    .update(canonicalText(toJson(plans)))
    .digest('hex');
}

/** An order that changes the target waits for its pods; one that leaves it alone, or puts a session in its place, does not. */
function isToBeWaitedFor(plans: readonly Plan[]): boolean {
  return changesTarget(plans) && !isSession(plans);
}

/** What harm an action does is said here for all of them: no plan can forget it. */
function withHarm(plan: Plan, harm: Harm | null): Plan {
  return harm === null || plan.refusal !== undefined || !writes(plan) ? plan : { ...plan, harm };
}

/** A plan that cannot be made for good is a refusal with its reason: the next remedy is tried. */
export async function planOrRefusal(
  context: ActionContext,
  { action, params }: ResolvedCall,
  { ordered }: PlanInput,
): Promise<Plan> {
  if (ordered !== undefined && action.onlyFromRunbook === true)
    return refusedPlan(action.name, action.summary, {
      code: 'only-from-runbook',
      reason: `${action.name} runs a program in a container: only one that a runbook names, by its procedure`,
    });
  try {
    const plan = withHarm(await action.plan(context, params), action.harm(params));
    if (plan.refusal !== undefined || !writes(plan)) return plan;
    const { refusal } = declaredTarget(
      context.runbook,
      await readWorkload(context.kubernetes, context.target, context.signal),
    );
    return refusal === undefined ? plan : { ...plan, refusal };
  } catch (error) {
    if (!(error instanceof KintsugiError) || error.retryable) throw error;
    return {
      action: action.name,
      summary: action.summary,
      risk: 'none',
      undo: 'none',
      changes: [],
      args: {},
      waitSeconds: 0,
      refusal: { code: error.code, reason: `${error.message} (${error.where})` },
    };
  }
}
