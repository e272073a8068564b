import { KintsugiError } from '../../errors.ts';
import { objectText } from '../../kubernetes/objects.ts';
import { readWorkload } from '../../kubernetes/workloads.ts';
import type { RevertResult, WriteContext } from '../action.ts';
import { checkGuard, GUARD, guardText, readGuard, UNDO } from './guard.ts';
import { patchObject } from './patch.ts';

/** A new object has no guard of its own to find: the target's stands for it (durability 3). */

/** @throws KintsugiError `refused` when a later step, or another open recovery, has written to the target */
export async function checkTarget(context: WriteContext): Promise<void> {
  await checkGuard(context, await readWorkload(context.kubernetes, context.target, context.signal));
}

/**
 * Leaves the guard of this step on the target, so that whatever an earlier step still does late finds that it was taken back.
 * A target that is gone has nothing that a late step could be about.
 */
export async function guardTarget(context: WriteContext): Promise<void> {
  const TRIES = 5;
  for (let tried = 1; ; tried += 1) {
    try {
      const workload = await readWorkload(context.kubernetes, context.target, context.signal);
      await checkGuard(context, workload);
      const guard = readGuard(workload.annotations);
      if (guard?.recoveryId === context.recoveryId && guard.step === context.step) return;
      context.heartbeat(`marking ${objectText(workload.ref)}`);
      const annotations = { [GUARD]: guardText(context), [UNDO]: workload.annotations[UNDO] };
      await patchObject(context.kubernetes, workload, { fields: [], annotations }, context.signal);
      return;
    } catch (error) {
      if (!(error instanceof KintsugiError)) throw error;
      if (error.code === 'not-found') return;
      if (error.code !== 'conflict' || tried === TRIES) throw error;
    }
  }
}

/** {@link guardTarget} for an undo: what keeps it off is the undo's own answer (safety 16); null where nothing does. */
export async function guardUndo(context: WriteContext): Promise<RevertResult | null> {
  try {
    await guardTarget(context);
    return null;
  } catch (error) {
    if (error instanceof KintsugiError && error.code === 'refused') return { outcome: 'refused', saw: error.message };
    throw error;
  }
}
