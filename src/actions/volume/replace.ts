import { setTimeout as sleep } from 'node:timers/promises';
import type { V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { z } from 'zod';
import { KintsugiError } from '../../errors.ts';
import type { PatchOperation } from '../../kubernetes/json-patch.ts';
import { pointer } from '../../kubernetes/template.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import { orNull, patchVolume, readClaim, readVolume } from '../../kubernetes/volumes.ts';
import type { ApplyOutcome, RevertResult, WriteContext } from '../action.ts';
import { checkTarget, guardUndo } from '../write/created.ts';
import { GUARD, guardText } from '../write/guard.ts';
import { FIELD_MANAGER } from '../write/patch.ts';
import { isOwn, readReplacement } from './live.ts';
import { type ClaimManifest, claimManifest } from './manifest.ts';
import { hasBegun, nextStep, nextUndoStep, type Step, type UndoStep } from './steps.ts';

const POLL_MS = 500;
/** An undo has the time of its action, and is tried again from where it stands. */
const UNDO_SECONDS = 40;

/** A claim that is deleted, and made anew, around a volume that is kept: what the plan records of it. */
export const replaceArgs = z.object({
  claim: z.object({ namespace: z.string(), name: z.string(), uid: z.string() }),
  volume: z.object({ name: z.string(), uid: z.string(), reclaimPolicy: z.string() }),
  /** The claim as it was, for the undo. */
  former: claimManifest,
  /** The claim as it is made anew; none where it is only deleted. */
  made: claimManifest.optional(),
  snapshot: z.string().optional(),
  /** Whether a StatefulSet's controller makes the claim anew by itself. */
  fromTemplate: z.boolean(),
  timeoutSeconds: z.number(),
});
export type ReplaceArgs = z.infer<typeof replaceArgs>;

/**
 * Goes on from wherever the live objects stand until the claim is replaced, and says how the kept volume is removed.
 * @throws KintsugiError `refused` for what stops it for good (the undo leads back), `timeout` when it takes too long
 */
export async function replaceClaim(context: WriteContext, args: ReplaceArgs): Promise<ApplyOutcome> {
  await checkTarget(context);
  const deadline = Date.now() + args.timeoutSeconds * 1000;
  for (;;) {
    const step = nextStep(args, await readReplacement(context, args));
    if (step.do === 'done') return { outcome: 'applied', saw: [keptText(args.volume.name, 'former')] };
    if (step.do === 'stop') throw stopped(args, step);
    await onward(context, args, step, deadline);
  }
}

async function onward(context: WriteContext, args: ReplaceArgs, step: Step, deadline: number): Promise<void> {
  if (step.do === 'wait') return waitFor(context, args, { what: step.for, deadline, retryable: false });
  // Every write is the last look's: a step that was taken back meanwhile has left its guard on the target.
  await checkTarget(context);
  context.heartbeat(`${step.do} ${args.claim.name}`);
  await unlessMoved(async () => {
    if (step.do === 'retain') await keepVolume(context, args.volume.name);
    if (step.do === 'delete-claim') await deleteClaim(context, args.claim, args.claim.uid);
    if (step.do === 'create-claim' && args.made !== undefined) await createClaim(context, args.claim, args.made);
  });
}

/** Puts the former volume back under the claim's name; every state that the replacement can leave leads there. */
export async function putClaimBack(context: WriteContext, args: ReplaceArgs): Promise<RevertResult> {
  const guarded = await guardUndo(context);
  if (guarded !== null) return guarded;
  const deadline = Date.now() + Math.min(UNDO_SECONDS, args.timeoutSeconds) * 1000;
  const begun = hasBegun(args, await readReplacement(context, args));
  let stands: string | undefined;
  for (;;) {
    const live = await readReplacement(context, args);
    const step = nextUndoStep(args, live);
    if (step.do === 'refuse') return { outcome: 'refused', saw: step.why };
    if (step.do === 'done')
      return { outcome: begun ? 'undone' : 'not-needed', ...(stands === undefined ? {} : { stands }) };
    stands = (await keptVolume(context, args)) ?? stands;
    await back(context, args, step, deadline);
  }
}

async function back(context: WriteContext, args: ReplaceArgs, step: UndoStep, deadline: number): Promise<void> {
  if (step.do === 'wait') return waitFor(context, args, { what: step.for, deadline, retryable: true });
  context.heartbeat(`${step.do} ${args.claim.name}`);
  await unlessMoved(async () => {
    switch (step.do) {
      case 'retain-new':
        return keepVolume(context, (await claimNow(context, args))?.spec?.volumeName ?? '');
      case 'delete-new-claim':
        return deleteClaim(context, args.claim, (await claimNow(context, args))?.metadata?.uid ?? args.claim.uid);
      case 'free-volume':
        return changeVolume(context, args.volume.name, [{ op: 'remove', path: '/spec/claimRef/uid' }]);
      case 'rebind-claim':
        return createClaim(context, args.claim, withVolume(args.former, args.volume.name));
      case 'restore-policy':
        return restorePolicy(context, args);
    }
  });
}

/** Whether anything of it is done: then a worker that comes later goes on, and plans nothing anew. */
export async function replacementBegun(context: WriteContext, args: ReplaceArgs): Promise<boolean> {
  return hasBegun(args, await readReplacement(context, args));
}

/** What was read has changed since: look again. */
async function unlessMoved(write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    const moved = error instanceof KintsugiError && (error.code === 'conflict' || error.code === 'not-found');
    if (!moved) throw error;
  }
}

