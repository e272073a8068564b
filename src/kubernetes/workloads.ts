import type {
  V1LabelSelector,
  V1ManagedFieldsEntry,
  V1OwnerReference,
  V1Pod,
  V1PodTemplateSpec,
} from '@kubernetes/client-node';
import { KintsugiError } from '../errors.ts';
import type { ObjectRef, Target } from '../recovery/values.ts';
import type { Kubernetes } from './client.ts';
import type { RawObject } from './objects.ts';
import { selectorText } from './selector.ts';
import { callOptions } from './transport.ts';

/** The kinds that Kintsugi mends, with their plural as the API spells it. */
export const WORKLOAD_PLURALS = {
  Deployment: 'deployments',
  StatefulSet: 'statefulsets',
  DaemonSet: 'daemonsets',
} as const;
export type WorkloadKind = keyof typeof WORKLOAD_PLURALS;

/** A Deployment, StatefulSet or DaemonSet in one shape, made from the raw object: nothing of the template is lost. */
export interface Workload {
  ref: ObjectRef & { namespace: string; uid: string };
  kind: WorkloadKind;
  namespace: string;
  name: string;
  uid: string;
  resourceVersion: string;
  generation: number;
  observedGeneration: number;
  paused: boolean;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  managedFields: V1ManagedFieldsEntry[];
  selector: V1LabelSelector;
  template: V1PodTemplateSpec;
  /** Pods that are wanted: `spec.replicas`, for a DaemonSet the number of nodes that should run one. */
  replicas: number;
  /** `RollingUpdate`, `Recreate` or `OnDelete`. */
  strategy: string;
  /** False for a StatefulSet that replaces its pods in order, one ready before the next. */
  parallel: boolean;
  /** A StatefulSet's pods below this ordinal keep the old revision. */
  partition: number;
  /** Pods over `replicas` during a rollout are allowed (a Deployment's maxSurge is not 0). */
  surge: boolean;
  status: WorkloadStatus;
  /** The object as the API server gave it. */
  raw: WorkloadObject;
}

/** What the controller reports, 0 where it reports nothing. */
export interface WorkloadStatus {
  replicas: number;
  ready: number;
  updated: number;
  available: number;
  currentRevision?: string;
  updateRevision?: string;
  conditions: { type: string; status: string; reason?: string; message?: string }[];
}

/** Numbers of pods, or shares of those wanted as `25%`. */
interface RollingUpdate {
  maxSurge?: number | string;
  maxUnavailable?: number | string;
}

/** The raw object of any of the three kinds, as far as it is read here. */
export interface WorkloadObject extends RawObject {
  metadata: RawObject['metadata'] & {
    ownerReferences?: V1OwnerReference[];
    managedFields?: V1ManagedFieldsEntry[];
  };
  spec: {
    replicas?: number;
    paused?: boolean;
    selector: V1LabelSelector;
    template: V1PodTemplateSpec;
    strategy?: { type?: string; rollingUpdate?: RollingUpdate };
    updateStrategy?: { type?: string; rollingUpdate?: RollingUpdate & { partition?: number } };
    podManagementPolicy?: string;
    /** A StatefulSet's first ordinal is 0 if it says nothing. */
    ordinals?: { start?: number };
  };
  status?: {
    observedGeneration?: number;
    replicas?: number;
    readyReplicas?: number;
    updatedReplicas?: number;
    availableReplicas?: number;
    currentRevision?: string;
    updateRevision?: string;
    desiredNumberScheduled?: number;
    currentNumberScheduled?: number;
    numberReady?: number;
    updatedNumberScheduled?: number;
    numberAvailable?: number;
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
  };
}

/**
 * Reads the target.
 * @throws KintsugiError `invalid` for another kind, `not-found` when it is gone, and whatever the API server refuses
 */
export async function readWorkload(kubernetes: Kubernetes, target: Target, signal?: AbortSignal): Promise<Workload> {
  const kind = workloadKind(target.kind);
  // The untyped call: client-node's models drop fields that they do not know, and a template must come back whole.
  const object: WorkloadObject = await kubernetes.custom.getNamespacedCustomObject(
    {
      group: 'apps',
      version: 'v1',
      plural: WORKLOAD_PLURALS[kind],
      namespace: target.namespace,
      name: target.name,
    },
    callOptions(signal === undefined ? {} : { signal }),
  );
  return toWorkload(kind, object);
}

