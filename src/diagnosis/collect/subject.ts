import type { V1Job, V1LabelSelector, V1ObjectMeta, V1Pod, V1PodTemplateSpec } from '@kubernetes/client-node';
import { KintsugiError } from '../../errors.ts';
import type { Kubernetes } from '../../kubernetes/client.ts';
import { controllerOf } from '../../kubernetes/owner.ts';
import { type Revision, readOwned } from '../../kubernetes/revisions.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import { ownedPods, readSelectedPods, type Workload } from '../../kubernetes/workloads.ts';
import type { Target } from '../../recovery/values.ts';
import type { JobEvidence } from '../evidence/workload.ts';
import { jobEvidence, latestJob } from './jobs.ts';

/** A workload as far as diagnosis looks at it: of the three kinds that Kintsugi mends, or any other that has pods. */
export type SubjectWorkload = Omit<Workload, 'kind' | 'raw' | 'ref'> & { kind: string };

/** What is diagnosed, with what it owns. */
export interface Subject {
  workload: SubjectWorkload;
  /** Newest first; none for kinds that keep no history. */
  revisions: Revision[];
  /** Oldest first; terminating and finished ones too. */
  pods: V1Pod[];
  /** Objects between the target and its pods, whose events count: a CronJob's latest Job. */
  between: { kind: string; name: string; uid: string }[];
  /** The controller of a Pod, ReplicaSet or Job: `ReplicaSet app-5d…`. */
  owner?: string;
  job?: JobEvidence;
}

