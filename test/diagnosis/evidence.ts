import type { DependencyEvidence } from '../../src/diagnosis/evidence/connection.ts';
import type { ContainerEvidence, EventEvidence, PodEvidence } from '../../src/diagnosis/evidence/pod.ts';
import { type Evidence, emptyEvidence } from '../../src/diagnosis/evidence.ts';

/** Evidence of one Deployment `bruno/agent-bruno`, as far as a test says otherwise. */
export function evidence(parts: Partial<Evidence> = {}): Evidence {
  return {
    ...emptyEvidence({ namespace: 'bruno', kind: 'Deployment', name: 'agent-bruno' }, '2026-01-01T00:00:00.000Z'),
    ...parts,
  };
}

/** A pod that is not ready, with one container of the given state. */
export function pod(container: Partial<ContainerEvidence>, parts: Partial<PodEvidence> = {}): PodEvidence {
  return {
    name: 'agent-bruno-1',
    uid: 'uid-1',
    phase: 'Running',
    revision: '1',
    current: true,
    node: 'node-1',
    createdAt: '2026-01-01T00:00:00.000Z',
    ready: false,
    deleting: false,
    conditions: [],
    containers: [
      {
        name: 'agent-bruno',
        role: 'main',
        image: 'ghcr.io/brunovlucena/agent-bruno:latest',
        digest: '',
        ready: false,
        started: false,
        restarts: 3,
        state: { kind: 'waiting', reason: 'CrashLoopBackOff' },
        logs: {},
        ...container,
      },
    ],
    ...parts,
  };
}

/** A container that ended with this exit code, and what it logged. */
export function ended(exitCode: number, log = '', reason = 'Error'): Partial<ContainerEvidence> {
  return {
    lastState: { kind: 'terminated', reason, exitCode },
    logs: log === '' ? {} : { previous: { text: log, cut: false } },
  };
}

export function dependency(parts: Partial<DependencyEvidence> = {}): DependencyEvidence {
  return {
    name: 'redis',
    type: 'redis',
    namespace: 'redis',
    selector: 'app.kubernetes.io/name=redis',
    podsFound: 1,
    podsReady: 1,
    notReady: [],
    endpointsReady: 1,
    env: 'REDIS_URL',
    hosts: ['redis-master.redis.svc.cluster.local'],
    known: true,
    ...parts,
  };
}

/** What a program without a module, and one that finds no Redis, log as their last line. */
export const MODULE_MISSING = "ModuleNotFoundError: No module named 'fastapi'\n";
export const REDIS_REFUSED =
  'redis.exceptions.ConnectionError: Error 111 connecting to redis-master.redis.svc.cluster.local:6379. Connection refused.\n';

/** What the kubelet says when it ends a container for its liveness probe. */
export const killedByLiveness: EventEvidence = {
  type: 'Normal',
  reason: 'Killing',
  message: 'Container agent-bruno failed liveness probe, will be restarted',
};
