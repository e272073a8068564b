import type { AnswerState } from '../dependencies/answer.ts';
import type { FieldSetter } from '../kubernetes/managed-fields.ts';
import type { Json, Target } from '../recovery/values.ts';
import type { PullAnswer } from '../registry/pull.ts';

/**
 * What was seen of a target at one moment, redacted and bounded: the input of the classifier, the content of the evidence
 * artifact, and (trimmed, in the same shape) the excerpt that travels in events. Times are RFC 3339.
 */
export interface Evidence {
  v: 1;
  takenAt: string;
  target: Target;
  workload: WorkloadEvidence | null;
  pods: PodEvidence[];
  events: EventEvidence[];
  revisions: RevisionEvidence[];
  /** How the template differs from the healthy baseline, else from the revision before; null when there is nothing to compare with. */
  difference: TemplateDifference | null;
  references: ReferenceEvidence[];
  claims: ClaimEvidence[];
  nodes: NodeEvidence[];
  dependencies: DependencyEvidence[];
  service: ServiceEvidence | null;
  /** The other Services of the namespace that select these pods, or nearly do. */
  services: ServiceEvidence[];
  /** PodDisruptionBudgets that select these pods. */
  budgets: BudgetEvidence[];
  /** The runbook's variables, and others whose value is known to be wrong, as the container gets them. */
  variables?: VariableEvidence[];
  /** Which Services the names in the variables stand for, where a log says that a name was not found. */
  names: NameEvidence[];
  /** What the pods, and the Services that lead to them alone, answered over HTTP; absent where nothing was asked. */
  reach?: ReachEvidence[];
  /** What could not be read, and why: "events: forbidden". */
  missing: string[];
  /** What the registry says of images that cannot be pulled; absent where nothing was asked. */
  images?: ImageEvidence[];
  /** Nodes, kube-system and other workloads: whether the trouble is wider than the target. */
  cluster?: ClusterEvidence;
  /** What Flux brought last to the target; absent where it does not. */
  delivery?: DeliveryEvidence[];
  /** Of images that differ from those of the revision before, what they were built from. */
  builds?: BuildEvidence[];
}

/** Each absent where it could not be read. */
export interface ClusterEvidence {
  nodes?: Told;
  /** Pods of kube-system. */
  system?: Told;
  /** Workloads other than the target that have fewer ready pods than they want. */
  others?: Told;
}

/** How many there are, those that are not as they should be, and how many more of these are not named. */
interface Told {
  count: number;
  unwell: string[];
  more: number;
}

export interface DeliveryEvidence {
  /** `Kustomization flux-system/apps`, `HelmRelease redis/redis`. */
  owner: string;
  /** `main@sha1:0f3a…`, `chart 1.2.3, release version 4`. */
  revision: string;
  at?: string;
  state: string;
}

export interface BuildEvidence {
  now: Build;
  before: Build;
  /** The repository, as the running image names it. */
  source?: string;
}

