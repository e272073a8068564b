import type { Finding } from '../../recovery/values.ts';
import type { Evidence } from '../evidence.ts';

/** Whether some of the pods that are wanted are ready and some are not. */
export function isDegraded({ workload, pods }: Pick<Evidence, 'workload' | 'pods'>): boolean {
  const ready = readyPods(pods);
  return workload !== null && workload.job === undefined && ready > 0 && ready < workload.desired;
}

/** A finding about a pod, with how many others serve meanwhile. */
export function withDegradation(evidence: Evidence, entry: Finding): Finding {
  const { workload, pods } = evidence;
  if (!entry.root || entry.pod === undefined || workload === null || !isDegraded(evidence)) return entry;
  const summary = `${entry.summary} Degraded: ${readyPods(pods)} of ${workload.desired} pods are ready.`;
  return { ...entry, summary };
}

function readyPods(pods: Evidence['pods']): number {
  return pods.filter(({ ready, deleting }) => ready && !deleting).length;
}
