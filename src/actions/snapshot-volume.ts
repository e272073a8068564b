import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { KintsugiError } from '../errors.ts';
import {
  createSnapshot,
  deleteSnapshot,
  listSnapshotClasses,
  listSnapshots,
  readSnapshot,
  type Snapshot,
  type SnapshotClass,
  snapshotRef,
} from '../kubernetes/snapshots.ts';
import { driverOf, readClaim, readVolume } from '../kubernetes/volumes.ts';
import { milliseconds } from '../recovery/durations.ts';
import { duration } from '../runbook/schema/scalars.ts';
import type { Action, ActionContext, RevertResult, WriteContext } from './action.ts';
import { READ_VOLUMES, READ_WORKLOAD } from './plan/permissions.ts';
import { refusedPlan } from './plan/refused-plan.ts';
import { judged, refuse, together, type Verdict } from './rules/verdict.ts';
import { SAFETY } from './volume/choice.ts';
import { holdersOf } from './volume/still.ts';
import { writersStopped } from './volume/stopped.ts';
import { checkTarget, guardUndo } from './write/created.ts';
import { GUARD, guardText } from './write/guard.ts';
import { FIELD_MANAGER } from './write/patch.ts';

const NAME = 'snapshot-volume';
const POLL_MS = 500;
const LONGEST_CLAIM_PART = 40;

const params = z.strictObject({
  claim: z.string().describe('The claim whose volume is kept as it is now'),
  class: z
    .string()
    .optional()
    .describe("The VolumeSnapshotClass; by default the driver's only one, or its default one"),
  timeout: duration.default('300s').describe('How long it is waited for to be ready'),
});

const args = z.object({
  namespace: z.string(),
  claim: z.string(),
  volume: z.string(),
  name: z.string(),
  className: z.string(),
  timeoutSeconds: z.number(),
});
type SnapshotArgs = z.infer<typeof args>;

/**
 * Takes a snapshot of a claim after its writers have stopped: the safety snapshot before anything happens to the volume
 * (safety 24). It outlives its undo, named as standing: it costs little and may be the last that is left of the data.
 */
const snapshotVolume: Action<z.infer<typeof params>> = {
  name: NAME,
  summary: 'Takes a snapshot of a claim whose writers have stopped, and keeps it',
  params,
  disruptive: false,
  harm: () => null,
  permissions: () => [
    ...READ_WORKLOAD,
    ...READ_VOLUMES,
    { group: 'snapshot.storage.k8s.io', resource: 'volumesnapshots', verbs: ['create', 'delete'] },
  ],
  async plan(context, { claim, class: className, timeout }) {
    const { kubernetes, signal, target } = context;
    const { namespace } = target;
    const summary = `Take a snapshot of claim ${namespace}/${claim}`;
    const refused = (code: string, reason: string) => refusedPlan(NAME, summary, { code, reason });
    const live = await readClaim(kubernetes, { namespace, name: claim }, signal);
    const volumeName = live?.spec?.volumeName;
    if (volumeName === undefined)
      return refused('no-volume', `claim ${claim} does not exist, or is bound to no volume`);
    const volume = await readVolume(kubernetes, volumeName, signal);
    const driver = volume === null ? undefined : driverOf(volume);
    const existing = await listSnapshots(kubernetes, namespace, signal);
    if (existing === null || driver === undefined)
      return refused('no-snapshots', 'the cluster has no VolumeSnapshots, or the volume no driver that takes them');
    const chosen = chooseClass(await listSnapshotClasses(kubernetes, signal), driver, className);
    const name = freeName(context, claim, existing);
    const timeoutSeconds = milliseconds(timeout) / 1000;
    const snapshot = { namespace, claim, volume: volumeName, name, className: chosen.name, timeoutSeconds };
    return {
      action: NAME,
      summary: `${summary} (${volumeName}) as ${name}, class ${chosen.name || 'unknown'}; it is kept, also when this is undone`,
      risk: 'low',
      undo: 'on-failure',
      changes: [{ type: 'create', object: snapshotRef({ namespace, name }) }],
      args: snapshot,
      waitSeconds: timeoutSeconds,
      ...judged(together(chosen.verdict, await writersStopped(context, { namespace, claim, volume: volumeName }))),
    };
  },
  async apply(context, plan) {
    const wanted = args.parse(plan.args);
    const taken = (await readSnapshot(context.kubernetes, wanted, context.signal)) ?? (await take(context, wanted));
    if (!isOwn(context, taken)) throw standsThere(wanted);
    const ready = await untilReady(context, wanted);
    return { outcome: 'applied', saw: [`${standing(ready)}: ${removal(ready)}`] };
  },
  async revert(context, plan) {
    return (await guardUndo(context)) ?? leave(context, args.parse(plan.args));
  },
  async hasWritten(context, plan) {
    const taken = await readSnapshot(context.kubernetes, args.parse(plan.args), context.signal);
    return taken !== null && isOwn(context, taken);
  },
};
export default snapshotVolume;

