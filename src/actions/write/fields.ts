import { setTimeout as sleep } from 'node:timers/promises';
import { KintsugiError } from '../../errors.ts';
import { type LiveObject, objectText, readLive } from '../../kubernetes/objects.ts';
import { missingReferences } from '../../kubernetes/references.ts';
import { atPointer, isBookkeepingPath, toJson } from '../../kubernetes/template.ts';
import { readWorkload, type Workload } from '../../kubernetes/workloads.ts';
import type { Change, Json, ObjectRef, Plan } from '../../recovery/values.ts';
import type { RevertResult, WriteContext } from '../action.ts';
import { checkGuard, GUARD, guardText, isOwnStep, recipeWith, recipeWithout, UNDO } from './guard.ts';
import { type Assignment, patchObject, withFields } from './patch.ts';
import { isValue, readValue, valueText } from './secrets.ts';

export type FieldChange = Extract<Change, { type: 'field' }>;

/** A crash-looping workload's status moves its resourceVersion all the time: read and decide anew this often. */
const TRIES = 5;

/** The fields that a plan changes; all of them belong to one object. */
export function fieldChanges(plan: Plan): FieldChange[] {
  return plan.changes.filter((change) => change.type === 'field');
}

/**
 * Writes a plan's fields in one patch with the late-write guard and the undo's recipe.
 * @returns `unchanged` when the fields already are so by another's hand; `applied` also when this very step wrote before
 * @throws KintsugiError `conflict` when a field is neither as the plan found it nor as it would leave it, `refused` by the
 * guard, `not-found` when the object is gone or another of its name is there
 */
export async function applyFields(
  context: WriteContext,
  plan: Plan,
  write: WriteObject = patchObject,
): Promise<'applied' | 'unchanged'> {
  const changes = fieldChanges(plan);
  const decide = async (workload: Workload | LiveObject): Promise<Decision<'applied' | 'unchanged'>> => {
    if (isOwnStep(context, workload)) return { done: 'applied' };
    await checkGuard(context, workload);
    const state = stateOf(context, workload, changes);
    if (state.is === 'after') return { done: 'unchanged' };
    if (state.is === 'foreign') throw foreignChange(workload, state.saw);
    return {
      done: 'applied',
      fields: await assignments(context, changes, 'after'),
      recipe: plan.undo === 'none' ? workload.annotations[UNDO] : recipeWith(context, workload, plan),
    };
  };
  return decideAndWrite(context, objectOf(changes), decide, write);
}

/**
 * Puts a plan's fields back (`changes`, where something else than the recorded value is to stand there afterwards), or only leaves the guard when there is nothing to put back, so that a late apply is refused.
 * Refuses over a foreign change, and where what it would return to no longer exists (safety 16).
 */
export async function revertFields(
  context: WriteContext,
  plan: Plan,
  changes: readonly FieldChange[] = fieldChanges(plan),
): Promise<RevertResult> {
  try {
    return await decideAndWrite<RevertResult>(context, objectOf(changes), async (workload) => {
      const own = isOwnStep(context, workload);
      await checkGuard(context, workload);
      const state = stateOf(context, workload, changes);
      if (state.is === 'before' && own) return { done: { outcome: 'undone' } };
      if (state.is === 'foreign') return { done: { outcome: 'refused', saw: state.saw } };
      const recipe = recipeWithout(workload, plan);
      if (state.is === 'before') return { done: { outcome: 'not-needed' }, fields: [], recipe };
      const fields = await assignments(context, changes.filter(isNoBookkeeping), 'before');
      const missing = await missingAfter(context, workload, fields);
      if (missing.length > 0)
        return { done: { outcome: 'refused', saw: `it would return to what no longer exists: ${missing.join('; ')}` } };
      return { done: { outcome: 'undone' }, fields, recipe };
    });
  } catch (error) {
    if (error instanceof KintsugiError && (error.code === 'refused' || error.code === 'not-found'))
      return { outcome: 'refused', saw: error.message };
    throw error;
  }
}

/** How fields and annotations get onto an object, against the version that was read: a JSON Patch, if nothing else is given. */
export type WriteObject = typeof patchObject;

interface Decision<Outcome> {
  done: Outcome;
  /** Set when something is to be written, if only the guard. */
  fields?: Assignment[];
  recipe?: string | undefined;
}

