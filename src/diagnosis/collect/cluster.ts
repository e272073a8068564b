import type { Kubernetes } from '../../kubernetes/client.ts';
import { isFinished, isReady } from '../../kubernetes/pods.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import type { Target } from '../../recovery/values.ts';
import type { ClusterEvidence } from '../evidence/cluster.ts';
import type { Attempt } from './collect.ts';

/** Objects of a kind that are looked through, and those of one sort that are named. */
const MOST_READ = 500;
const MOST_NAMED = 6;
const SYSTEM = 'kube-system';

interface Request {
  kubernetes: Kubernetes;
  target: Target;
  attempt: Attempt;
  signal: AbortSignal;
}

/**
 * Whether the trouble is wider than the target: every node, the pods of kube-system, and what else in the cluster is not as it
 * should be. Five calls; what of it cannot be read is absent, and noted as missing.
 */
export async function readCluster({ kubernetes, target, attempt, signal }: Request): Promise<ClusterEvidence> {
  const { core, apps } = kubernetes;
  const options = callOptions({ signal });
  const limit = { limit: MOST_READ };
  const [nodes, system, deployments, statefulSets, daemonSets] = await Promise.all([
    attempt('nodes of the cluster', async () => (await core.listNode(limit, options)).items, null),
    attempt(
      `pods of ${SYSTEM}`,
      async () => (await core.listNamespacedPod({ namespace: SYSTEM, ...limit }, options)).items,
      null,
    ),
    attempt(
      'deployments of the cluster',
      async () => (await apps.listDeploymentForAllNamespaces(limit, options)).items,
      null,
    ),
    attempt(
      'stateful sets of the cluster',
      async () => (await apps.listStatefulSetForAllNamespaces(limit, options)).items,
      null,
    ),
    attempt(
      'daemon sets of the cluster',
      async () => (await apps.listDaemonSetForAllNamespaces(limit, options)).items,
      null,
    ),
  ]);
  const unwell = (nodes ?? []).filter(
    ({ spec, status }) => spec?.unschedulable === true || !isWell(status?.conditions ?? []),
  );
  const failing = (system ?? []).filter((pod) => !isFinished(pod) && !isReady(pod));
  const others = [
    ...standings(
      'Deployment',
      deployments ?? [],
      ({ spec }) => spec?.replicas ?? 1,
      ({ status }) => status?.readyReplicas,
    ),
    ...standings(
      'StatefulSet',
      statefulSets ?? [],
      ({ spec }) => spec?.replicas ?? 1,
      ({ status }) => status?.readyReplicas,
    ),
    ...standings(
      'DaemonSet',
      daemonSets ?? [],
      ({ status }) => status?.desiredNumberScheduled ?? 0,
      ({ status }) => status?.numberReady,
    ),
  ].filter(({ of, wanted, ready }) => ready < wanted && of !== `${target.namespace}/${target.kind}/${target.name}`);
  return {
    ...(nodes === null
      ? {}
      : {
          nodes: told(
            nodes.length,
            unwell.map(({ metadata }) => metadata?.name ?? ''),
          ),
        }),
    ...(system === null
      ? {}
      : {
          system: told(
            system.length,
            failing.map(({ metadata }) => metadata?.name ?? ''),
          ),
        }),
    ...(deployments === null && statefulSets === null && daemonSets === null
      ? {}
      : {
          others: told(
            others.length,
            others.map(({ of, wanted, ready }) => `${of} ${ready} of ${wanted} ready`),
          ),
        }),
  };
}

function told(count: number, unwell: string[]): { count: number; unwell: string[]; more: number } {
  return { count, unwell: unwell.slice(0, MOST_NAMED), more: Math.max(0, unwell.length - MOST_NAMED) };
}

/** Ready, and under no pressure of any kind. */
function isWell(conditions: readonly { type: string; status: string }[]): boolean {
  return conditions.every(({ type, status }) => (type === 'Ready' ? status === 'True' : status !== 'True'));
}

function standings<T extends { metadata?: { namespace?: string; name?: string } }>(
  kind: string,
  workloads: readonly T[],
  wantedOf: (workload: T) => number,
  readyOf: (workload: T) => number | undefined,
): { of: string; wanted: number; ready: number }[] {
  return workloads.map((workload) => ({
    of: `${workload.metadata?.namespace}/${kind}/${workload.metadata?.name}`,
    wanted: wantedOf(workload),
    ready: readyOf(workload) ?? 0,
  }));
}
