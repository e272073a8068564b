import { KintsugiError } from '../../errors.ts';
import { APPLY, createObject, deleteObject, sendPatch } from '../../kubernetes/namespaced-objects.ts';
import { objectText, readLive } from '../../kubernetes/objects.ts';
import { canonicalText, isRecord, toJson } from '../../kubernetes/template.ts';
import { orNull } from '../../kubernetes/volumes.ts';
import type { ObjectRef, Plan } from '../../recovery/values.ts';
import type { WriteContext } from '../action.ts';
import { isOwn } from '../volume/live.ts';
import { checkTarget } from '../write/created.ts';
import { fieldChanges, type WriteObject } from '../write/fields.ts';
import { GUARD, guardText } from '../write/guard.ts';
import { bodyOf, type Manifest } from './parse.ts';
import { type Conflict, conflictText, RESET_MANAGER, rehearse } from './rehearse.ts';

/** What the plan allows: the manifests, and the field owners that were shown for approval. */
export interface Allowed {
  plan: Plan;
  manifests: readonly Manifest[];
  conflicts: readonly (Conflict & { object: string })[];
}

/**
 * Writes an object by server-side apply, at the version that was read and only if that changes what the plan shows. It is
 * forced for the owners that were shown alone; the annotations, which Kintsugi's other writes own, need it too.
 */
export function byServerSideApply(allowed: Allowed): WriteObject {
  return async (kubernetes, live, { annotations }, signal) => {
    const manifest = manifestFor(allowed.manifests, live.ref);
    const trial = await rehearse({ kubernetes, signal }, manifest, recordOf(live.raw));
    requireAsPlanned(allowed, live.ref, trial);
    const notes = Object.fromEntries(
      Object.entries(annotations).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
    );
    const body = bodyOf(manifest, { annotations: notes, resourceVersion: live.resourceVersion, uid: live.ref.uid });
    await sendPatch(kubernetes, live.ref, { body, fieldManager: RESET_MANAGER, force: true, strategy: APPLY, signal });
  };
}

function requireAsPlanned(
  { plan, conflicts }: Allowed,
  ref: ObjectRef,
  trial: Awaited<ReturnType<typeof rehearse>>,
): void {
  const what = objectText(ref);
  const shown = conflicts.filter(({ object }) => object === what).map(conflictText);
  const surprise = trial.conflicts.map(conflictText).filter((conflict) => !shown.includes(conflict));
  if (surprise.length > 0) throw otherwise(what, `another manager has set ${surprise.join(', ')} since`);
  const planned = fieldChanges(plan).filter(({ object }) => objectText(object) === what);
  const paths = planned.map(({ path }) => path).sort();
  const now = trial.differences.map(({ path }) => path).sort();
  if (canonicalText(paths) !== canonicalText(now))
    throw otherwise(what, `it would change ${now.join(', ') || 'nothing'} now, and not ${paths.join(', ')}`);
}

function otherwise(what: string, message: string): KintsugiError {
  return new KintsugiError('refused', message, { where: what, fix: 'Nothing was written to it; plan it again.' });
}

/** Makes what is not there, marked as this recovery's; what this recovery has made already stays. */
export async function createMissing(context: WriteContext, { plan, manifests }: Allowed): Promise<boolean> {
  let made = false;
  for (const ref of created(plan)) {
    if (await isMade(context, ref)) continue;
    await checkTarget(context);
    context.heartbeat(`making ${objectText(ref)}`);
    const body = bodyOf(manifestFor(manifests, ref), { annotations: { [GUARD]: guardText(context) } });
    const { kubernetes, signal } = context;
    const object = await createObject<{ metadata: { uid: string } }>(kubernetes, ref, {
      body,
      fieldManager: RESET_MANAGER,
      signal,
    });
    await takeBackIfLate(context, { ...ref, uid: object.metadata.uid });
    made = true;
  }
  return made;
}

/** Made after the undo had looked: whoever made it takes it away again (durability 3). */
async function takeBackIfLate(context: WriteContext, ref: ObjectRef): Promise<void> {
  try {
    await checkTarget(context);
  } catch (error) {
    if (error instanceof KintsugiError && error.code === 'refused')
      await orNull(deleteObject(context.kubernetes, ref, context.signal));
    throw error;
  }
}

/** Takes away what was made and is still this recovery's; returns what stands in its place by another hand. */
export async function removeMade(
  context: WriteContext,
  refs: readonly ObjectRef[],
): Promise<{ removed: boolean; foreign: string[] }> {
  let removed = false;
  const foreign: string[] = [];
  for (const ref of refs.toReversed()) {
    const live = await orNull(readLive(context.kubernetes, ref, context.signal));
    if (live === null) continue;
    if (!isOwn(context, live.annotations)) {
      foreign.push(`${objectText(ref)} was made by another hand`);
      continue;
    }
    await orNull(deleteObject(context.kubernetes, live.ref, context.signal));
    removed = true;
  }
  return { removed, foreign };
}

/** Whether any of what is to be made is there by this recovery's hand. */
export async function hasMadeAny(context: WriteContext, plan: Plan): Promise<boolean> {
  for (const ref of created(plan)) if (await isMade(context, ref)) return true;
  return false;
}

export function created({ changes }: Plan): ObjectRef[] {
  return changes.flatMap((change) => (change.type === 'create' ? [change.object] : []));
}

async function isMade({ kubernetes, signal, ...context }: WriteContext, ref: ObjectRef): Promise<boolean> {
  const live = await orNull(readLive(kubernetes, ref, signal));
  return live !== null && isOwn({ kubernetes, signal, ...context }, live.annotations);
}

function manifestFor(manifests: readonly Manifest[], ref: ObjectRef): Manifest {
  const found = manifests.find((manifest) => objectText(manifest.ref) === objectText(ref));
  if (found !== undefined) return found;
  throw otherwise(objectText(ref), 'the manifests that were planned have none for it');
}

function recordOf(raw: object) {
  const json = toJson(raw);
  return isRecord(json) ? json : {};
}
