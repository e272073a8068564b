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
