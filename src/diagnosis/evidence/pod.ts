import type { ConditionEvidence, ContainerRole } from './workload.ts';

export interface PodEvidence {
  name: string;
  uid: string;
  phase: string;
  reason?: string;
  message?: string;
  /** `pod-template-hash` or `controller-revision-hash`. */
  revision: string;
  /** Whether it is of the workload's current template. */
  current: boolean;
  node?: string;
  createdAt: string;
  ready: boolean;
  readySince?: string;
  deleting: boolean;
  /** Of a pod that is to end: when its grace is over, and what else holds it. */
  deleteBy?: string;
  finalizers?: string[];
  conditions: ConditionEvidence[];
  containers: ContainerEvidence[];
}

export interface ContainerEvidence {
  name: string;
  role: ContainerRole;
  image: string;
  /** The digest that runs (`imageID`). */
  digest: string;
  ready: boolean;
  started: boolean;
  restarts: number;
  state: ContainerState;
  lastState?: ContainerState;
  logs: { current?: LogEvidence; previous?: LogEvidence };
  /** Of a container that was OOM-killed: the last working set that was measured before, and how old it was then; else `unknown`. */
  lastWorkingSet?: { bytes: number; at: string; ageSeconds: number } | 'unknown';
  /** CPU periods of the running instance, and how many of them it was throttled in (`/metrics/cadvisor`). */
  throttling?: { periods: number; throttled: number };
}

export interface ContainerState {
  kind: 'waiting' | 'running' | 'terminated' | 'none';
  reason?: string;
  message?: string;
  exitCode?: number;
  signal?: number;
  startedAt?: string;
  finishedAt?: string;
}

/** The last lines of one container instance. `cut` is true when more was written than is kept here. */
export interface LogEvidence {
  text: string;
  cut: boolean;
}

export interface EventEvidence {
  type: string;
  reason: string;
  message: string;
  /** `Pod/agent-bruno-5d…`, `ReplicaSet/…`. */
  object?: string;
  /** The container that `involvedObject.fieldPath` names. */
  container?: string;
  count?: number;
  firstSeen?: string;
  lastSeen?: string;
}
