import { z } from 'zod';
import { KintsugiError } from '../../errors.ts';
import { type LiveObject, objectText } from '../../kubernetes/objects.ts';
import type { Plan } from '../../recovery/values.ts';
import type { WriteContext } from '../action.ts';

/**
 * The late-write guard (durability 3). Every write leaves `kintsugi.dev/recovery: <recoveryId>#<step>` on the object's own
 * metadata, so that a write of an attempt that is long given up finds that a later step was there before it.
 */
export const GUARD = 'kintsugi.dev/recovery';
/** How to take back what stands, for the next run after this one was terminated (durability 5). */
export const UNDO = 'kintsugi.dev/undo';

export interface Guard {
  recoveryId: string;
  step: number;
}

/** The guard on an object; null where there is none or it is not readable as one. */
export function readGuard(annotations: Record<string, string>): Guard | null {
  const match = /^(.+)#(\d+)$/.exec(annotations[GUARD] ?? '');
  return match === null ? null : { recoveryId: match[1] ?? '', step: Number(match[2]) };
}

export function guardText(guard: Guard): string {
  return `${guard.recoveryId}#${guard.step}`;
}

/** Whether this very step has already written (its answer was lost). */
export function isOwnStep(context: WriteContext, object: LiveObject): boolean {
  const guard = readGuard(object.annotations);
  return guard?.recoveryId === context.recoveryId && guard.step === context.step;
}

/** @throws KintsugiError `refused` when a later step of this recovery, or another open recovery, has written */
export async function checkGuard(context: WriteContext, object: LiveObject): Promise<void> {
  const guard = readGuard(object.annotations);
  if (guard === null) return;
  if (guard.recoveryId === context.recoveryId) {
    if (guard.step <= context.step) return;
    throw lateWrite(object, `step ${guard.step} of this recovery has written since step ${context.step}`);
  }
  if (await context.isRunOpen(guard.recoveryId))
    throw lateWrite(object, `recovery ${guard.recoveryId} is open and has written to it`);
}

function lateWrite(object: LiveObject, reason: string): KintsugiError {
  return new KintsugiError('refused', reason, {
    where: `${objectText(object.ref)}, annotation ${GUARD}`,
    fix: 'Nothing was written; the later step stands.',
  });
}

const recipe = z.object({
  recoveryId: z.string(),
  /** The last first: in the order in which they are to be taken back. */
  plans: z.array(
    z.custom<Plan>((plan) => z.looseObject({ action: z.string(), changes: z.array(z.json()) }).safeParse(plan).success),
  ),
});

/** What a recovery has changed on an object and how it was before; without literal secrets, as plans are. */
export type UndoRecipe = z.infer<typeof recipe>;

/** The recipe on an object; null where there is none or it cannot be read. */
export function readRecipe(annotations: Record<string, string>): UndoRecipe | null {
  try {
    return recipe.parse(JSON.parse(annotations[UNDO] ?? 'null'));
  } catch {
    return null;
  }
}

/** The recipe's text once this plan stands too. */
export function recipeWith(context: WriteContext, object: LiveObject, plan: Plan): string {
  const { recoveryId } = context;
  const known = readRecipe(object.annotations);
  const plans = known?.recoveryId === recoveryId ? known.plans : [];
  return JSON.stringify({ recoveryId, plans: [plan, ...plans] } satisfies UndoRecipe);
}

/** The recipe's text once this plan is taken back; undefined when nothing stands any more. */
export function recipeWithout(object: LiveObject, plan: Plan): string | undefined {
  const known = readRecipe(object.annotations);
  const taken = JSON.stringify(plan);
  const index = known?.plans.findIndex((candidate) => JSON.stringify(candidate) === taken) ?? -1;
  const plans = known?.plans.filter((_, position) => position !== index) ?? [];
  return known === null || plans.length === 0 ? undefined : JSON.stringify({ ...known, plans });
}
