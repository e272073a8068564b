import type { V1ContainerState, V1ContainerStatus, V1Pod, V1PodTemplateSpec, V1Probe } from '@kubernetes/client-node';
import { toWorkload, type WorkloadObject } from '../../src/kubernetes/workloads.ts';
import type { TargetState } from '../../src/verification/target-state.ts';

/** The moment at which the tables look. */
export const NOW = new Date('2025-10-15T12:00:00Z');

/** So many seconds before {@link NOW}. */
export function ago(seconds: number): Date {
  return new Date(NOW.getTime() - seconds * 1000);
}

export const running = (seconds: number): V1ContainerState => ({ running: { startedAt: ago(seconds) } });
export const waiting = (reason: string): V1ContainerState => ({ waiting: { reason } });
export const ended = (life: number, secondsAgo: number, reason = 'Error', exitCode = 1): V1ContainerState => ({
  terminated: { startedAt: ago(secondsAgo + life), finishedAt: ago(secondsAgo), reason, exitCode },
});

export interface PodShape {
  name?: string;
  /** Seconds that it has been ready; undefined: not ready. */
  readyFor?: number;
  /** Seconds that it has not been ready. */
  awayFor?: number;
  state?: V1ContainerState;
  lastState?: V1ContainerState;
  terminating?: boolean;
  /** More containers beside `app`, by name. */
  others?: Record<string, V1ContainerState>;
  /** An init container's state; with `sidecar` one that stays. */
  init?: { state: V1ContainerState; sidecar?: boolean };
  spec?: V1Pod['spec'];
}

/** A pod with the container `app`, as the API server reports it. */
export function pod(shape: PodShape = {}): V1Pod {
  const { name = 'app-1', readyFor, awayFor, terminating, init } = shape;
  const state = shape.state ?? running(readyFor ?? 10);
  const condition =
    readyFor === undefined
      ? { type: 'Ready', status: 'False', lastTransitionTime: ago(awayFor ?? 5) }
      : { type: 'Ready', status: 'True', lastTransitionTime: ago(readyFor) };
  return {
    metadata: {
      name,
      namespace: 'test',
      labels: { app: 'app' },
      creationTimestamp: ago(1000),
      ...(terminating === true ? { deletionTimestamp: ago(1) } : {}),
    },
    spec: shape.spec ?? {
      containers: [{ name: 'app', ports: [{ name: 'http', containerPort: 8080 }] }],
      ...(init === undefined
        ? {}
        : { initContainers: [{ name: 'init', ...(init.sidecar === true ? { restartPolicy: 'Always' } : {}) }] }),
    },
    status: {
      phase: 'Running',
      conditions: [condition],
      containerStatuses: [
        status('app', state, shape.lastState),
        ...Object.entries(shape.others ?? {}).map(([other, otherState]) => status(other, otherState)),
      ],
      ...(init === undefined ? {} : { initContainerStatuses: [status('init', init.state)] }),
    },
  };
}

function status(name: string, state: V1ContainerState, lastState?: V1ContainerState): V1ContainerStatus {
  return {
    name,
    image: 'app:1',
    imageID: '',
    ready: state.running !== undefined,
    restartCount: lastState === undefined ? 0 : 1,
    state,
    ...(lastState === undefined ? {} : { lastState }),
  };
}

export interface StateShape extends Partial<Omit<TargetState, 'workload'>> {
  replicas?: number;
  kind?: 'Deployment' | 'StatefulSet' | 'DaemonSet';
  generation?: number;
  observedGeneration?: number;
  template?: V1PodTemplateSpec;
  conditions?: NonNullable<WorkloadObject['status']>['conditions'];
}

/** The target as it was read, with as many ready pods as are wanted unless `current` says otherwise. */
export function targetState(shape: StateShape = {}): TargetState {
  const { replicas = 1, kind = 'Deployment', generation = 1, observedGeneration = generation } = shape;
  const template = shape.template ?? { spec: { containers: [{ name: 'app' }] } };
  const workload = toWorkload(kind, {
    metadata: { name: 'app', namespace: 'test', uid: 'uid-app', resourceVersion: '1', generation },
    spec: { replicas, selector: { matchLabels: { app: 'app' } }, template },
    status: {
      observedGeneration,
      ...(kind === 'DaemonSet' ? { desiredNumberScheduled: replicas } : {}),
      ...(shape.conditions === undefined ? {} : { conditions: shape.conditions }),
    },
  });
  const current =
    shape.current ?? Array.from({ length: replicas }, (_, index) => pod({ name: `app-${index + 1}`, readyFor: 120 }));
  return {
    at: shape.at ?? NOW,
    workload,
    current,
    kept: shape.kept ?? [],
    older: shape.older ?? [],
    terminating: shape.terminating ?? [],
    autoscaler: shape.autoscaler ?? null,
  };
}

/** A template whose container has these probes. */
export function probed(probes: { liveness?: V1Probe; startup?: V1Probe }): V1PodTemplateSpec {
  return {
    spec: {
      containers: [
        {
          name: 'app',
          ...(probes.liveness === undefined ? {} : { livenessProbe: probes.liveness }),
          ...(probes.startup === undefined ? {} : { startupProbe: probes.startup }),
        },
      ],
    },
  };
}
