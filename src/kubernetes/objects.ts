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
};

/** One object of the group `apps` as plain data; null when it is gone or only a namesake is there. */
export async function readObject(kubernetes: Kubernetes, ref: ObjectRef, signal?: AbortSignal): Promise<Json | null> {
  const plural = PLURALS[ref.kind];
  if (plural === undefined || ref.namespace === undefined)
    throw new KintsugiError('invalid', `a ${ref.kind} is not read here`, {
      where: `${ref.kind} ${ref.name}`,
      fix: 'Name a workload or one of its revisions.',
    });
  try {
    const object: { metadata: { uid: string } } & { [key: string]: Json } =
      await kubernetes.custom.getNamespacedCustomObject(
        { group: 'apps', version: 'v1', plural, namespace: ref.namespace, name: ref.name },
        callOptions(signal === undefined ? {} : { signal }),
      );
    return ref.uid === undefined || object.metadata.uid === ref.uid ? object : null;
  } catch (error) {
    if (error instanceof KintsugiError && error.code === 'not-found') return null;
    throw error;
  }
}

/** `Deployment bruno/agent-bruno`. */
export function objectText(ref: ObjectRef): string {
  return ref.namespace === undefined ? `${ref.kind} ${ref.name}` : `${ref.kind} ${ref.namespace}/${ref.name}`;
}
