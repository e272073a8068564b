import type { Json } from '../../recovery/values.ts';

export interface WorkloadEvidence {
  uid: string;
  generation: number;
  observedGeneration: number;
  /** `spec.replicas`, or what the HPA set. */
  desired: number;
  ready: number;
  updated: number;
  unavailable: number;
  paused: boolean;
  revision: string;
  serviceAccount: string;
  conditions: ConditionEvidence[];
  containers: ContainerTemplate[];
  /** Who owns the manifest in Git, e.g. `HelmRelease redis/redis` or `Kustomization flux-system/apps`; null when nobody does. */
  gitops: string | null;
  autoscaler: { name: string; min: number; max: number; desired: number; conditions: ConditionEvidence[] } | null;
  /** The VerticalPodAutoscaler that may rewrite its requests, by name; null without one. */
  verticalAutoscaler?: string | null;
  /** What owns a Pod, ReplicaSet or Job: `ReplicaSet agent-bruno-5d…`. */
  owner?: string;
  /** Of a Job, or of a CronJob's latest Job. */
  job?: JobEvidence;
  /** Where its pods may run. */
  placement?: PlacementEvidence;
  /** Labels of its pods, which Services select. */
  podLabels?: Record<string, string>;
  /** Whether our own bookkeeping or a person holds it back: annotations of ours by name. */
  annotations: Record<string, string>;
}

/** A Job as its controller reports it. */
export interface JobEvidence {
  name: string;
  active: number;
  succeeded: number;
  failed: number;
  completions: number;
  backoffLimit: number;
  /** `activeDeadlineSeconds`. */
  deadlineSeconds?: number;
  suspended: boolean;
  startedAt?: string;
  /** The CronJob's schedule and when it last ran, where the target is one. */
  schedule?: { cron: string; suspended: boolean; lastAt?: string };
}

/** What of the pod's spec decides on which node it may run. */
export interface PlacementEvidence {
  nodeSelector: Record<string, string>;
  affinity: boolean;
  tolerations: string[];
  hostPorts: number[];
}

export interface ConditionEvidence {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  since?: string;
}

/** One container of the pod template: values redacted. */
export interface ContainerTemplate {
  name: string;
  role: ContainerRole;
  image: string;
  command: string[];
  args: string[];
  env: EnvironmentEvidence[];
  resources: { requests: Record<string, string>; limits: Record<string, string> };
  probes: Partial<Record<'liveness' | 'readiness' | 'startup', Json>>;
  securityContext: Json;
  ports?: PortEvidence[];
  /** What the image runs when the template says nothing: Entrypoint and Cmd of the registry's image configuration. */
  imageCommand?: { entrypoint: string[]; cmd: string[] };
  /** The command that the runbook declares for it. */
  declaredCommand?: string[];
}

export interface PortEvidence {
  name?: string;
  port: number;
  hostPort?: number;
}

/** `init` runs to its end before the others; `sidecar` is an init container that stays (`restartPolicy: Always`). */
export type ContainerRole = 'init' | 'sidecar' | 'main';

export interface EnvironmentEvidence {
  name: string;
  /** The literal's value, redacted. */
  value?: string;
  /** `ConfigMap/app:LOG_LEVEL`, `Secret/app:TOKEN`, `field:status.podIP`. */
  from?: string;
}

/** One variable as the container gets it, judged where its value was known; the value itself is not told. */
export interface VariableEvidence {
  name: string;
  container: string;
  /** `literal`, `Secret/app:URL`, `ConfigMap/app:LEVEL`, `field:status.podIP`; absent where it is not set. */
  source?: string;
  /**
   * `wrong`: it does not match the runbook's pattern. `unescaped`: the password in its address is not percent-encoded.
   * `service-link`: it holds the address that Kubernetes injects for a Service, where a port is meant.
   * `unknown`: its value could not be read.
   */
  state: 'right' | 'missing' | 'empty' | 'wrong' | 'unescaped' | 'service-link' | 'unknown';
  /** The runbook's pattern, where it has one. */
  pattern?: string;
}

export interface BudgetEvidence {
  name: string;
  /** `minAvailable 2`, `maxUnavailable 1`. */
  rule: string;
  disruptionsAllowed: number;
}
