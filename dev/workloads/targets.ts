import type { Workload } from './namespaces.ts';

/** A Deployment or StatefulSet that faults are made on, and a recovery's target. */
export interface BrokenTarget {
  workload: Workload;
  kind: 'Deployment' | 'StatefulSet';
  name: string;
  container: string;
  /** The labels of its own pods, and of no other's. */
  selector: string;
  /** As people call it. */
  title: string;
}

export const AGENT_BRUNO: BrokenTarget = {
  workload: 'agent-bruno',
  kind: 'Deployment',
  name: 'agent-bruno',
  container: 'agent-bruno',
  selector: 'app=agent-bruno',
  title: 'Agent Bruno',
};

export const ZEUS: BrokenTarget = {
  workload: 'kosmos',
  kind: 'Deployment',
  name: 'zeus-orchestrator',
  container: 'zeus',
  selector: 'app=zeus',
  title: 'Zeus',
};

export const RUNTIME: BrokenTarget = {
  workload: 'kosmos',
  kind: 'Deployment',
  name: 'kosmos-agent-runtime',
  container: 'langgraph-runtime',
  selector: 'app=kosmos-agents,agent=kosmos-agent-runtime',
  title: 'the agent runtime',
};

export const HERMES: BrokenTarget = {
  workload: 'kosmos',
  kind: 'StatefulSet',
  name: 'hermes-agent',
  container: 'agent',
  selector: 'app=kosmos-agents,agent=hermes-agent',
  title: 'Hermes',
};
