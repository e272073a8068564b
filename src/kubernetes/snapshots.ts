import { z } from 'zod';
import { KintsugiError } from '../errors.ts';
import type { ObjectRef } from '../recovery/values.ts';
import type { Kubernetes } from './client.ts';
import { callOptions } from './transport.ts';
import { orNull } from './volumes.ts';

/**
 * Volume snapshots as external-snapshotter's controllers keep them.
 * https://kubernetes.io/docs/concepts/storage/volume-snapshots/
 */
export const SNAPSHOT_GROUP = 'snapshot.storage.k8s.io';
const API = { group: SNAPSHOT_GROUP, version: 'v1' };
const DEFAULT_CLASS = 'snapshot.storage.kubernetes.io/is-default-class';

const metadata = z.looseObject({
  name: z.string(),
  namespace: z.string().default(''),
  uid: z.string(),
  resourceVersion: z.string().default(''),
  creationTimestamp: z.string().default(''),
  deletionTimestamp: z.string().optional(),
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
});

const snapshotObject = z.looseObject({
  metadata,
  spec: z.looseObject({
    source: z.looseObject({ persistentVolumeClaimName: z.string().optional() }),
    volumeSnapshotClassName: z.string().optional(),
  }),
  status: z
    .looseObject({
      boundVolumeSnapshotContentName: z.string().optional(),
      creationTime: z.string().optional(),
      readyToUse: z.boolean().optional(),
      restoreSize: z.string().optional(),
      error: z.looseObject({ message: z.string().optional() }).optional(),
    })
    .default({}),
});

/** A VolumeSnapshot, as far as it is read here. */
export interface Snapshot {
  name: string;
  namespace: string;
  uid: string;
  resourceVersion: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** The claim that it was taken of; absent for one that was imported. */
  claim?: string;
  className?: string;
  /** When the data was as it holds it, RFC 3339: the driver's word, else when it was asked for. */
  takenAt: string;
  ready: boolean;
  /** Ready, and not on its way out. */
  usable: boolean;
  /** The least that a claim made from it must ask for. */
  restoreSize?: string;
  /** The VolumeSnapshotContent that holds it. */
  content?: string;
  error?: string;
}

export interface SnapshotClass {
  name: string;
  driver: string;
  isDefault: boolean;
}

const classList = z.looseObject({ items: z.array(z.looseObject({ metadata, driver: z.string() })) });
const contentObject = z.looseObject({ spec: z.looseObject({ driver: z.string() }) });

/** The namespace's snapshots, the newest first; null where the cluster has no snapshots at all. */
export async function listSnapshots(
  kubernetes: Kubernetes,
  namespace: string,
  signal: AbortSignal,
): Promise<Snapshot[] | null> {
  const list = await orNull(
    kubernetes.custom.listNamespacedCustomObject(
      { ...API, namespace, plural: 'volumesnapshots' },
      callOptions({ signal }),
    ),
  );
  if (list === null) return null;
  const { items } = parsed(z.looseObject({ items: z.array(snapshotObject) }), list, 'list volumesnapshots');
  return items.map(toSnapshot).sort((a, b) => Date.parse(b.takenAt) - Date.parse(a.takenAt));
}

/** The snapshot; null where there is none of that name. */
export async function readSnapshot(
  kubernetes: Kubernetes,
  { namespace, name }: { namespace: string; name: string },
  signal: AbortSignal,
): Promise<Snapshot | null> {
  const found = await orNull(
    kubernetes.custom.getNamespacedCustomObject(
      { ...API, namespace, plural: 'volumesnapshots', name },
      callOptions({ signal }),
    ),
  );
  return found === null ? null : toSnapshot(parsed(snapshotObject, found, `get volumesnapshots ${name}`));
}

