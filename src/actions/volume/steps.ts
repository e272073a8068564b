/**
 * Where a claim's replacement stands, read from the live objects alone, and what comes next. A worker may die after any of the
 * steps: the next one looks, and goes on. Pure: the table of its test is the whole procedure.
 */

/** What a claim's replacement is about, as its plan recorded it. */
export interface Replacement {
  claim: { namespace: string; name: string; uid: string };
  /** The claim's volume, and what became of it when its claim went away before. */
  volume: { name: string; reclaimPolicy: string };
  /** The snapshot that the new claim is made from; none where the claim is only deleted. */
  snapshot?: string | undefined;
}

/** The live objects, as far as they decide. */
export interface Live {
  /** The claim of that name. */
  claim: {
    uid: string;
    deleting: boolean;
    bound: boolean;
    /** The volume that it is, or shall be, bound to. */
    volume?: string;
    /** Who made it: this recovery, from the snapshot or around the former volume; a StatefulSet's controller; or else. */
    madeBy: 'restore' | 'rebind' | 'controller' | 'other';
  } | null;
  /** The former claim's volume: `heldFor` is the uid of the claim that it belongs to, `marked` whether this recovery wrote to it, `available` whether its controller knows that it is free. */
  volume: { reclaimPolicy: string; heldFor?: string; marked: boolean; available: boolean } | null;
  /** The volume of a new claim that stands under the name. */
  newVolume?: { reclaimPolicy: string } | null;
  /** Whether a new claim's class binds it before a pod comes. */
  bindsAtOnce: boolean;
  snapshot: 'usable' | 'unusable' | 'gone';
  /** Who still holds the claim or its volume. */
  holders: string[];
}

export type Step =
  | { do: 'retain' | 'delete-claim' | 'create-claim' }
  | { do: 'wait'; for: string }
  | { do: 'done' }
  | { do: 'stop'; code: 'in-use' | 'snapshot-gone' | 'volume-gone' | 'claim-foreign'; why: string };

export type UndoStep =
  | { do: 'retain-new' | 'delete-new-claim' | 'free-volume' | 'rebind-claim' | 'restore-policy' }
  | { do: 'wait'; for: string }
  | { do: 'done' }
  | { do: 'refuse'; why: string };

/** The next step towards the claim being gone, or made anew from the snapshot (safety 24). */
export function nextStep(plan: Replacement, live: Live): Step {
  const { claim } = live;
  const name = plan.claim.name;
  if (claim === null) return afterDeletion(plan, live);
  if (claim.uid === plan.claim.uid) return claim.deleting ? deleting(live, name) : beforeDeletion(plan, live);
  // Only deleted: whoever made another one since, the former is gone.
  if (plan.snapshot === undefined) return { do: 'done' };
  if (claim.madeBy !== 'restore')
    return { do: 'stop', code: 'claim-foreign', why: `another claim ${name} was made by another hand` };
  if (claim.bound || !live.bindsAtOnce) return { do: 'done' };
  if (live.snapshot === 'gone') return snapshotGone(plan, 'before its data was read');
  return { do: 'wait', for: `claim ${name} to be bound to a volume with the snapshot's data` };
}

/** Nothing is deleted before the volume is seen to be kept, nobody writes to it, and there is what it is replaced by. */
function beforeDeletion(plan: Replacement, live: Live): Step {
  if (live.volume === null)
    return { do: 'stop', code: 'volume-gone', why: `PersistentVolume ${plan.volume.name} does not exist` };
  if (live.holders.length > 0) return { do: 'stop', code: 'in-use', why: live.holders.join(', ') };
  if (plan.snapshot !== undefined && live.snapshot !== 'usable')
    return snapshotGone(plan, 'before the claim was touched');
  const kept = live.volume.reclaimPolicy === 'Retain' && live.volume.marked;
  return { do: kept ? 'delete-claim' : 'retain' };
}

function afterDeletion(plan: Replacement, live: Live): Step {
  if (plan.snapshot === undefined) return { do: 'done' };
  return live.snapshot === 'usable' ? { do: 'create-claim' } : snapshotGone(plan, 'before its claim was made');
}

function snapshotGone({ snapshot }: Replacement, when: string): Step {
  return { do: 'stop', code: 'snapshot-gone', why: `VolumeSnapshot ${snapshot} was deleted or is not ready, ${when}` };
}

function deleting({ holders }: Live, name: string): Step & { do: 'wait' } {
  const why = holders.length === 0 ? '' : ` (${holders.join(', ')})`;
  return { do: 'wait', for: `claim ${name} to be gone${why}` };
}

/** The next step back: the former volume under the claim's name again, as it was. */
export function nextUndoStep(plan: Replacement, live: Live): UndoStep {
  const { claim, volume } = live;
  const { name, uid } = plan.claim;
  if (volume === null) return { do: 'refuse', why: `PersistentVolume ${plan.volume.name} does not exist any more` };
  if (claim === null) return withoutClaim(plan, volume);
  if (claim.uid === uid) return claim.deleting ? deleting(live, name) : withPolicy(plan, volume);
  if (claim.madeBy === 'rebind' && claim.volume === plan.volume.name)
    return claim.bound
      ? withPolicy(plan, volume)
      : { do: 'wait', for: `claim ${name} to be bound to its former volume` };
  if (claim.madeBy === 'other') return { do: 'refuse', why: `claim ${name} was made anew by another hand` };
  return backFromNew(live, name);
}

/** The new volume stays too: what was written to it since is not ours to throw away. */
function backFromNew(live: Live, name: string): UndoStep {
  if (live.claim?.deleting === true) return deleting(live, name);
  if (live.holders.length > 0) return { do: 'wait', for: `claim ${name} to be let go of (${live.holders.join(', ')})` };
  const kept = live.newVolume == null || live.newVolume.reclaimPolicy === 'Retain';
  return { do: kept ? 'delete-new-claim' : 'retain-new' };
}

/**
 * A released volume remembers the claim that it was bound to; another's is left alone. A claim made before the controller has
 * seen the volume free would wait for its next round, 15 s.
 */
function withoutClaim(plan: Replacement, { heldFor, available }: NonNullable<Live['volume']>): UndoStep {
  if (heldFor === undefined)
    return available ? { do: 'rebind-claim' } : { do: 'wait', for: `volume ${plan.volume.name} to be available` };
  if (heldFor === plan.claim.uid) return { do: 'free-volume' };
  return { do: 'refuse', why: `PersistentVolume ${plan.volume.name} belongs to another claim by now` };
}

function withPolicy({ volume: before }: Replacement, volume: NonNullable<Live['volume']>): UndoStep {
  const asBefore = volume.reclaimPolicy === before.reclaimPolicy && !volume.marked;
  return { do: asBefore ? 'done' : 'restore-policy' };
}

/** Whether anything of the replacement is done yet. */
export function hasBegun(plan: Replacement, { claim, volume }: Pick<Live, 'claim' | 'volume'>): boolean {
  return claim === null || claim.uid !== plan.claim.uid || claim.deleting || volume?.marked === true;
}
