import type { V1ContainerState, V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { isReady, isTerminating, readySince } from '../../kubernetes/pods.ts';
import { currentRevision, type OwnedWorkload, revisionOfPod } from '../../kubernetes/revisions.ts';
import { digestOfImageId } from '../../registry/reference.ts';
import type { ContainerEvidence, ContainerRole, ContainerState, PodEvidence } from '../evidence.ts';
import { conditions } from './conditions.ts';
import type { Logs } from './logs.ts';

/** One pod with its containers' states and logs. */
export function podEvidence({ pod, owned, logs }: { pod: V1Pod; owned: OwnedWorkload; logs: Logs }): PodEvidence {
  const { metadata, spec, status } = pod;
  const labels = metadata?.labels ?? {};
  const current = currentRevision(owned.workload, owned.revisions);
  const since = readySince(pod);
  return {
    name: metadata?.name ?? '',
    uid: metadata?.uid ?? '',
    phase: status?.phase ?? 'Unknown',
    ...(status?.reason === undefined ? {} : { reason: status.reason }),
    ...(status?.message === undefined ? {} : { message: status.message }),
    revision: labels['pod-template-hash'] ?? labels['controller-revision-hash'] ?? '',
    current: current !== undefined && revisionOfPod(pod, owned.revisions)?.uid === current.uid,
    ...(spec?.nodeName === undefined ? {} : { node: spec.nodeName }),
    createdAt: metadata?.creationTimestamp?.toISOString() ?? '',
    ready: isReady(pod),
    ...(since === undefined ? {} : { readySince: since.toISOString() }),
    deleting: isTerminating(pod),
    conditions: conditions(status?.conditions),
    containers: [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].map((container) =>
      containerEvidence(pod, container, logs),
    ),
  };
}

function containerEvidence(pod: V1Pod, status: V1ContainerStatus, logs: Logs): ContainerEvidence {
  const lastState = containerState(status.lastState);
  return {
    name: status.name,
    role: roleOf(pod, status.name),
    image: status.image,
    digest: digestOfImageId(status.imageID) ?? '',
    ready: status.ready,
    started: status.started ?? false,
    restarts: status.restartCount,
    state: containerState(status.state),
    ...(lastState.kind === 'none' ? {} : { lastState }),
    logs: logs.get(`${pod.metadata?.name}/${status.name}`) ?? {},
  };
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
