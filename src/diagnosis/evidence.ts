import type { Target } from '../recovery/values.ts';
import type { BuildEvidence, DeliveryEvidence, RevisionEvidence, TemplateDifference } from './evidence/change.ts';
import type { ClusterEvidence, NodeEvidence } from './evidence/cluster.ts';
import type { DependencyEvidence, NameEvidence, ReachEvidence, ServiceEvidence } from './evidence/connection.ts';
import type { EventEvidence, PodEvidence } from './evidence/pod.ts';
import type { ClaimEvidence, ImageEvidence, ReferenceEvidence } from './evidence/reference.ts';
import type { BudgetEvidence, VariableEvidence, WorkloadEvidence } from './evidence/workload.ts';

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
