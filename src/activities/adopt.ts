import { actionNames } from '../actions/names.ts';
import { sessionArgs } from '../actions/session/arguments.ts';
import { fieldChanges } from '../actions/write/fields.ts';
import { readRecipe } from '../actions/write/guard.ts';
import { KintsugiError } from '../errors.ts';
import { templateHash } from '../kubernetes/template.ts';
import type { Workload } from '../kubernetes/workloads.ts';
import type { Logger } from '../log.ts';
import type { StandingUndo } from '../recovery/activities.ts';
import type { ObjectRef, Plan } from '../recovery/values.ts';
import type { Baseline } from './baseline.ts';

/** Whose leftovers are looked for, and how a former run's end is known. */
export interface Adoption {
  recoveryId: string;
  workload: Workload;
  baseline: Baseline | null;
  log: Logger;
  /** Whether Temporal shows that the recovery's run was terminated or timed out, so that it will never undo by itself. */
  wasCutShort(recoveryId: string): Promise<boolean>;
}

/** The most that an adopted recipe may add to a diagnosis's 32 KiB (durability 9). */
const MOST_BYTES = 8 * 1024;

/**
 * What a former recovery that was cut short left on a broken target, by the annotation that every write leaves (durability 5).
 * Null where nothing stands, where that run is open or has ended by itself, and where the target has since been seen healthy
 * with the change: then it is a remedy that worked.
 */
export async function standingUndo(adoption: Adoption): Promise<StandingUndo | null> {
  const { recoveryId, workload, log } = adoption;
  const recipe = readRecipe(workload.annotations);
  if (recipe === null || recipe.recoveryId === recoveryId) return null;
  const changed = recipe.plans.some((plan) => fieldChanges(plan).length > 0);
  if (changed && isKnownHealthy(adoption)) return null;
  if (!recipe.plans.every((plan) => isAbout(plan, workload.ref)) || bytesOf(recipe) > MOST_BYTES) {
    log.warn({ target: workload.ref, from: recipe.recoveryId }, 'an undo recipe is not one that can be adopted');
    return null;
  }
  try {
    if (!(await adoption.wasCutShort(recipe.recoveryId))) return null;
  } catch (thrown) {
    if (!(thrown instanceof KintsugiError)) throw thrown;
    log.warn({ from: recipe.recoveryId, error: thrown.message }, 'how a former recovery ended cannot be told');
    return null;
  }
  return { from: recipe.recoveryId, plans: recipe.plans };
}

function isKnownHealthy({ workload, baseline }: Adoption): boolean {
  if (baseline === null) return false;
  return baseline.templateHash === templateHash(workload.template) && baseline.replicas <= workload.replicas;
}

/** Whoever may annotate the workload wrote this: it reaches no further than the workload itself. */
function isAbout(plan: Plan, target: ObjectRef): boolean {
  const names: readonly string[] = actionNames;
  if (!names.includes(plan.action)) return false;
  const changes = fieldChanges(plan);
  if (changes.length === 0) return isDebugPodOf(plan, target);
  return changes.every(
    ({ object, before, after }) =>
      object.kind === target.kind &&
      object.namespace === target.namespace &&
      object.name === target.name &&
      [before, after].every((value) => !('secret' in value) || value.secret.from.namespace === target.namespace),
  );
}

/** A debug pod beside the workload: taking it back deletes none but Kintsugi's own, in the workload's namespace. */
function isDebugPodOf({ action, args, changes }: Plan, { kind, namespace, name }: ObjectRef): boolean {
  const of = action === 'debug-session' ? sessionArgs.safeParse(args).data?.workload : undefined;
  const own = of?.kind === kind && of.namespace === namespace && of.name === name;
  return own && changes.every((change) => change.type !== 'delete');
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
