import type { V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { parseDocument, YAMLParseError } from 'yaml';
import { z } from 'zod';
import { KintsugiError, messageOf } from '../../errors.ts';
import { compareQuantities, maximum } from '../../kubernetes/quantity.ts';
import { SNAPSHOT_GROUP, type Snapshot } from '../../kubernetes/snapshots.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import type { WriteContext } from '../action.ts';
import { FINE, refuse, type Verdict } from '../rules/verdict.ts';

/** A claim as a plan records it and as it is created: what is not its own (uid, binding, owners) is left out. */
export const claimManifest = z.object({
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
  spec: z.looseObject({
    accessModes: z.array(z.string()).min(1),
    resources: z.looseObject({ requests: z.looseObject({ storage: z.string() }) }),
    storageClassName: z.string().optional(),
    volumeMode: z.string().optional(),
  }),
});
export type ClaimManifest = z.infer<typeof claimManifest>;

/** What the binding and the provisioning of a claim leave on it. */
const BINDING = /^(?:pv\.kubernetes\.io|volume\.(?:beta\.)?kubernetes\.io)\//;

/** A claim to be made anew as it was: around its volume, so without the source that it once was made from. */
export function manifestOf(claim: V1PersistentVolumeClaim): ClaimManifest {
  const { dataSource: _, dataSourceRef: _ref, volumeName: _volume, ...spec } = claim.spec ?? {};
  return claimManifest.parse({
    labels: claim.metadata?.labels ?? {},
    annotations: Object.fromEntries(
      Object.entries(claim.metadata?.annotations ?? {}).filter(([key]) => !BINDING.test(key)),
    ),
    spec: JSON.parse(JSON.stringify(spec)),
  });
}

/** The same claim from a snapshot; as large as it was, and as the snapshot asks for. */
export function manifestFrom(claim: V1PersistentVolumeClaim, snapshot: Snapshot): ClaimManifest {
  const { labels, annotations, spec } = manifestOf(claim);
  const { storage } = spec.resources.requests;
  return {
    labels,
    annotations,
    spec: {
      ...spec,
      resources: { ...spec.resources, requests: { storage: maximum(storage, snapshot.restoreSize ?? storage) } },
      dataSource: dataSourceOf(snapshot.name),
    },
  };
}

function dataSourceOf(name: string) {
  return { apiGroup: SNAPSHOT_GROUP, kind: 'VolumeSnapshot', name };
}

/** The team's own `restore-pvc.yaml`, checked as far as it can be without the cluster. */
export interface TeamManifest {
  name: string;
  snapshot: string;
  manifest: ClaimManifest;
}

const written = z.strictObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('PersistentVolumeClaim'),
  metadata: z.strictObject({
    name: z.string(),
    namespace: z.string().optional(),
    labels: z.record(z.string(), z.string()).default({}),
    annotations: z.record(z.string(), z.string()).default({}),
  }),
  spec: z.strictObject({
    accessModes: z.array(z.string()).min(1),
    storageClassName: z.string(),
    volumeMode: z.string().optional(),
    resources: z.strictObject({ requests: z.strictObject({ storage: z.string() }) }),
    dataSource: z.strictObject({
      apiGroup: z.literal(SNAPSHOT_GROUP),
      kind: z.literal('VolumeSnapshot'),
      name: z.string(),
    }),
  }),
});

/**
 * The manifest of a ConfigMap in the target's namespace, where whoever applied the runbook's `kubectl apply -f` keeps it:
 * `NAME` or `NAME/KEY`.
 * @throws KintsugiError `invalid` that names every fault, `not-found` without the ConfigMap or its key
 */
export async function readTeamManifest(context: WriteContext, namespace: string, at: string): Promise<TeamManifest> {
  const [name = '', key = 'restore-pvc.yaml'] = at.split('/');
  const { kubernetes, signal } = context;
  const { data = {} } = await kubernetes.core.readNamespacedConfigMap({ namespace, name }, callOptions({ signal }));
  const text = data[key];
  const where = `ConfigMap ${namespace}/${name}, key ${key}`;
  if (text === undefined)
    throw new KintsugiError('not-found', `the ConfigMap has no key ${key}`, {
      where,
      fix: `Name one of: ${Object.keys(data).join(', ') || 'it is empty'}.`,
    });
  return parseTeamManifest(text, namespace, where);
}

/** @throws KintsugiError `invalid` that names every fault */
export function parseTeamManifest(text: string, namespace: string, where: string): TeamManifest {
  const { success, data, error } = written.safeParse(documentOf(text, where));
  if (!success) throw faulty(where, z.prettifyError(error));
  const { metadata, spec } = data;
  if (metadata.namespace !== undefined && metadata.namespace !== namespace)
    throw faulty(
      where,
      `its namespace is ${metadata.namespace}, and a claim's snapshot stands in its own: ${namespace}`,
    );
  const { name, labels, annotations } = metadata;
  return { name, snapshot: spec.dataSource.name, manifest: claimManifest.parse({ labels, annotations, spec }) };
}

function documentOf(text: string, where: string): unknown {
  try {
    const document = parseDocument(text);
    if (document.errors.length > 0) throw document.errors[0];
    return document.toJS();
  } catch (thrown) {
    if (thrown instanceof YAMLParseError) throw faulty(where, thrown.message);
    throw faulty(where, messageOf(thrown));
  }
}

function faulty(where: string, message: string): KintsugiError {
  return new KintsugiError('invalid', message, {
    where,
    fix: 'Write one PersistentVolumeClaim whose dataSource is the VolumeSnapshot.',
  });
}

/** Whether a claim of this manifest can be made from the snapshot: its driver, its class, its size. */
export function fits(
  { spec }: ClaimManifest,
  snapshot: Snapshot,
  { provisioner, driver }: { provisioner: string | undefined; driver: string | undefined },
): Verdict {
  const className = spec.storageClassName ?? 'none';
  if (provisioner === undefined) return refuse('no-class', `there is no StorageClass ${className}`);
  if (driver !== provisioner)
    return refuse(
      'other-driver',
      `VolumeSnapshot ${snapshot.name} is held by ${driver ?? 'no driver'}, StorageClass ${className} provisions by ${provisioner}`,
    );
  const { storage } = spec.resources.requests;
  if (snapshot.restoreSize !== undefined && compareQuantities(storage, snapshot.restoreSize) < 0)
    return refuse('too-small', `a claim of ${storage} cannot hold the snapshot, which needs ${snapshot.restoreSize}`);
  return FINE;
}
