import type { V1OwnerReference, V1Pod, V1PodTemplateSpec } from '@kubernetes/client-node';
import type { ObjectRef, Target } from '../recovery/values.ts';
import type { Kubernetes } from './client.ts';
import { selectorText } from './selector.ts';
import { templateHash } from './template.ts';
import { callOptions } from './transport.ts';
import { ownedPods, readSelectedPods, readWorkload, type Workload } from './workloads.ts';

const REVISION = 'deployment.kubernetes.io/revision';
/** Why a revision came about, as `kubectl rollout history` shows it; the controllers copy it from the workload. */
const CHANGE_CAUSE = 'kubernetes.io/change-cause';

/** One revision of a workload: a Deployment's ReplicaSet, or a ControllerRevision. */
export interface Revision {
  ref: ObjectRef & { namespace: string; uid: string };
  uid: string;
  name: string;
  /** Counts up with every rollout; a rollback gives an old template the highest number. */
  revision: number;
  template: V1PodTemplateSpec;
  /** JSON Pointer of the template inside `ref`. */
  templatePath: string;
  /** SHA-256 without bookkeeping, to compare with a workload's template and with a baseline. */
  templateHash: string;
  /** What its pods carry: `pod-template-hash`, for the others `controller-revision-hash`. */
  podLabel: string;
  /** RFC 3339. */
  createdAt: string;
  changeCause?: string;
}

interface RevisionObject {
  metadata: {
    name: string;
    namespace: string;
    uid: string;
    creationTimestamp: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: V1OwnerReference[];
  };
  /** A ReplicaSet's. */
  spec?: { template: V1PodTemplateSpec };
  /** A ControllerRevision's. */
  data?: { spec: { template: V1PodTemplateSpec } };
  revision?: number;
}

/** A workload with what it owns. */
export interface OwnedWorkload {
  workload: Workload;
  /** Newest first. */
  revisions: Revision[];
  /** Oldest first; terminating and finished ones too. */
  pods: V1Pod[];
}

/** The target with its revisions and pods: three calls. @throws KintsugiError as `readWorkload` does */
export async function readOwned(kubernetes: Kubernetes, target: Target, signal?: AbortSignal): Promise<OwnedWorkload> {
  const workload = await readWorkload(kubernetes, target, signal);
  const [revisions, pods] = await Promise.all([
    readRevisions(kubernetes, workload, signal),
    readSelectedPods(kubernetes, workload, signal),
  ]);
  return { workload, revisions, pods: ownedPods(pods, [workload, ...revisions]) };
}

/** The revisions that the workload still keeps (`revisionHistoryLimit`), the newest first, by owner reference. */
export async function readRevisions(
  kubernetes: Kubernetes,
  workload: Workload,
  signal?: AbortSignal,
): Promise<Revision[]> {
  const list: { items: RevisionObject[] } = await kubernetes.custom.listNamespacedCustomObject(
    {
      group: 'apps',
      version: 'v1',
      plural: workload.kind === 'Deployment' ? 'replicasets' : 'controllerrevisions',
      namespace: workload.namespace,
      labelSelector: selectorText(workload.selector),
    },
    callOptions(signal === undefined ? {} : { signal }),
  );
  return list.items
    .filter((item) => item.metadata.ownerReferences?.some((owner) => owner.controller && owner.uid === workload.uid))
    .flatMap(toRevision)
    .sort((a, b) => b.revision - a.revision);
}

/** The revision whose template the workload has now; undefined while its controller has not made one yet. */
export function currentRevision(
  workload: Pick<Workload, 'template'>,
  revisions: readonly Revision[],
): Revision | undefined {
  const hash = templateHash(workload.template);
  return revisions.find((revision) => revision.templateHash === hash);
}

/** Which revision a pod was made from. */
export function revisionOfPod(pod: V1Pod, revisions: readonly Revision[]): Revision | undefined {
  const labels = pod.metadata?.labels ?? {};
  const label = labels['pod-template-hash'] ?? labels['controller-revision-hash'];
  return revisions.find(
    (revision) =>
      revision.podLabel === label || pod.metadata?.ownerReferences?.some((owner) => owner.uid === revision.uid),
  );
}

function toRevision(object: RevisionObject): Revision[] {
  const { metadata } = object;
  const ofReplicaSet = object.spec !== undefined;
  const template = object.spec?.template ?? withoutPatchMark(object.data?.spec.template);
  if (template === undefined) return [];
  const changeCause = metadata.annotations?.[CHANGE_CAUSE];
  const number = ofReplicaSet ? Number(metadata.annotations?.[REVISION]) : object.revision;
  return [
    {
      ref: {
        apiVersion: 'apps/v1',
        kind: ofReplicaSet ? 'ReplicaSet' : 'ControllerRevision',
        namespace: metadata.namespace,
        name: metadata.name,
        uid: metadata.uid,
      },
      uid: metadata.uid,
      name: metadata.name,
      revision: number === undefined || Number.isNaN(number) ? 0 : number,
      template,
      templatePath: ofReplicaSet ? '/spec/template' : '/data/spec/template',
      templateHash: templateHash(template),
      podLabel: metadata.labels?.[ofReplicaSet ? 'pod-template-hash' : 'controller-revision-hash'] ?? metadata.name,
      createdAt: metadata.creationTimestamp,
      ...(changeCause === undefined ? {} : { changeCause }),
    },
  ];
}

/** A ControllerRevision holds a strategic merge patch: its template carries `$patch: replace`, which is no field of it. */
function withoutPatchMark(
  template: (V1PodTemplateSpec & { $patch?: string }) | undefined,
): V1PodTemplateSpec | undefined {
  if (template === undefined) return undefined;
  const { $patch: _, ...rest } = template;
  return rest;
}
