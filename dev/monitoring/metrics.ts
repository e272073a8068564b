/** The series that Prometheus takes from the cluster on a development machine, made from what the API server says. */
import type { V1ContainerStatus, V1Deployment, V1Pod, V1StatefulSet } from '@kubernetes/client-node';
import { Counter, Gauge, Registry } from 'prom-client';

const POD = ['namespace', 'pod', 'uid'] as const;
const CONTAINER = [...POD, 'container'] as const;

/** What the series are made of. */
export interface ClusterObjects {
  pods?: V1Pod[];
  deployments?: V1Deployment[];
  statefulSets?: V1StatefulSet[];
}

/**
 * Some of kube-state-metrics' series with its names and labels (kube-state-metrics, docs/metrics/workload), in
 * Prometheus' text format. As there, a reason's series exists only while the reason holds, and its value is 1.
 */
export async function stateMetrics({
  pods = [],
  deployments = [],
  statefulSets = [],
}: ClusterObjects): Promise<string> {
  const registry = new Registry();
  addContainers(pods, [registry]);
  addPods(pods, [registry]);
  addDeployments(deployments, [registry]);
  addStatefulSets(statefulSets, [registry]);
  return registry.metrics();
}

function addContainers(pods: V1Pod[], registers: Registry[]): void {
  const gauge = (name: string, help: string, labelNames: readonly string[] = CONTAINER) =>
    new Gauge({ name: `kube_pod_container_${name}`, help, labelNames, registers });
  const restarts = new Counter({
    name: 'kube_pod_container_status_restarts_total',
    help: 'The number of container restarts per container.',
    labelNames: CONTAINER,
    registers,
  });
  const withReason = [...CONTAINER, 'reason'];
  const running = gauge('status_running', 'Describes whether the container is currently in running state.');
  const started = gauge('state_started', 'Start time in unix timestamp for a pod container.');
  const waiting = gauge(
    'status_waiting_reason',
    'Describes the reason the container is currently in waiting state.',
    withReason,
  );
  const lastTerminated = gauge(
    'status_last_terminated_reason',
    'Describes the last reason the container was in terminated state.',
    withReason,
  );
  for (const { labels, status } of containers(pods)) {
    restarts.inc(labels, status.restartCount);
    running.set(labels, status.state?.running === undefined ? 0 : 1);
    const startedAt = status.state?.running?.startedAt;
    if (startedAt) started.set(labels, startedAt.getTime() / 1000);
    const waitingReason = status.state?.waiting?.reason;
    if (waitingReason) waiting.set({ ...labels, reason: waitingReason }, 1);
    const terminatedReason = status.lastState?.terminated?.reason;
    if (terminatedReason) lastTerminated.set({ ...labels, reason: terminatedReason }, 1);
  }
}

function addPods(pods: V1Pod[], registers: Registry[]): void {
  const ready = new Gauge({
    name: 'kube_pod_status_ready',
    help: 'Describes whether the pod is ready to serve requests.',
    labelNames: [...POD, 'condition'],
    registers,
  });
  const deleted = new Gauge({
    name: 'kube_pod_deletion_timestamp',
    help: 'Unix deletion timestamp.',
    labelNames: POD,
    registers,
  });
  for (const pod of pods) {
    const labels = podLabels(pod);
    const condition = pod.status?.conditions?.find(({ type }) => type === 'Ready');
    // One series for each value, as of every condition there; none before there is a condition.
    for (const value of condition === undefined ? [] : ['True', 'False', 'Unknown'])
      ready.set({ ...labels, condition: value.toLowerCase() }, condition?.status === value ? 1 : 0);
    const deletedAt = pod.metadata?.deletionTimestamp;
    if (deletedAt) deleted.set(labels, deletedAt.getTime() / 1000);
  }
}

function addDeployments(deployments: V1Deployment[], registers: Registry[]): void {
  const labelNames = ['namespace', 'deployment'];
  const available = new Gauge({
    name: 'kube_deployment_status_replicas_available',
    help: 'The number of available replicas per deployment.',
    labelNames,
    registers,
  });
  const wanted = new Gauge({
    name: 'kube_deployment_spec_replicas',
    help: 'Number of desired pods for a deployment.',
    labelNames,
    registers,
  });
  for (const { metadata, spec, status } of deployments) {
    const labels = { namespace: metadata?.namespace ?? '', deployment: metadata?.name ?? '' };
    available.set(labels, status?.availableReplicas ?? 0);
    wanted.set(labels, spec?.replicas ?? 1);
  }
}

function addStatefulSets(statefulSets: V1StatefulSet[], registers: Registry[]): void {
  const labelNames = ['namespace', 'statefulset'];
  const ready = new Gauge({
    name: 'kube_statefulset_status_replicas_ready',
    help: 'The number of ready replicas per StatefulSet.',
    labelNames,
    registers,
  });
  const wanted = new Gauge({
    name: 'kube_statefulset_replicas',
    help: 'Number of desired pods for a StatefulSet.',
    labelNames,
    registers,
  });
  for (const { metadata, spec, status } of statefulSets) {
    const labels = { namespace: metadata?.namespace ?? '', statefulset: metadata?.name ?? '' };
    ready.set(labels, status?.readyReplicas ?? 0);
    wanted.set(labels, spec?.replicas ?? 1);
  }
}

function podLabels({ metadata }: V1Pod): Record<(typeof POD)[number], string> {
  return { namespace: metadata?.namespace ?? '', pod: metadata?.name ?? '', uid: metadata?.uid ?? '' };
}

function containers(pods: V1Pod[]) {
  return pods.flatMap((pod) =>
    (pod.status?.containerStatuses ?? []).map((status: V1ContainerStatus) => ({
      labels: { ...podLabels(pod), container: status.name },
      status,
    })),
  );
}
