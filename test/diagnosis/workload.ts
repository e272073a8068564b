import type { ContainerTemplate, WorkloadEvidence } from '../../src/diagnosis/evidence/workload.ts';

/** The workload `agent-bruno` with one container, as far as a test says otherwise. */
export function workload(
  container: Partial<ContainerTemplate>,
  parts: Partial<WorkloadEvidence> = {},
): WorkloadEvidence {
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
    containers: [
      {
        name: 'agent-bruno',
        role: 'main',
        image: 'i:1',
        command: [],
        args: [],
        env: [],
        resources: { requests: { memory: '256Mi' }, limits: { memory: '1Gi' } },
        probes: {},
        securityContext: {},
        ...container,
      },
    ],
    ...parts,
  };
}
