import {
  PatchStrategy,
  type V1PersistentVolume,
  type V1PersistentVolumeClaim,
  type V1Pod,
  type V1PodSpec,
} from '@kubernetes/client-node';
import { KintsugiError } from '../errors.ts';
import type { ObjectRef } from '../recovery/values.ts';
import type { Kubernetes } from './client.ts';
import type { PatchOperation } from './json-patch.ts';
import { isFinished } from './pods.ts';
import { callOptions } from './transport.ts';

/** Who provisioned a volume that is no CSI volume, as the provisioners' library notes it. */
const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';

/** The claim; null where there is none of that name. */
export function readClaim(
  kubernetes: Kubernetes,
  { namespace, name }: { namespace: string; name: string },
  signal: AbortSignal,
): Promise<V1PersistentVolumeClaim | null> {
  return orNull(kubernetes.core.readNamespacedPersistentVolumeClaim({ namespace, name }, callOptions({ signal })));
}

/** The volume; null where there is none of that name. */
export function readVolume(
  kubernetes: Kubernetes,
  name: string,
  signal: AbortSignal,
): Promise<V1PersistentVolume | null> {
  return orNull(kubernetes.core.readPersistentVolume({ name }, callOptions({ signal })));
}

/** The driver that a volume's snapshots are made by: the CSI driver, else who provisioned it. */
export function driverOf(volume: V1PersistentVolume): string | undefined {
  return volume.spec?.csi?.driver ?? volume.metadata?.annotations?.[PROVISIONED_BY];
}

/** The claims that a pod mounts, as its volumes name them; an ephemeral volume's claim is named after the pod. */
export function claimsIn(spec: V1PodSpec | undefined, pod?: string): string[] {
  return (spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim !== undefined) return [persistentVolumeClaim.claimName];
    return ephemeral !== undefined && pod !== undefined ? [`${pod}-${name}`] : [];
  });
}

/** The pods of a namespace that have any of the claims mounted, or will; those that have ended hold none. */
export async function podsMounting(
  kubernetes: Kubernetes,
  namespace: string,
  claims: readonly string[],
  signal: AbortSignal,
): Promise<V1Pod[]> {
  const { items } = await kubernetes.core.listNamespacedPod({ namespace }, callOptions({ signal }));
  return items.filter(
    (pod) => !isFinished(pod) && claimsIn(pod.spec, pod.metadata?.name).some((claim) => claims.includes(claim)),
  );
}

/** The VolumeAttachments of these volumes: while there is one, a node may still write. */
export async function attachmentsOf(
  kubernetes: Kubernetes,
  volumes: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  if (volumes.length === 0) return [];
  const { items } = await kubernetes.storage.listVolumeAttachment({}, callOptions({ signal }));
  return items
    .filter(({ spec }) => volumes.includes(spec.source.persistentVolumeName ?? ''))
    .map(({ metadata }) => metadata?.name ?? '');
}

/**
 * Patches the volume as it was read.
 * @throws KintsugiError `conflict` when it has changed since
 */
export async function patchVolume(
  kubernetes: Kubernetes,
  volume: V1PersistentVolume,
  operations: readonly PatchOperation[],
  { fieldManager, signal }: { fieldManager: string; signal: AbortSignal },
): Promise<void> {
  const { name = '', resourceVersion = '' } = volume.metadata ?? {};
  const body: PatchOperation[] = [
    { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
    ...operations,
  ];
  await kubernetes.core.patchPersistentVolume(
    { name, body, fieldManager },
    callOptions({ patch: PatchStrategy.JsonPatch, signal }),
  );
}

export function claimRef(claim: V1PersistentVolumeClaim): ObjectRef {
  const { namespace = '', name = '', uid = '' } = claim.metadata ?? {};
  return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid };
}

export function volumeRef(volume: V1PersistentVolume): ObjectRef {
  const { name = '', uid = '' } = volume.metadata ?? {};
  return { apiVersion: 'v1', kind: 'PersistentVolume', name, uid };
}

/** What a read found, null where that is not there. */
export async function orNull<Found>(reading: Promise<Found>): Promise<Found | null> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof KintsugiError && error.code === 'not-found') return null;
    throw error;
  }
}
