import type { V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { readSnapshot, SNAPSHOT_GROUP } from '../../kubernetes/snapshots.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import { orNull, readClaim, readVolume } from '../../kubernetes/volumes.ts';
import type { WriteContext } from '../action.ts';
import { GUARD, readGuard } from '../write/guard.ts';
import type { ReplaceArgs } from './replace.ts';
import type { Live } from './steps.ts';
import { holdersOf } from './still.ts';

/** Reads what decides about a claim's replacement, and no more than that: three to seven calls. */
export async function readReplacement(context: WriteContext, args: ReplaceArgs): Promise<Live> {
  const { kubernetes, signal } = context;
  const { namespace, name, uid } = args.claim;
  const [claim, volume, snapshot] = await Promise.all([
    readClaim(kubernetes, args.claim, signal),
    readVolume(kubernetes, args.volume.name, signal),
    args.snapshot === undefined ? null : readSnapshot(kubernetes, { namespace, name: args.snapshot }, signal),
  ]);
  const isNew = claim !== null && claim.metadata?.uid !== uid;
  const bound = claim?.spec?.volumeName;
  const newVolume = isNew && bound !== undefined && bound !== args.volume.name ? bound : undefined;
  const heldFor = volume?.spec?.claimRef?.uid;
  return {
    claim: claim === null ? null : claimState(context, args, claim),
    volume:
      volume === null
        ? null
        : {
            reclaimPolicy: volume.spec?.persistentVolumeReclaimPolicy ?? '',
            ...(heldFor === undefined ? {} : { heldFor }),
            marked: isOwn(context, volume.metadata?.annotations),
            available: volume.status?.phase === 'Available',
          },
    ...(newVolume === undefined ? {} : { newVolume: await policyOf(context, newVolume) }),
    bindsAtOnce: claim === null || !isNew || (await bindsAtOnce(context, claim)),
    snapshot: snapshot === null ? 'gone' : snapshot.usable ? 'usable' : 'unusable',
    holders:
      claim === null
        ? []
        : await holdersOf(context, { namespace, claims: [name], volumes: [newVolume ?? args.volume.name] }),
  };
}

function claimState(context: WriteContext, args: ReplaceArgs, claim: V1PersistentVolumeClaim): Live['claim'] {
  const { metadata, spec, status } = claim;
  const volume = spec?.volumeName;
  return {
    uid: metadata?.uid ?? '',
    deleting: metadata?.deletionTimestamp !== undefined,
    bound: status?.phase === 'Bound',
    ...(volume === undefined ? {} : { volume }),
    madeBy: makerOf(context, args, claim),
  };
}

function makerOf(
  context: WriteContext,
  { snapshot, fromTemplate }: ReplaceArgs,
  { metadata, spec }: V1PersistentVolumeClaim,
): NonNullable<Live['claim']>['madeBy'] {
  if (!isOwn(context, metadata?.annotations)) return fromTemplate ? 'controller' : 'other';
  const source = spec?.dataSource;
  if (source === undefined) return 'rebind';
  return source.apiGroup === SNAPSHOT_GROUP && source.name === snapshot ? 'restore' : 'other';
}

/** Whether this recovery wrote to it. */
export function isOwn({ recoveryId }: WriteContext, annotations: Record<string, string> = {}): boolean {
  return readGuard({ [GUARD]: annotations[GUARD] ?? '' })?.recoveryId === recoveryId;
}

async function policyOf({ kubernetes, signal }: WriteContext, name: string): Promise<{ reclaimPolicy: string } | null> {
  const volume = await readVolume(kubernetes, name, signal);
  return volume === null ? null : { reclaimPolicy: volume.spec?.persistentVolumeReclaimPolicy ?? '' };
}

/** A class may wait for the first pod, which does not come before the claim's owner is scaled up again. */
async function bindsAtOnce({ kubernetes, signal }: WriteContext, { spec }: V1PersistentVolumeClaim): Promise<boolean> {
  const name = spec?.storageClassName;
  if (name === undefined || name === '') return true;
  const found = await orNull(kubernetes.storage.readStorageClass({ name }, callOptions({ signal })));
  return found?.volumeBindingMode !== 'WaitForFirstConsumer';
}