export async function createSnapshot(
  kubernetes: Kubernetes,
  snapshot: Pick<Snapshot, 'namespace' | 'name' | 'labels' | 'annotations'> & { claim: string; className: string },
  { fieldManager, signal }: { fieldManager: string; signal: AbortSignal },
): Promise<Snapshot> {
  const { namespace, name, labels, annotations, claim, className } = snapshot;
  const body = {
    apiVersion: `${SNAPSHOT_GROUP}/v1`,
    kind: 'VolumeSnapshot',
    metadata: { name, namespace, labels, annotations },
    spec: { volumeSnapshotClassName: className, source: { persistentVolumeClaimName: claim } },
  };
  const made = await kubernetes.custom.createNamespacedCustomObject(
    { ...API, namespace, plural: 'volumesnapshots', body, fieldManager },
    callOptions({ signal }),
  );
  return toSnapshot(parsed(snapshotObject, made, `create volumesnapshots ${name}`));
}

/** Deletes that very snapshot; one that is gone is gone. */
export async function deleteSnapshot(
  kubernetes: Kubernetes,
  { namespace, name, uid }: Snapshot,
  signal: AbortSignal,
): Promise<void> {
  const body = { preconditions: { uid } };
  await orNull(
    kubernetes.custom.deleteNamespacedCustomObject(
      { ...API, namespace, plural: 'volumesnapshots', name, body },
      callOptions({ signal }),
    ),
  );
}

/** All VolumeSnapshotClasses of the cluster. */
export async function listSnapshotClasses(kubernetes: Kubernetes, signal: AbortSignal): Promise<SnapshotClass[]> {
  const list = await orNull(
    kubernetes.custom.listClusterCustomObject({ ...API, plural: 'volumesnapshotclasses' }, callOptions({ signal })),
  );
  if (list === null) return [];
  return parsed(classList, list, 'list volumesnapshotclasses').items.map((item) => ({
    name: item.metadata.name,
    driver: item.driver,
    isDefault: item.metadata.annotations[DEFAULT_CLASS] === 'true',
  }));
}

/** The driver that holds a snapshot's data, by its content; undefined while it has none. */
export async function snapshotDriver(
  kubernetes: Kubernetes,
  { content }: Snapshot,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (content === undefined) return undefined;
  const found = await orNull(
    kubernetes.custom.getClusterCustomObject(
      { ...API, plural: 'volumesnapshotcontents', name: content },
      callOptions({ signal }),
    ),
  );
  return found === null ? undefined : parsed(contentObject, found, `get volumesnapshotcontents ${content}`).spec.driver;
}

export function snapshotRef({
  namespace,
  name,
  uid,
}: Pick<Snapshot, 'namespace' | 'name'> & { uid?: string }): ObjectRef {
  const ref = { apiVersion: `${SNAPSHOT_GROUP}/v1`, kind: 'VolumeSnapshot', namespace, name };
  return uid === undefined ? ref : { ...ref, uid };
}

function toSnapshot({ metadata: meta, spec, status }: z.infer<typeof snapshotObject>): Snapshot {
  const ready = status.readyToUse === true;
  const error = status.error?.message;
  return {
    name: meta.name,
    namespace: meta.namespace,
    uid: meta.uid,
    resourceVersion: meta.resourceVersion,
    labels: meta.labels,
    annotations: meta.annotations,
    takenAt: status.creationTime ?? meta.creationTimestamp,
    ready,
    usable: ready && meta.deletionTimestamp === undefined,
    ...(spec.source.persistentVolumeClaimName === undefined ? {} : { claim: spec.source.persistentVolumeClaimName }),
    ...(spec.volumeSnapshotClassName === undefined ? {} : { className: spec.volumeSnapshotClassName }),
    ...(status.restoreSize === undefined ? {} : { restoreSize: status.restoreSize }),
    ...(status.boundVolumeSnapshotContentName === undefined ? {} : { content: status.boundVolumeSnapshotContentName }),
    ...(error === undefined ? {} : { error }),
  };
}

function parsed<Output>(schema: z.ZodType<Output>, value: unknown, where: string): Output {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new KintsugiError('invalid', `the API server's answer is not understood: ${z.prettifyError(result.error)}`, {
    where,
    fix: `Use a cluster whose snapshot API is ${SNAPSHOT_GROUP}/v1.`,
  });
}