async function waitFor(
  context: WriteContext,
  { claim }: ReplaceArgs,
  { what, deadline, retryable }: { what: string; deadline: number; retryable: boolean },
): Promise<void> {
  if (Date.now() >= deadline)
    throw new KintsugiError('timeout', `waited in vain for ${what}`, {
      where: `claim ${claim.namespace}/${claim.name}`,
      fix: 'Look at the events of the claim and of its snapshot.',
      retryable,
    });
  context.heartbeat(`waiting for ${what}`);
  await sleep(POLL_MS, undefined, { signal: context.signal });
}

/** Marks the volume as this recovery's, and keeps it whatever becomes of its claim. */
function keepVolume(context: WriteContext, name: string): Promise<void> {
  return changeVolume(context, name, [
    { op: 'add', path: '/spec/persistentVolumeReclaimPolicy', value: 'Retain' },
    { op: 'add', path: pointer('metadata', 'annotations', GUARD), value: guardText(context) },
  ]);
}

async function restorePolicy(context: WriteContext, { volume }: ReplaceArgs): Promise<void> {
  const live = await readVolume(context.kubernetes, volume.name, context.signal);
  const marked = isOwn(context, live?.metadata?.annotations);
  return changeVolume(context, volume.name, [
    { op: 'add', path: '/spec/persistentVolumeReclaimPolicy', value: volume.reclaimPolicy },
    ...(marked ? [{ op: 'remove' as const, path: pointer('metadata', 'annotations', GUARD) }] : []),
  ]);
}

async function changeVolume(context: WriteContext, name: string, operations: PatchOperation[]): Promise<void> {
  const { kubernetes, signal } = context;
  const volume = await readVolume(kubernetes, name, signal);
  if (volume === null) return;
  const parent: PatchOperation[] =
    volume.metadata?.annotations === undefined ? [{ op: 'add', path: '/metadata/annotations', value: {} }] : [];
  await patchVolume(kubernetes, volume, [...parent, ...operations], { fieldManager: FIELD_MANAGER, signal });
}

function claimNow({ kubernetes, signal }: WriteContext, { claim }: ReplaceArgs) {
  return readClaim(kubernetes, claim, signal);
}

async function deleteClaim(
  { kubernetes, signal }: WriteContext,
  { namespace, name }: { namespace: string; name: string },
  uid: string,
): Promise<void> {
  await orNull(
    kubernetes.core.deleteNamespacedPersistentVolumeClaim(
      { namespace, name, body: { preconditions: { uid } } },
      callOptions({ signal }),
    ),
  );
}

/** Makes the claim, marked as this recovery's. */
export async function createClaim(
  context: WriteContext,
  { namespace, name }: { namespace: string; name: string },
  { labels, annotations, spec }: ClaimManifest,
): Promise<void> {
  const metadata = { name, labels, annotations: { ...annotations, [GUARD]: guardText(context) } };
  const body: V1PersistentVolumeClaim = JSON.parse(JSON.stringify({ metadata, spec }));
  await context.kubernetes.core.createNamespacedPersistentVolumeClaim(
    { namespace, body, fieldManager: FIELD_MANAGER },
    callOptions({ signal: context.signal }),
  );
}

function withVolume({ labels, annotations, spec }: ClaimManifest, volumeName: string): ClaimManifest {
  return { labels, annotations, spec: { ...spec, volumeName } };
}

/** The restored volume outlives the undo: said with how to remove it. */
async function keptVolume(context: WriteContext, args: ReplaceArgs): Promise<string | undefined> {
  const claim = await claimNow(context, args);
  const name = claim?.spec?.volumeName;
  if (claim === null || claim.metadata?.uid === args.claim.uid || name === undefined || name === args.volume.name)
    return undefined;
  return keptText(name, 'restored');
}

function keptText(volume: string, data: 'former' | 'restored'): string {
  return `PersistentVolume ${volume} with the ${data} data is kept (Retain): kubectl delete pv ${volume} removes it`;
}

function stopped({ claim }: ReplaceArgs, { code, why }: Step & { do: 'stop' }): KintsugiError {
  return new KintsugiError('refused', `${code}: ${why}`, {
    where: `claim ${claim.namespace}/${claim.name}`,
    fix: 'What was done is undone; choose another snapshot, or look who works on the claim.',
  });
}
