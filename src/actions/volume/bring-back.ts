import { objectText, readLive } from '../../kubernetes/objects.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import type { Workload } from '../../kubernetes/workloads.ts';
import type { Plan } from '../../recovery/values.ts';
import type { ActionContext, RevertResult, WriteContext } from '../action.ts';
import { readTarget } from '../plan/subject.ts';
import { nothingToDo } from '../plan/template-plan.ts';
import { FINE, judged, refuse } from '../rules/verdict.ts';
import { fieldChanges } from '../write/fields.ts';
import { readRecipe } from '../write/guard.ts';
import { inverse, revertSeveral } from '../write/several.ts';
import { stopArgs } from './quiesce.ts';
import { untilStill } from './still.ts';

/** Puts back what a stop changed: of this remedy, or the one whose recipe stands on the target. */
export async function bringBackPlan(context: ActionContext, action: string): Promise<Plan> {
  const { workload } = await readTarget(context);
  const stops = lastStop(context.earlier) ?? (await standingStop(context, workload));
  const what = objectText(workload.ref);
  if (stops === null)
    return {
      ...nothingToDo(action, `Bring ${what} back to as many pods as before`),
      ...judged(refuse('not-stopped', `no stop of ${what} by Kintsugi stands`)),
    };
  const changes = stops.flatMap((plan) => inverse(plan.changes));
  // All of them were stopped for the same claims.
  const args = stopArgs.parse(stops[0]?.args);
  const texts = changes.map(({ object, path, after }) => {
    const value = 'value' in after ? String(after.value) : 'as it was';
    return `${objectText(object)} ${path.split('/').at(-1)} ${value}`;
  });
  return {
    action,
    summary: `Bring back what was stopped: ${texts.join(', ') || 'nothing was'}`,
    risk: 'low',
    undo: 'on-failure',
    changes,
    args: { ...args, to: 'before' },
    // Nothing is waited for, but by the undo, which has the same time.
    waitSeconds: args.timeoutSeconds,
    ...judged(FINE),
  };
}

/** Stops again, and waits for it: what is undone next needs the volumes let go of. */
export async function revertBringBack(context: WriteContext, plan: Plan): Promise<RevertResult> {
  if (fieldChanges(plan).length === 0) return { outcome: 'not-needed' };
  const result = await revertSeveral(context, plan);
  if (result.outcome === 'refused') return result;
  const { namespace, claims, volumes, timeoutSeconds } = stopArgs.omit({ to: true }).parse(plan.args);
  await untilStill(context, { namespace, claims, volumes }, { seconds: timeoutSeconds, retryable: true });
  return result;
}

/** The last stop among plans that is not brought back yet; null where there is none. */
export function lastStop(plans: readonly Plan[]): Plan[] | null {
  const stop = plans.filter(isStop).at(-1);
  return stop === undefined ? null : [stop];
}

function isStop({ action, args }: Plan): boolean {
  return action === 'scale' && stopArgs.safeParse(args).success;
}

/** What a stop wrote on each object that it changed: the workload's own part, and its CronJobs'. */
async function standingStop({ kubernetes, signal }: ActionContext, workload: Workload): Promise<Plan[] | null> {
  const recipe = readRecipe(workload.annotations);
  const own = recipe?.plans.find(isStop);
  if (recipe === null || own === undefined) return null;
  const { namespace } = workload;
  const { items } = await kubernetes.batch.listNamespacedCronJob({ namespace }, callOptions({ signal }));
  const parts: Plan[] = [own];
  for (const { metadata } of items) {
    const ref = { apiVersion: 'batch/v1', kind: 'CronJob', namespace, name: metadata?.name ?? '' };
    const known = readRecipe(metadata?.annotations ?? {});
    if (known?.recoveryId !== recipe.recoveryId) continue;
    const { ref: live } = await readLive(kubernetes, ref, signal);
    const part = known.plans.find(isStop);
    // Whoever may annotate a CronJob wrote this: it reaches no further than the CronJob itself.
    if (part !== undefined && fieldChanges(part).every(({ object }) => object.uid === live.uid)) parts.push(part);
  }
  return parts;
}