/** The class by name, the driver's only one, or its default one; what is ambiguous is for people. */
export function chooseClass(
  classes: readonly SnapshotClass[],
  driver: string,
  asked: string | undefined,
): { name: string; verdict: Verdict } {
  const fitting = classes.filter((candidate) => candidate.driver === driver);
  const list = fitting.map(({ name }) => name).join(', ') || 'none';
  const refused = (code: string, reason: string) => ({ name: '', verdict: refuse(code, reason) });
  if (asked !== undefined)
    return fitting.some(({ name }) => name === asked)
      ? { name: asked, verdict: { asks: [] } }
      : refused('no-class', `VolumeSnapshotClass ${asked} is not one of driver ${driver}: ${list}`);
  const defaults = fitting.filter(({ isDefault }) => isDefault);
  const [only, second] = fitting.length === 1 ? fitting : defaults;
  if (only !== undefined && second === undefined) return { name: only.name, verdict: { asks: [] } };
  if (fitting.length === 0) return refused('no-class', `no VolumeSnapshotClass is of driver ${driver}`);
  return refused('ambiguous-class', `driver ${driver} has several VolumeSnapshotClasses, name one: ${list}`);
}

/** The same name each time it is planned in one recovery, until a snapshot of that name has been taken. */
function freeName({ recoveryId }: ActionContext, claim: string, existing: readonly Snapshot[]): string {
  const hash = createHash('sha256').update(`${recoveryId} ${claim}`).digest('hex').slice(0, 8);
  const base = `kintsugi-${claim.slice(0, LONGEST_CLAIM_PART)}-${hash}`;
  const taken = new Set(existing.map(({ name }) => name));
  const count = [...existing.keys(), existing.length].find((index) => !taken.has(`${base}-${index + 1}`)) ?? 0;
  return `${base}-${count + 1}`;
}

async function take(context: WriteContext, wanted: SnapshotArgs): Promise<Snapshot> {
  await checkTarget(context);
  const { namespace, claim, volume } = wanted;
  const holders = await holdersOf(context, { namespace, claims: [claim], volumes: [volume] });
  if (holders.length > 0)
    throw new KintsugiError('refused', `it would be taken while somebody may write: ${holders.join(', ')}`, {
      where: `claim ${namespace}/${claim}`,
      fix: 'Stop the writers first: `scale: {to: 0}`.',
    });
  context.heartbeat(`taking snapshot ${wanted.name}`);
  const { kubernetes, signal } = context;
  const labels = { 'app.kubernetes.io/managed-by': 'kintsugi', [SAFETY]: 'true' };
  const made = await createSnapshot(
    kubernetes,
    { ...wanted, labels, annotations: { [GUARD]: guardText(context) } },
    { fieldManager: FIELD_MANAGER, signal },
  );
  try {
    await checkTarget(context);
  } catch (error) {
    // Taken after its undo had looked: it holds what somebody writes already.
    if (error instanceof KintsugiError && error.code === 'refused') await deleteSnapshot(kubernetes, made, signal);
    throw error;
  }
  return made;
}

async function untilReady(context: WriteContext, wanted: SnapshotArgs): Promise<Snapshot> {
  const deadline = Date.now() + wanted.timeoutSeconds * 1000;
  for (;;) {
    const snapshot = await readSnapshot(context.kubernetes, wanted, context.signal);
    if (snapshot?.usable === true) return snapshot;
    const why = snapshot === null ? 'it was deleted' : (snapshot.error ?? 'it is not ready yet');
    if (snapshot === null || Date.now() >= deadline)
      throw new KintsugiError('timeout', `no snapshot ${wanted.name} within ${wanted.timeoutSeconds} s: ${why}`, {
        where: `VolumeSnapshot ${wanted.namespace}/${wanted.name}`,
        fix: "Look at the snapshot's events and at the driver.",
        retryable: false,
      });
    context.heartbeat(`waiting for snapshot ${wanted.name}: ${why}`);
    await sleep(POLL_MS, undefined, { signal: context.signal });
  }
}

/** A ready one stays; one that never became ready is no safety and goes. */
async function leave({ kubernetes, recoveryId, signal }: WriteContext, wanted: SnapshotArgs): Promise<RevertResult> {
  const snapshot = await readSnapshot(kubernetes, wanted, signal);
  if (snapshot === null || !snapshot.annotations[GUARD]?.startsWith(`${recoveryId}#`)) return { outcome: 'not-needed' };
  if (snapshot.usable) return { outcome: 'not-needed', stands: `${standing(snapshot)}: ${removal(snapshot)}` };
  await deleteSnapshot(kubernetes, snapshot, signal);
  return { outcome: 'undone' };
}

function isOwn(context: WriteContext, { annotations }: Snapshot): boolean {
  return annotations[GUARD] === guardText(context);
}

function standing({ name, claim, takenAt }: Snapshot): string {
  return `VolumeSnapshot ${name} of claim ${claim}, taken at ${takenAt}, is kept`;
}

function removal({ namespace, name }: Snapshot): string {
  return `kubectl delete volumesnapshot -n ${namespace} ${name} removes it`;
}

function standsThere({ namespace, name }: SnapshotArgs): KintsugiError {
  return new KintsugiError('conflict', 'a VolumeSnapshot of that name is there that this step did not take', {
    where: `VolumeSnapshot ${namespace}/${name}`,
    fix: 'Diagnose again: somebody else works on it.',
    retryable: false,
  });
}