async function decideAndWrite<Outcome>(
  context: WriteContext,
  object: ObjectRef,
  decide: (live: Workload | LiveObject) => Promise<Decision<Outcome>>,
  write: WriteObject = patchObject,
): Promise<Outcome> {
  for (let tried = 1; ; tried += 1) {
    const live = await readSame(context, object);
    const { done, fields, recipe } = await decide(live);
    if (fields === undefined) return done;
    const annotations = { [GUARD]: guardText(context), [UNDO]: recipe };
    context.heartbeat(`writing ${objectText(object)}`);
    try {
      await write(context.kubernetes, live, { fields, annotations }, context.signal);
      return done;
    } catch (error) {
      if (!(error instanceof KintsugiError) || error.code !== 'conflict' || tried === TRIES) throw error;
      await sleep(50 * tried, undefined, { signal: context.signal });
    }
  }
}

/** The very object of the plan. */
export async function readSame(context: WriteContext, object: ObjectRef): Promise<Workload | LiveObject> {
  const { apiVersion, namespace = '', kind, name, uid } = object;
  const { kubernetes, signal } = context;
  const live =
    apiVersion === 'apps/v1'
      ? await readWorkload(kubernetes, { namespace, kind, name }, signal)
      : await readLive(kubernetes, object, signal);
  if (uid === undefined || live.ref.uid === uid) return live;
  throw new KintsugiError('not-found', `${objectText(object)} was deleted, another of its name stands there`, {
    where: objectText(object),
    fix: 'Diagnose the new object; the plan was made for the old one.',
  });
}

type State = { is: 'before' | 'after' } | { is: 'foreign'; saw: string };

/** Bookkeeping decides only where a plan has nothing else: a restart by another's hand is as good as ours. */
function stateOf(context: WriteContext, workload: LiveObject, changes: readonly FieldChange[]): State {
  const document = toJson(workload.raw);
  const fields = changes.filter(isNoBookkeeping);
  const is = (side: 'before' | 'after') => (change: FieldChange) =>
    isValue(context.secrets, change[side], atPointer(document, change.path), change.path);
  if (fields.length === 0) return { is: changes.every(is('before')) ? 'before' : 'after' };
  if (fields.every(is('after'))) return { is: 'after' };
  if (fields.every(is('before'))) return { is: 'before' };
  const foreign = fields.filter((change) => !is('before')(change) && !is('after')(change));
  const seen = (foreign.length > 0 ? foreign : fields).map(({ path }) => {
    const live = atPointer(document, path);
    const shown = live === undefined ? 'nothing' : maybeSecret(context, path, live);
    return `${path} is ${shown}`;
  });
  return { is: 'foreign', saw: `${objectText(workload.ref)} was changed by another hand: ${seen.join(', ')}` };
}

function maybeSecret(context: WriteContext, path: string, live: Json): string {
  const text = typeof live === 'string' ? live : JSON.stringify(live);
  const name = path.split('/').at(-1) ?? '';
  return name === 'value' || context.secrets.isSecret(name, text) ? 'another value' : valueText({ value: live });
}

function isNoBookkeeping(change: FieldChange): boolean {
  return !isBookkeepingPath(change.path);
}

async function assignments(
  context: WriteContext,
  changes: readonly FieldChange[],
  side: 'before' | 'after',
): Promise<Assignment[]> {
  return Promise.all(
    changes.map(async (change) => ({ path: change.path, value: await readValue(context, change[side]) })),
  );
}

async function missingAfter(
  context: WriteContext,
  workload: Workload | LiveObject,
  fields: readonly Assignment[],
): Promise<string[]> {
  if (!('template' in workload) || !fields.some(({ path }) => path.startsWith('/spec/template'))) return [];
  const { template } = withFields(workload, fields);
  return missingReferences(context.kubernetes, workload.namespace, template, context.signal);
}

function objectOf(changes: readonly FieldChange[]): ObjectRef {
  const first = changes[0];
  if (first !== undefined) return first.object;
  throw new KintsugiError('invalid', 'the plan changes no field', {
    where: 'plan.changes',
    fix: 'Plan the action again.',
  });
}

function foreignChange(workload: LiveObject, saw: string): KintsugiError {
  return new KintsugiError('conflict', saw, {
    where: objectText(workload.ref),
    fix: 'Diagnose again: somebody else works on it.',
    retryable: false,
  });
}
