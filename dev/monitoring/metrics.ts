/** The series that Prometheus takes from the cluster on a development machine, made from what the API server says. */
import type { V1ContainerStatus, V1Deployment, V1Pod } from '@kubernetes/client-node';
import { Counter, Gauge, Registry } from 'prom-client';

const CONTAINER = ['namespace', 'pod', 'uid', 'container'] as const;
const DEPLOYMENT = ['namespace', 'deployment'] as const;

/**
 * Some of kube-state-metrics' series with its names and labels (kube-state-metrics, docs/metrics/workload), in
 * Prometheus' text format. As there, a reason's series exists only while the reason holds, and its value is 1.
 */
export async function stateMetrics(pods: V1Pod[], deployments: V1Deployment[]): Promise<string> {
  const registry = new Registry();
  const registers = [registry];
  const restarts = new Counter({
    name: 'kube_pod_container_status_restarts_total',
    help: 'The number of container restarts per container.',
    labelNames: CONTAINER,
    registers,
  });
  const waiting = new Gauge({
    name: 'kube_pod_container_status_waiting_reason',
    help: 'Describes the reason the container is currently in waiting state.',
    labelNames: [...CONTAINER, 'reason'],
    registers,
  });
  const lastTerminated = new Gauge({
    name: 'kube_pod_container_status_last_terminated_reason',
    help: 'Describes the last reason the container was in terminated state.',
    labelNames: [...CONTAINER, 'reason'],
    registers,
  });
  for (const { labels, status } of containers(pods)) {
    restarts.inc(labels, status.restartCount);
    const waitingReason = status.state?.waiting?.reason;
    if (waitingReason) waiting.set({ ...labels, reason: waitingReason }, 1);
    const terminatedReason = status.lastState?.terminated?.reason;
    if (terminatedReason) lastTerminated.set({ ...labels, reason: terminatedReason }, 1);
  }
  addDeployments(deployments, registers);
  return registry.metrics();
}

function addDeployments(deployments: V1Deployment[], registers: Registry[]): void {
  const available = new Gauge({
    name: 'kube_deployment_status_replicas_available',
    help: 'The number of available replicas per deployment.',
    labelNames: DEPLOYMENT,
    registers,
  });
  const wanted = new Gauge({
    name: 'kube_deployment_spec_replicas',
    help: 'Number of desired pods for a deployment.',
    labelNames: DEPLOYMENT,
    registers,
  });
  for (const { metadata, spec, status } of deployments) {
    const labels = { namespace: metadata?.namespace ?? '', deployment: metadata?.name ?? '' };
    available.set(labels, status?.availableReplicas ?? 0);
    wanted.set(labels, spec?.replicas ?? 1);
  }
}

function containers(pods: V1Pod[]) {
  return pods.flatMap(({ metadata, status }) =>
    (status?.containerStatuses ?? []).map((container: V1ContainerStatus) => ({
      labels: {
        namespace: metadata?.namespace ?? '',
        pod: metadata?.name ?? '',
        uid: metadata?.uid ?? '',
        container: container.name,
      },
      status: container,
    })),
  );
}

/** One entry of Prometheus' HTTP service discovery. */
export interface ScrapeTarget {
  targets: string[];
  labels: Record<string, string>;
}

/**
 * The pods that say by their label that they are Agent Bruno and that run, as targets behind this exporter: it reads
 * their `/metrics` through the API server, which reaches pods where this machine does not.
 * @param address host and port of the exporter
 */
export function programTargets(pods: V1Pod[], address: string): ScrapeTarget[] {
  return pods
    .filter((pod) => pod.metadata?.labels?.app === 'agent-bruno' && pod.status?.phase === 'Running')
    .map(({ metadata }) => {
      const { namespace = '', name = '' } = metadata ?? {};
      return {
        targets: [address],
        labels: { __metrics_path__: `/pods/${namespace}/${name}/metrics`, namespace, pod: name },
      };
    });
}
