import type { V1OwnerReference } from '@kubernetes/client-node';
import { KintsugiError } from '../errors.ts';
import type { Target } from '../recovery/values.ts';
import type { Kubernetes } from './client.ts';
import { callOptions } from './transport.ts';

/** What a pod belongs to. */
export type PodOwner =
  | { found: 'workload'; target: Target }
  /** A Job, a bare ReplicaSet, an operator's own kind, or nothing at all: no workload that Kintsugi mends. */
  | { found: 'other'; saw: string }
  /** Neither the pod nor what its name says it belonged to exists. */
  | { found: 'gone'; saw: string };

const WORKLOADS: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'DaemonSet']);
/** The letters that Kubernetes makes random name parts, and the hashes in names, of (apimachinery, util/rand). */
const RANDOM = '[bcdfghjklmnpqrstvwxz2456789]';

/**
 * The workload that a pod belongs to, by its owner references. For a pod that is gone, its name leads to its ReplicaSet, its
 * Deployment, StatefulSet or DaemonSet, if that still exists.
 */
export async function findPodOwner(
  kubernetes: Kubernetes,
  pod: { namespace: string; name: string },
  signal?: AbortSignal,
): Promise<PodOwner> {
  const options = callOptions(signal === undefined ? {} : { signal });
  const found = await orGone(kubernetes.core.readNamespacedPod({ name: pod.name, namespace: pod.namespace }, options));
  if (found === undefined) return findByName(kubernetes, pod, signal);
  const owner = controllerOf(found.metadata?.ownerReferences);
  if (owner === undefined) return { found: 'other', saw: `pod ${pod.namespace}/${pod.name} has no controller` };
  return ownerOfReference(kubernetes, pod.namespace, owner, signal);
}

/** The object's one managing owner. */
export function controllerOf(references: readonly V1OwnerReference[] | undefined): V1OwnerReference | undefined {
  return references?.find((reference) => reference.controller === true);
}

async function ownerOfReference(
  kubernetes: Kubernetes,
  namespace: string,
  owner: V1OwnerReference,
  signal: AbortSignal | undefined,
): Promise<PodOwner> {
  if (owner.apiVersion.startsWith('apps/') && WORKLOADS.has(owner.kind))
    return { found: 'workload', target: { namespace, kind: owner.kind, name: owner.name } };
  if (owner.kind !== 'ReplicaSet')
    return { found: 'other', saw: `it belongs to ${owner.kind} ${namespace}/${owner.name}` };
  const options = callOptions(signal === undefined ? {} : { signal });
  const set = await orGone(kubernetes.apps.readNamespacedReplicaSet({ name: owner.name, namespace }, options));
  if (set === undefined) return { found: 'gone', saw: `ReplicaSet ${namespace}/${owner.name} is gone` };
  const above = controllerOf(set.metadata?.ownerReferences);
  if (above?.kind === 'Deployment')
    return { found: 'workload', target: { namespace, kind: 'Deployment', name: above.name } };
  return { found: 'other', saw: `it belongs to ReplicaSet ${namespace}/${owner.name}, which no Deployment owns` };
}

/** `<replicaset>-<5 random>`, the replica set being `<deployment>-<hash>`, `<statefulset>-<ordinal>`, `<daemonset>-<5 random>`. */
async function findByName(
  kubernetes: Kubernetes,
  pod: { namespace: string; name: string },
  signal: AbortSignal | undefined,
): Promise<PodOwner> {
  const { namespace } = pod;
  const options = callOptions(signal === undefined ? {} : { signal });
  const random = new RegExp(`^(.+)-${RANDOM}{5}$`).exec(pod.name)?.[1];
  if (random !== undefined) {
    const viaSet = await ownerOfReference(kubernetes, namespace, replicaSetNamed(random), signal);
    if (viaSet.found === 'workload') return viaSet;
    // A ReplicaSet beyond the history limit, or of a Deployment that was made anew, is gone before its pods' alerts are.
    const above = new RegExp(`^(.+)-${RANDOM}{1,10}$`).exec(random)?.[1];
    if (viaSet.found === 'gone' && above !== undefined) {
      const deployment = await orGone(kubernetes.apps.readNamespacedDeployment({ name: above, namespace }, options));
      if (deployment !== undefined)
        return { found: 'workload', target: { namespace, kind: 'Deployment', name: above } };
    }
    const daemonSet = await orGone(kubernetes.apps.readNamespacedDaemonSet({ name: random, namespace }, options));
    if (daemonSet !== undefined) return { found: 'workload', target: { namespace, kind: 'DaemonSet', name: random } };
  }
  const ordinal = /^(.+)-\d+$/.exec(pod.name)?.[1];
  if (ordinal !== undefined) {
    const set = await orGone(kubernetes.apps.readNamespacedStatefulSet({ name: ordinal, namespace }, options));
    if (set !== undefined) return { found: 'workload', target: { namespace, kind: 'StatefulSet', name: ordinal } };
  }
  return { found: 'gone', saw: `pod ${namespace}/${pod.name} and what its name says it belonged to are gone` };
}

function replicaSetNamed(name: string): V1OwnerReference {
  return { apiVersion: 'apps/v1', kind: 'ReplicaSet', name, uid: '' };
}

async function orGone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof KintsugiError && error.code === 'not-found') return undefined;
    throw error;
  }
}
