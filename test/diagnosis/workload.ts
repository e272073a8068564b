import type { ContainerTemplate, WorkloadEvidence } from '../../src/diagnosis/evidence/workload.ts';

/** The container `agent-bruno` as its template has it, without command, limits and probes. */
export function container(parts: Partial<ContainerTemplate> = {}): ContainerTemplate {
  return {
    name: 'agent-bruno',
    role: 'main',
    image: 'ghcr.io/brunovlucena/agent-bruno:latest',
    command: [],
    args: [],
    env: [],
    resources: { requests: {}, limits: {} },
    probes: {},
    securityContext: {},
    ...parts,
  };
}

/** The workload `agent-bruno` with that one container, which has memory to use, as far as a test says otherwise. */
export function workload(own: Partial<ContainerTemplate>, parts: Partial<WorkloadEvidence> = {}): WorkloadEvidence {
  return {
    uid: 'w',
    generation: 1,
    observedGeneration: 1,
    desired: 1,
    ready: 0,
    updated: 1,
    unavailable: 1,
    paused: false,
    revision: '2',
    serviceAccount: 'default',
    conditions: [],
    gitops: null,
    autoscaler: null,
    annotations: {},
    containers: [container({ resources: { requests: { memory: '256Mi' }, limits: { memory: '1Gi' } }, ...own })],
    ...parts,
  };
}
