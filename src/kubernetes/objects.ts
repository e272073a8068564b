import { KintsugiError } from '../errors.ts';
import type { Json, ObjectRef } from '../recovery/values.ts';
import type { Kubernetes } from './client.ts';
import { callOptions } from './transport.ts';

const PLURALS: Record<string, string> = {
  Deployment: 'deployments',
  StatefulSet: 'statefulsets',
  DaemonSet: 'daemonsets',
  ReplicaSet: 'replicasets',
  ControllerRevision: 'controllerrevisions',
  HelmRelease: 'helmreleases',
  Kustomization: 'kustomizations',
  CronJob: 'cronjobs',
};

/** An object of any kind as far as a guarded write needs it: a workload is one. */
export interface LiveObject {
  ref: ObjectRef & { namespace: string; uid: string };
  resourceVersion: string;
  annotations: Record<string, string>;
  /** As the API server gave it. */
  raw: { metadata: object };
}

/** Where the custom objects' calls find an object of a group of the API. @throws KintsugiError `invalid` for other kinds */
export function apiPathOf({ apiVersion, kind, namespace, name }: ObjectRef) {
  const plural = PLURALS[kind];
  const [group, version] = apiVersion.split('/');
  if (plural === undefined || namespace === undefined || group === undefined || version === undefined)
    throw new KintsugiError('invalid', `a ${kind} of ${apiVersion} is neither read nor written here`, {
      where: `${kind} ${name}`,
      fix: 'Name a workload, one of its revisions, a CronJob, or the Flux object that owns it.',
    });
  return { group, version, plural, namespace, name };
}

/** One object as plain data; null when it is gone or only a namesake is there. */
export async function readObject(kubernetes: Kubernetes, ref: ObjectRef, signal?: AbortSignal): Promise<Json | null> {
  try {
    const object: { metadata: { uid: string } } & { [key: string]: Json } =
      await kubernetes.custom.getNamespacedCustomObject(
        apiPathOf(ref),
        callOptions(signal === undefined ? {} : { signal }),
      );
    return ref.uid === undefined || object.metadata.uid === ref.uid ? object : null;
  } catch (error) {
    if (error instanceof KintsugiError && error.code === 'not-found') return null;
    throw error;
  }
}

/** What every object carries, and what is read of it here. */
export interface RawObject {
  metadata: {
    name: string;
    namespace: string;
    uid: string;
    resourceVersion: string;
    generation?: number;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
}

/** One object with what a guarded write of it needs. @throws KintsugiError `not-found` when it, or its kind, is not there */
export async function readLive<Raw extends RawObject>(
  kubernetes: Kubernetes,
  ref: ObjectRef,
  signal?: AbortSignal,
): Promise<LiveObject & { raw: Raw }> {
  const raw: Raw = await kubernetes.custom.getNamespacedCustomObject(
    apiPathOf(ref),
    callOptions(signal === undefined ? {} : { signal }),
  );
  const { name, namespace, uid, resourceVersion, annotations = {} } = raw.metadata;
  const { apiVersion, kind } = ref;
  return { ref: { apiVersion, kind, namespace, name, uid }, resourceVersion, annotations, raw };
}

/** `Deployment bruno/agent-bruno`. */
export function objectText(ref: ObjectRef): string {
  return ref.namespace === undefined ? `${ref.kind} ${ref.name}` : `${ref.kind} ${ref.namespace}/${ref.name}`;
}