/** All workloads of the given kinds that a label selector finds in a namespace. */
export async function listWorkloads(
  kubernetes: Kubernetes,
  query: { namespace: string; kinds: readonly WorkloadKind[]; selector?: string },
  signal?: AbortSignal,
): Promise<Workload[]> {
  const lists = await Promise.all(
    query.kinds.map(async (kind) => {
      const list: { items: WorkloadObject[] } = await kubernetes.custom.listNamespacedCustomObject(
        {
          group: 'apps',
          version: 'v1',
          plural: WORKLOAD_PLURALS[kind],
          namespace: query.namespace,
          ...(query.selector === undefined ? {} : { labelSelector: query.selector }),
        },
        callOptions(signal === undefined ? {} : { signal }),
      );
      return list.items.map((object) => toWorkload(kind, object));
    }),
  );
  return lists.flat();
}

/** The kind, checked. @throws KintsugiError `invalid` for any other than the three */
export function workloadKind(kind: string): WorkloadKind {
  if (kind === 'Deployment' || kind === 'StatefulSet' || kind === 'DaemonSet') return kind;
  throw new KintsugiError('invalid', `a ${kind} is no workload that Kintsugi mends`, {
    where: `kind ${kind}`,
    fix: 'Name a Deployment, StatefulSet or DaemonSet.',
  });
}

/** The raw object in the common shape. */
export function toWorkload(kind: WorkloadKind, object: WorkloadObject): Workload {
  const { metadata, spec, status = {} } = object;
  const surge = spec.strategy?.rollingUpdate?.maxSurge;
  return {
    ref: {
      apiVersion: 'apps/v1',
      kind,
      namespace: metadata.namespace,
      name: metadata.name,
      uid: metadata.uid,
    },
    kind,
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    generation: metadata.generation ?? 0,
    observedGeneration: status.observedGeneration ?? 0,
    paused: spec.paused ?? false,
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
    managedFields: metadata.managedFields ?? [],
    selector: spec.selector,
    template: spec.template,
    replicas: kind === 'DaemonSet' ? (status.desiredNumberScheduled ?? 0) : (spec.replicas ?? 1),
    strategy: (kind === 'Deployment' ? spec.strategy?.type : spec.updateStrategy?.type) ?? 'RollingUpdate',
    parallel: kind !== 'StatefulSet' || spec.podManagementPolicy === 'Parallel',
    partition: spec.updateStrategy?.rollingUpdate?.partition ?? 0,
    surge: kind === 'Deployment' && surge !== undefined && surge !== 0 && surge !== '0' && surge !== '0%',
    status: {
      replicas: status.replicas ?? status.currentNumberScheduled ?? 0,
      ready: status.readyReplicas ?? status.numberReady ?? 0,
      updated: status.updatedReplicas ?? status.updatedNumberScheduled ?? 0,
      available: status.availableReplicas ?? status.numberAvailable ?? 0,
      ...(status.currentRevision === undefined ? {} : { currentRevision: status.currentRevision }),
      ...(status.updateRevision === undefined ? {} : { updateRevision: status.updateRevision }),
      conditions: status.conditions ?? [],
    },
    raw: object,
  };
}

/** All pods that the workload's selector finds, its own or not. */
export async function readSelectedPods(
  kubernetes: Kubernetes,
  { namespace, selector }: Pick<Workload, 'namespace' | 'selector'>,
  signal?: AbortSignal,
): Promise<V1Pod[]> {
  const list = await kubernetes.core.listNamespacedPod(
    { namespace, labelSelector: selectorText(selector) },
    callOptions(signal === undefined ? {} : { signal }),
  );
  return list.items;
}

/** Of these pods those that one of the owners controls (the workload, or its ReplicaSets), oldest first: a selector only narrows. */
export function ownedPods(pods: readonly V1Pod[], owners: readonly { uid: string }[]): V1Pod[] {
  const uids = new Set(owners.map((owner) => owner.uid));
  return pods
    .filter((pod) => pod.metadata?.ownerReferences?.some((owner) => owner.controller === true && uids.has(owner.uid)))
    .sort((a, b) => createdAt(a) - createdAt(b));
}

function createdAt(pod: V1Pod): number {
  return pod.metadata?.creationTimestamp?.getTime() ?? 0;
}