interface Build {
  image: string;
  digest?: string;
  /** `org.opencontainers.image.revision`. */
  commit?: string;
  created?: string;
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

export interface RevisionEvidence {
  revision: string;
  name: string;
  createdAt: string;
  changeCause?: string;
  images: string[];
  /** Of each image, as its pods ran it or as it was when it was seen healthy; empty where it is not known. */
  digests?: string[];
  replicas: number;
  ready: number;
  current: boolean;
  /** Whether Kintsugi's baseline saw this revision healthy. */
  healthyBaseline: boolean;
  /** When Kintsugi last saw this very template healthy, if ever. */
  seenHealthyAt?: string;
}

export interface TemplateDifference {
  /** What it was compared with: `baseline of 2026-01-01T…` or `revision 3`. */
  against: string;
  kind: 'baseline' | 'previous-revision';
  changes: TemplateChange[];
}

export interface TemplateChange {
  container?: string;
  /** `image`, `env REDIS_URL`, `resources.limits.memory`, `Secret/app`. */
  what: string;
  before: string;
  after: string;
}

export interface ReferenceEvidence {
  kind: 'ConfigMap' | 'Secret' | 'ServiceAccount' | 'PersistentVolumeClaim';
  name: string;
  found: boolean | 'unknown';
  optional: boolean;
  keys: string[];
  /** SHA-256 of a ConfigMap's content, keyed hash of a Secret's. */
  hash?: string;
  /** Keys that the template asks for and the object lacks. */
  missingKeys: string[];
  /** Where the template names it: `env TOKEN of app`, `volume settings`, `imagePullSecrets`. */
  usedBy?: string[];
  /** A Secret's type. */
  type?: string;
  /** Who changed a ConfigMap or Secret last. */
  changed?: FieldSetter;
  /** A pull secret's registries. */
  registries?: string[];
}

export interface ClaimEvidence {
  name: string;
  phase: string;
  storageClass?: string;
  volume?: string;
  /** The class of a claim that is not bound, as the cluster has it. */
  classState?: { found: boolean; provisioner?: string; waitsForPod?: boolean; known: string[] };
}

export interface NodeEvidence {
  name: string;
  ready: boolean;
  unschedulable: boolean;
  /** Pressure conditions that are true: `MemoryPressure`, `DiskPressure` ... */
  pressure: string[];
  reason?: string;
  /** False where there is no such node any more. */
  found?: boolean;
  taints?: string[];
  /** The labels that the template's node selector asks for, as this node has them. */
  labels?: Record<string, string>;
  allocatable?: Record<string, string>;
  architecture?: string;
}

export interface DependencyEvidence {
  name: string;
  type: string;
  namespace: string;
  selector: string;
  podsFound: number;
  podsReady: number;
  /** One line a pod that is not ready: "redis-0 CrashLoopBackOff". */
  notReady: string[];
  /** Ready endpoints of the Services that select these pods; null when there is no such Service. */
  endpointsReady: number | null;
  /** The variable of the target that holds its address. */
  env?: string;
  /** The address in that variable, redacted; and host and port in it. */
  address?: string;
  hosts: string[];
  port?: number;
  helmRelease?: string;
  /** False when its pods could not be read. */
  known: boolean;
  /** True when nothing in its namespace stands for it, no pod, workload or Service: it may well run elsewhere. */
  absent?: boolean;
  /** The Service that the address names and that does not exist: `redis/redis-mastr`. */
  missingService?: string;
  /** Its workloads where it has no pod, with who last set their replicas. */
  withoutPods?: { kind: string; name: string; replicas: number; setBy?: string; setAt?: string }[];
  /** What it answered when it was asked for real, each with from where; empty where nothing could be asked. */
  answers?: DependencyAnswer[];
}

export interface DependencyAnswer {
  /** `pod redis-master-0, by port-forward`, `Service ollama, by proxy`. */
  from: string;
  state: AnswerState;
  saw: string;
}

export interface ServiceEvidence {
  name: string;
  found: boolean;
  selector: Record<string, string>;
  endpointsReady: number;
  endpointsNotReady: number;
  /** Named target ports that no container of the template declares. */
  unknownPorts?: string[];
  /** The pod labels that its selector asks for and the template has otherwise: `app=web, not app=webb`. */
  differs?: string[];
}

export interface NameEvidence {
  host: string;
  service: string;
  namespace: string;
  /** `env DATABASE_URL of app` */
  from: string;
  found: boolean;
  /** The nearest name of a Service that is there. */
  near?: string;
}

export interface BudgetEvidence {
  name: string;
  /** `minAvailable 2`, `maxUnavailable 1`. */
  rule: string;
  disruptionsAllowed: number;
}

/** The answer to one GET through the API server's proxy. */
export interface ReachEvidence {
  through: 'pod' | 'service';
  name: string;
  port: number;
  path: string;
  /** `closed`: nothing listens, or the connection was given up. `unknown`: it could not be asked. */
  state: 'answered' | 'silent' | 'closed' | 'unknown';
  /** The program's status, where it answered. */
  status?: number;
  saw: string;
}

/** An image that the kubelet cannot pull, and what its registry says to a pull with the pod's own secrets. */
export interface ImageEvidence {
  container: string;
  image: string;
  pull: Pick<PullAnswer, 'kind' | 'saw'>;
}

/** Evidence with nothing in it, for what is known from a log file alone. */
export function emptyEvidence(target: Target, takenAt: string): Evidence {
  return {
    v: 1,
    takenAt,
    target,
    workload: null,
    pods: [],
    events: [],
    revisions: [],
    difference: null,
    references: [],
    claims: [],
    nodes: [],
    dependencies: [],
    service: null,
    services: [],
    budgets: [],
    names: [],
    missing: [],
  };
}
