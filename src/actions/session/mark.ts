import { setTimeout as sleep } from 'node:timers/promises';
import { KintsugiError } from '../../errors.ts';
import { type LiveObject, objectText } from '../../kubernetes/objects.ts';
import type { Workload } from '../../kubernetes/workloads.ts';
import type { ObjectRef } from '../../recovery/values.ts';
import type { WriteContext } from '../action.ts';
import { readSame } from '../write/fields.ts';
import { checkGuard, GUARD, guardText, isOwnStep, UNDO } from '../write/guard.ts';
import { patchObject } from '../write/patch.ts';

/** A crash-looping workload's status moves its resourceVersion all the time: read and decide anew this often. */
const TRIES = 5;

/** The very workload that a session was planned for. @throws KintsugiError `not-found` when it is gone */
export async function readSessionWorkload(context: WriteContext, target: ObjectRef): Promise<Workload> {
  const live = await readSame(context, target);
  if ('template' in live) return live;
  throw new KintsugiError('invalid', `${objectText(target)} has no pod template`, {
    where: 'debug-session',
    fix: 'Order the session again.',
  });
}

/**
 * Leaves the guard of this step, and what is to be taken back, on the workload that a debug pod belongs to: a new object has no
 * guard that a late step would find (durability 3). A workload that is gone has nothing that a late step could be about.
 * @returns whether this very step had left its guard already
 * @throws KintsugiError `refused` when a later step, or another open recovery, has written
 */
export async function markTarget(
  context: WriteContext,
  target: ObjectRef,
  recipe: (workload: LiveObject) => string | undefined,
): Promise<boolean> {
  for (let tried = 1; ; tried += 1) {
    try {
      const workload = await readSame(context, target);
      const again = isOwnStep(context, workload);
      await checkGuard(context, workload);
      const wanted = recipe(workload);
      if (again && wanted === workload.annotations[UNDO]) return true;
      context.heartbeat(`marking ${objectText(target)}`);
      const annotations = { [GUARD]: guardText(context), [UNDO]: wanted };
      await patchObject(context.kubernetes, workload, { fields: [], annotations }, context.signal);
      return again;
    } catch (error) {
      if (!(error instanceof KintsugiError)) throw error;
      if (error.code === 'not-found') return false;
      if (error.code !== 'conflict' || tried === TRIES) throw error;
      await sleep(50 * tried, undefined, { signal: context.signal });
    }
  }
}