/** The kinds that can be diagnosed, as Kubernetes spells them. */
export const SUBJECT_KINDS = ['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'Pod', 'CronJob', 'ReplicaSet'] as const;
export type SubjectKind = (typeof SUBJECT_KINDS)[number];

/**
 * Reads the target with its pods: two to four calls.
 * @throws KintsugiError `invalid` for a kind without pods, `not-found` when it is not there
 */
export async function readSubject(kubernetes: Kubernetes, target: Target, signal: AbortSignal): Promise<Subject> {
  const kind = SUBJECT_KINDS.find((known) => known === target.kind);
  switch (kind) {
    case 'Deployment':
    case 'StatefulSet':
    case 'DaemonSet':
      return { ...(await readOwned(kubernetes, target, signal)), between: [] };
    case 'Job':
      return ofJob(kubernetes, await readJob(kubernetes, target, signal), signal);
    case 'CronJob':
      return ofCronJob(kubernetes, target, signal);
    case 'ReplicaSet':
      return ofReplicaSet(kubernetes, target, signal);
    case 'Pod':
      return ofPod(kubernetes, target, signal);
    case undefined:
      throw new KintsugiError('invalid', `a ${target.kind} has no pods to diagnose`, {
        where: `kind ${target.kind}`,
        fix: `Name one of: ${SUBJECT_KINDS.join(', ')}.`,
      });
  }
}

function readJob(kubernetes: Kubernetes, { namespace, name }: Target, signal: AbortSignal): Promise<V1Job> {
  return kubernetes.batch.readNamespacedJob({ namespace, name }, callOptions({ signal }));
}

async function ofJob(kubernetes: Kubernetes, job: V1Job, signal: AbortSignal): Promise<Subject> {
  const { metadata, spec, status } = job;
  const workload = inCommonShape('Job', metadata, {
    selector: spec?.selector ?? {},
    template: spec?.template ?? {},
    replicas: spec?.suspend === true ? 0 : (spec?.parallelism ?? 1),
    ready: status?.ready ?? 0,
    conditions: status?.conditions ?? [],
  });
  const pods = ownedPods(await readSelectedPods(kubernetes, workload, signal), [workload]);
  return { workload, revisions: [], pods, between: [], ...ownerOf(metadata), job: jobEvidence(job) };
}

async function ofCronJob(kubernetes: Kubernetes, { namespace, name }: Target, signal: AbortSignal): Promise<Subject> {
  const cron = await kubernetes.batch.readNamespacedCronJob({ namespace, name }, callOptions({ signal }));
  const job = await latestJob(kubernetes, cron, signal);
  const subject = await ofJob(
    kubernetes,
    job ?? { spec: { template: cron.spec?.jobTemplate.spec?.template ?? {} } },
    signal,
  );
  const { metadata } = cron;
  return {
    ...subject,
    workload: {
      ...subject.workload,
      kind: 'CronJob',
      namespace,
      name,
      uid: metadata?.uid ?? '',
      labels: metadata?.labels ?? {},
      annotations: metadata?.annotations ?? {},
    },
    pods: job === undefined ? [] : subject.pods,
    between: job === undefined ? [] : [{ kind: 'Job', name: job.metadata?.name ?? '', uid: job.metadata?.uid ?? '' }],
    job: jobEvidence(job ?? {}, cron),
  };
}

async function ofReplicaSet(kubernetes: Kubernetes, target: Target, signal: AbortSignal): Promise<Subject> {
  const { namespace, name } = target;
  const { metadata, spec, status } = await kubernetes.apps.readNamespacedReplicaSet(
    { namespace, name },
    callOptions({ signal }),
  );
  const workload = inCommonShape('ReplicaSet', metadata, {
    selector: spec?.selector ?? {},
    template: spec?.template ?? {},
    replicas: spec?.replicas ?? 1,
    ready: status?.readyReplicas ?? 0,
    conditions: status?.conditions ?? [],
  });
  const pods = ownedPods(await readSelectedPods(kubernetes, workload, signal), [workload]);
  return { workload, revisions: [], pods, between: [], ...ownerOf(metadata) };
}

async function ofPod(kubernetes: Kubernetes, { namespace, name }: Target, signal: AbortSignal): Promise<Subject> {
  const pod = await kubernetes.core.readNamespacedPod({ namespace, name }, callOptions({ signal }));
  const { metadata, spec } = pod;
  const ready = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
  const workload = inCommonShape('Pod', metadata, {
    selector: {},
    template: { metadata: metadata ?? {}, ...(spec === undefined ? {} : { spec }) },
    replicas: 1,
    ready: ready ? 1 : 0,
    // A pod's conditions stand with the pod.
    conditions: [],
  });
  return { workload, revisions: [], pods: [pod], between: [], ...ownerOf(metadata) };
}

function ownerOf(metadata: V1ObjectMeta | undefined): Pick<Subject, 'owner'> {
  const owner = controllerOf(metadata?.ownerReferences);
  return owner === undefined ? {} : { owner: `${owner.kind} ${owner.name}` };
}

interface Parts {
  selector: V1LabelSelector;
  template: V1PodTemplateSpec;
  replicas: number;
  ready: number;
  conditions: { type: string; status: string; reason?: string | undefined; message?: string | undefined }[];
}

function inCommonShape(
  kind: string,
  metadata: V1ObjectMeta | undefined,
  { selector, template, replicas, ready, conditions }: Parts,
): SubjectWorkload {
  return {
    kind,
    namespace: metadata?.namespace ?? '',
    name: metadata?.name ?? '',
    uid: metadata?.uid ?? '',
    resourceVersion: metadata?.resourceVersion ?? '',
    generation: metadata?.generation ?? 0,
    observedGeneration: metadata?.generation ?? 0,
    paused: false,
    labels: metadata?.labels ?? {},
    annotations: metadata?.annotations ?? {},
    managedFields: [],
    selector,
    template,
    replicas,
    strategy: '',
    parallel: true,
    partition: 0,
    surge: false,
    status: {
      replicas,
      ready,
      updated: ready,
      available: ready,
      conditions: conditions.map(({ type, status, reason, message }) => ({
        type,
        status,
        ...(reason === undefined ? {} : { reason }),
        ...(message === undefined ? {} : { message }),
      })),
    },
  };
}
