import type { AnswerState } from '../../dependencies/answer.ts';

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
