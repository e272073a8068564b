import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Action, ActionContext } from '../actions/action.ts';
import { type ResolvedCall, resolveCall, resolveParameters } from '../actions/parameters.ts';
import { comparePlans } from '../actions/plan/compare.ts';
import { refusedPlan } from '../actions/plan/refused-plan.ts';
import { dependencyNamed } from '../actions/plan/subject.ts';
import { declaredTarget } from '../actions/rules/runbook-target.ts';
import { fieldChanges, readSame } from '../actions/write/fields.ts';
import { isOwnStep } from '../actions/write/guard.ts';
import { isPodGone } from '../actions/write/pods.ts';
import type { Artifacts } from '../artifacts/store.ts';
import type { Builds } from '../builds/builds.ts';
import { KintsugiError } from '../errors.ts';
import type { Executions } from '../executions/notes.ts';
import type { Kubernetes } from '../kubernetes/client.ts';
import { isDevelopmentCluster } from '../kubernetes/development-cluster.ts';
import { canonicalText, toJson } from '../kubernetes/template.ts';
import { readWorkload } from '../kubernetes/workloads.ts';
import type { Logger } from '../log.ts';
import type {
  Activities,
  ApplyInput,
  ApplyResult,
  HeldBack,
  PlanInput,
  ReleaseInput,
  RemedyPlans,
} from '../recovery/activities.ts';
import { changesTarget, isSession } from '../recovery/ordered.ts';
import { writes } from '../recovery/silences.ts';
import type { Plan } from '../recovery/values.ts';
import { liveNames } from '../runbook/references.ts';
import type { Procedure, Remedy } from '../runbook/schema.ts';
import type { Baselines } from './baseline.ts';
import { stepErrorOf, withFailures } from './failure.ts';
import { beating, type Pulse } from './heartbeat.ts';
import { type HoldingBack, heldBackNow } from './holding-back.ts';
import { acquireLeases, releaseLeases, type Scope, scopeText } from './lease.ts';

/** What remediation needs. */
export interface RemediationDependencies {
  kubernetes: Kubernetes;
  /** Its secrets are those that plans are kept free of. */
  baselines: Baselines;
  artifacts: Artifacts;
  executions: Executions;
  log: Logger;
  /** KINTSUGI_NAMESPACE: the Leases, the pause switch and the silences. */
  namespace: string;
  /** KINTSUGI_ALERTMANAGER_URL: its silences hold a write back too; none where it is left out. */
  alertmanagerUrls?: readonly string[];
  /** The configuration's registry mirrors, host to address. */
  mirrors: Readonly<Record<string, string>>;
  builds: Builds;
  /** KINTSUGI_RUNBOOKS: manifests lie beside it. */
  runbooks: string;
  /** Whether Temporal has an open run of that recovery; throws a retryable KintsugiError when it cannot tell. */
  isRunOpen(recoveryId: string): Promise<boolean>;
}

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
  if (plans.every(({ risk }) => risk !== 'high')) return { plans, digest };
  return { plans, digest, developmentCluster: await isDevelopmentCluster(dependencies.kubernetes) };
}

/** SHA-256 of plans: what an approval approves. */
export function digestOf(plans: readonly Plan[]): string {
  return createHash('sha256')
    .update(canonicalText(toJson(plans)))
    .digest('hex');
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

/** Who is about to write. What a person ordered is no automation: no silence holds it, and it needs no further approval. */
function askedBy(writer: Writer): HoldingBack {
  const { target, runbook, ordered, procedure, approved = false, alerts = [], goesOnUnread = false } = writer;
  const isOrdered = ordered !== undefined || procedure === true;
  return { target, runbook: runbook.metadata.name, alerts, isOrdered, isApproved: approved || isOrdered, goesOnUnread };
}

type Writer = PlanInput & Partial<Pick<ApplyInput, 'approved' | 'alerts' | 'goesOnUnread'>>;

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

/** A plan that cannot be made for good is a refusal with its reason: the next remedy is tried. */
async function planOrRefusal(
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
    const plan = await action.plan(context, params);
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

/** The actions of what a person ordered, else of the runbook's procedure or remedy of that name. */
function callsOf(input: PlanInput): ResolvedCall[] {
  const { spec } = input.runbook;
  const live = liveNames({ target: input.target, container: input.finding.container });
  if (input.ordered !== undefined) return input.ordered.map((call) => resolveCall(call, spec, live));
  const { actions } = input.procedure === true ? procedureOf(input) : remedyOf(input);
  return actions.map((call) => resolveParameters(call, spec, live));
}

/** An order that changes the target waits for its pods; one that leaves it alone, or puts a session in its place, does not. */
function isToBeWaitedFor(plans: readonly Plan[]): boolean {
  return changesTarget(plans) && !isSession(plans);
}

function procedureOf({ runbook, remedy }: PlanInput): Procedure {
  const { procedures } = runbook.spec;
  const found = procedures.find(({ name }) => name === remedy);
  if (found !== undefined) return found;
  throw new KintsugiError('invalid', `the runbook has no procedure '${remedy}'`, {
    where: `runbook ${runbook.metadata.name}`,
    fix: `Name one of: ${procedures.map(({ name }) => name).join(', ') || 'it has none'}.`,
  });
}

function remedyOf({ runbook, finding, remedy }: PlanInput): Remedy {
  const entry = runbook.spec.causes.find(({ cause }) => cause === finding.cause);
  const found = entry?.remedies.find(({ name }) => name === remedy);
  if (found !== undefined) return found;
  throw new KintsugiError('invalid', `cause ${finding.cause} has no remedy '${remedy}'`, {
    where: `runbook ${runbook.metadata.name}`,
    fix: `Name one of: ${entry?.remedies.map(({ name }) => name).join(', ') || 'the cause has none'}.`,
  });
}

function contextOf(
  dependencies: RemediationDependencies,
  input: Writer,
  { step, earlier }: { step: number; earlier: Plan[] },
  { heartbeat, signal }: Pulse,
): ActionContext {
  const { kubernetes, baselines, artifacts, executions, mirrors, builds, runbooks, isRunOpen } = dependencies;
  const { target, runbook, recoveryId, finding, brokenSince, ordered, procedure, onlyShown = false } = input;
  return {
    kubernetes,
    target,
    runbook,
    recoveryId,
    step,
    secrets: baselines.secrets,
    artifacts,
    executions,
    builds,
    isRunOpen,
    heldBack: async () => (await heldBackNow(dependencies, askedBy(input), signal))?.why ?? null,
    heartbeat,
    signal,
    finding,
    brokenSince,
    onlyShown,
    ordered: ordered !== undefined || procedure === true,
    earlier,
    baselines,
    mirrors,
    runbooks,
  };
}
