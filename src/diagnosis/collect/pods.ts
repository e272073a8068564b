import type { V1Container, V1ContainerState, V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { isReady, isTerminating, readySince } from '../../kubernetes/pods.ts';
import { currentRevision, revisionOfPod } from '../../kubernetes/revisions.ts';
import { WORKLOAD_PLURALS } from '../../kubernetes/workloads.ts';
import { digestOfImageId } from '../../registry/reference.ts';
import type { ContainerEvidence, ContainerState, PodEvidence } from '../evidence/pod.ts';
import type { ContainerRole } from '../evidence/workload.ts';
import { conditions } from './conditions.ts';
import type { Logs } from './logs.ts';
import type { Measurements } from './measurements.ts';
import type { Subject } from './subject.ts';

/** What was read of the pods in trouble. */
export interface Seen {
  logs: Logs;
  measured: Measurements;
}

/** One pod with its containers' states and logs. */
export function podEvidence(pod: V1Pod, subject: Subject, seen: Seen): PodEvidence {
  const { metadata, spec, status } = pod;
  const labels = metadata?.labels ?? {};
  const since = readySince(pod);
  return {
    name: metadata?.name ?? '',
    uid: metadata?.uid ?? '',
    phase: status?.phase ?? 'Unknown',
    ...(status?.reason === undefined ? {} : { reason: status.reason }),
    ...(status?.message === undefined ? {} : { message: status.message }),
    revision: labels['pod-template-hash'] ?? labels['controller-revision-hash'] ?? '',
    current: isOfCurrentTemplate(pod, subject),
    ...(spec?.nodeName === undefined ? {} : { node: spec.nodeName }),
    createdAt: metadata?.creationTimestamp?.toISOString() ?? '',
    ready: isReady(pod),
    ...(since === undefined ? {} : { readySince: since.toISOString() }),
    deleting: isTerminating(pod),
    ...(metadata?.deletionTimestamp === undefined ? {} : { deleteBy: metadata.deletionTimestamp.toISOString() }),
    ...(metadata?.finalizers === undefined ? {} : { finalizers: metadata.finalizers }),
    conditions: conditions(status?.conditions),
    containers: [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].map((container) =>
      containerEvidence(pod, container, seen),
    ),
  };
}

/** Whether a pod is of the target's present template; kinds without history have only the one. */
export function isOfCurrentTemplate(
  pod: V1Pod,
  { workload, revisions }: Pick<Subject, 'workload' | 'revisions'>,
): boolean {
  if (revisions.length === 0 && !(workload.kind in WORKLOAD_PLURALS)) return true;
  const current = currentRevision(workload, revisions);
  return current !== undefined && revisionOfPod(pod, revisions)?.uid === current.uid;
}

function containerEvidence(pod: V1Pod, status: V1ContainerStatus, seen: Seen): ContainerEvidence {
  const place = `${pod.metadata?.name}/${status.name}`;
  const memory = seen.measured.memory.get(place);
  const throttling = seen.measured.throttling.get(place);
  const lastState = containerState(status.lastState);
  return {
    name: status.name,
    role: roleOf(pod, status.name),
    // The status may name the image by another of its tags.
    image: specOf(pod, status.name)?.image ?? status.image,
    digest: digestOfImageId(status.imageID) ?? '',
    ready: status.ready,
    started: status.started ?? false,
    restarts: status.restartCount,
    state: containerState(status.state),
    ...(lastState.kind === 'none' ? {} : { lastState }),
    logs: seen.logs.get(place) ?? {},
    ...(memory === undefined ? {} : { lastWorkingSet: memory }),
    ...(throttling === undefined ? {} : { throttling }),
  };
}

function specOf({ spec }: V1Pod, container: string): V1Container | undefined {
  return [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].find(({ name }) => name === container);
}

function roleOf(pod: V1Pod, container: string): ContainerRole {
  const init = pod.spec?.initContainers?.find(({ name }) => name === container);
  if (init === undefined) return 'main';
  return init.restartPolicy === 'Always' ? 'sidecar' : 'init';
}

function containerState(state: V1ContainerState | undefined): ContainerState {
  if (state?.running !== undefined) return { kind: 'running', ...time('startedAt', state.running.startedAt) };
  const { waiting, terminated } = state ?? {};
  if (waiting !== undefined) return { kind: 'waiting', ...texts(waiting) };
  if (terminated === undefined) return { kind: 'none' };
  return {
    kind: 'terminated',
    ...texts(terminated),
    exitCode: terminated.exitCode,
    ...(terminated.signal === undefined ? {} : { signal: terminated.signal }),
    ...time('startedAt', terminated.startedAt),
    ...time('finishedAt', terminated.finishedAt),
  };
}

function texts({ reason, message }: { reason?: string; message?: string }): Pick<ContainerState, 'reason' | 'message'> {
  return {
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message: message.slice(-2000) }),
  };
}

function time(
  name: 'startedAt' | 'finishedAt',
  at: Date | undefined,
): Pick<ContainerState, 'startedAt' | 'finishedAt'> {
  return at === undefined ? {} : { [name]: new Date(at).toISOString() };
}
