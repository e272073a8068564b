import type { Change, Plan } from '../../recovery/values.ts';
import type { RevertResult, WriteContext } from '../action.ts';
import { applyFields, type FieldChange, fieldChanges, readSame, revertFields, type WriteObject } from './fields.ts';
import { isOwnStep } from './guard.ts';

/**
 * Fields of several objects, as one change: each object is written by itself, with its own guard and recipe, in the plan's
 * order, and taken back in the reverse one.
 */

/** Writes what is not written yet. @throws KintsugiError as `applyFields`; what was written before stays, for the undo */
export async function applySeveral(
  context: WriteContext,
  plan: Plan,
  write?: WriteObject,
): Promise<'applied' | 'unchanged'> {
  let outcome: 'applied' | 'unchanged' = 'unchanged';
  for (const part of partsOf(plan)) if ((await applyFields(context, part, write)) === 'applied') outcome = 'applied';
  return outcome;
}

/** Takes every part back that can be; refused as soon as one of them was. */
export async function revertSeveral(context: WriteContext, plan: Plan): Promise<RevertResult> {
  const results: RevertResult[] = [];
  for (const part of partsOf(plan).reverse()) results.push(await revertFields(context, part));
  const refused = results.filter(({ outcome }) => outcome === 'refused');
  if (refused.length > 0) return { outcome: 'refused', saw: refused.map(({ saw }) => saw ?? '').join('; ') };
  return { outcome: results.some(({ outcome }) => outcome === 'undone') ? 'undone' : 'not-needed' };
}

/** Whether this very step has written any of the plan's objects already. */
export async function hasWrittenAny(context: WriteContext, plan: Plan): Promise<boolean> {
  for (const part of partsOf(plan)) {
    const [field] = fieldChanges(part);
    if (field !== undefined && isOwnStep(context, await readSame(context, field.object))) return true;
  }
  return false;
}

/** The plan's field changes the other way round, the last object first. */
export function inverse(changes: readonly Change[]): FieldChange[] {
  return changes
    .filter((change) => change.type === 'field')
    .map((change) => ({ ...change, before: change.after, after: change.before }))
    .reverse();
}

function partsOf(plan: Plan): Plan[] {
  const parts = new Map<string, FieldChange[]>();
  for (const change of fieldChanges(plan)) {
    const { kind, namespace = '', name } = change.object;
    const key = `${kind} ${namespace}/${name}`;
    parts.set(key, [...(parts.get(key) ?? []), change]);
  }
  return [...parts.values()].map((changes) => ({ ...plan, changes }));
}
