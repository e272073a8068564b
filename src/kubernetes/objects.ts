import { KintsugiError } from '../errors.ts';
import type { Json, ObjectRef } from '../recovery/values.ts';
import type { Kubernetes } from './client.ts';
import { getObject } from './namespaced-objects.ts';

/** An object of any kind as far as a guarded write needs it: a workload is one. */
export interface LiveObject {
  ref: ObjectRef & { namespace: string; uid: string };
  resourceVersion: string;
  annotations: Record<string, string>;
  /** As the API server gave it. */
  raw: { metadata: object };
}

/** One object as plain data; null when it is gone or only a namesake is there. */
export async function readObject(kubernetes: Kubernetes, ref: ObjectRef, signal?: AbortSignal): Promise<Json | null> {
  try {
    const object = await getObject<{ metadata: { uid: string } } & { [key: string]: Json }>(kubernetes, ref, signal);
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
  const raw = await getObject<Raw>(kubernetes, ref, signal);
  const { name, namespace, uid, resourceVersion, annotations = {} } = raw.metadata;
  const { apiVersion, kind } = ref;
  return { ref: { apiVersion, kind, namespace, name, uid }, resourceVersion, annotations, raw };
}

/** `Deployment bruno/agent-bruno`. */
export function objectText(ref: ObjectRef): string {
  return ref.namespace === undefined ? `${ref.kind} ${ref.name}` : `${ref.kind} ${ref.namespace}/${ref.name}`;
}
