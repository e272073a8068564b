import type { Finding } from '../../recovery/values.ts';
import { ageSeconds } from '../age.ts';
import type { PodEvidence } from '../evidence/pod.ts';
import type { Evidence } from '../evidence.ts';
import { finding } from '../finding.ts';
import { eventQuote, eventsOf } from '../states.ts';

/** Seconds beyond its grace after which a pod that is to end is stuck. */
const STUCK_SECONDS = 60;
/** Seconds after which a pod that waits without a reason is told as such. */
const WAITING_SECONDS = 120;

/** What people set, and what a workload or pod hangs in: no cause that a remedy could stand for, but to be said. */
export function standingFacts(evidence: Evidence): Finding[] {
  return [
    ...scaledToZero(evidence),
    ...pausedRollout(evidence),
    ...evidence.pods.flatMap((pod) => podStanding(evidence, pod)),
  ];
}

function scaledToZero({ workload, target, pods }: Evidence): Finding[] {
  if (workload === null || workload.desired > 0 || workload.job !== undefined) return [];
  const living = pods.filter(({ deleting }) => !deleting).length;
  const nobody = target.kind === 'DaemonSet' ? 'no node is one of its nodes' : 'its replicas are 0';
  const scale = `kubectl scale ${target.kind.toLowerCase()}/${target.name} -n ${target.namespace} --replicas=N`;
  return [
    finding({
      cause: 'unknown',
      subject: target.kind === 'DaemonSet' ? 'nodes' : 'replicas',
      score: 60,
      summary: `No pod is wanted: ${nobody}${living > 0 ? `, and ${living} still run` : ''}.`,
      mend: target.kind === 'DaemonSet' ? 'Check its nodeSelector and tolerations.' : `To have it run: ${scale}`,
      quotes: [{ source: `${target.kind} ${target.name}`, text: `desired ${workload.desired}` }],
    }),
  ];
}

function pausedRollout({ workload, target, pods }: Evidence): Finding[] {
  if (workload?.paused !== true || pods.length === 0 || pods.every(({ current }) => current)) return [];
  return [
    finding({
      cause: 'unknown',
      subject: 'paused',
      score: 50,
      summary: 'The rollout is paused: what was changed in the template since is not rolled out.',
      mend: `kubectl rollout resume deployment/${target.name} -n ${target.namespace}`,
      quotes: [{ source: `Deployment ${target.name}`, text: 'spec.paused: true' }],
    }),
  ];
}

function podStanding(evidence: Evidence, pod: PodEvidence): Finding[] {
  return [...stuckEnding(evidence, pod), ...readinessGate(pod), ...stuckStarting(evidence, pod)];
}

/** A pod that should have ended long ago: finalizers, a process that cannot be killed, or a kubelet that is away. */
function stuckEnding(evidence: Evidence, pod: PodEvidence): Finding[] {
  if (!pod.deleting || pod.deleteBy === undefined || ageSeconds(evidence, pod.deleteBy) < STUCK_SECONDS) return [];
  const killing = eventsOf(evidence, pod).findLast(({ reason }) => reason === 'FailedKillPod');
  const finalizers = pod.finalizers ?? [];
  const held =
    finalizers.length === 0 ? 'its containers do not end' : `its finalizers ${finalizers.join(', ')} are not done`;
  return [
    finding({
      cause: 'unresponsive',
      pod: pod.name,
      subject: pod.name,
      score: 75,
      summary: `Pod ${pod.name} should have been gone since ${pod.deleteBy}: ${held}.`,
      quotes:
        killing === undefined
          ? [{ source: `${pod.name} deletionTimestamp`, text: pod.deleteBy }]
          : [eventQuote(killing)],
    }),
  ];
}

/** https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-readiness-gate */
function readinessGate(pod: PodEvidence): Finding[] {
  const ready = pod.conditions.find(({ type }) => type === 'Ready');
  if (ready?.status !== 'False' || ready.reason !== 'ReadinessGatesNotReady') return [];
  const gate = /readiness gate "([^"]+)"/.exec(ready.message ?? '')?.[1];
  return [
    finding({
      cause: 'readiness-probe-failure',
      pod: pod.name,
      subject: gate ?? 'readinessGates',
      score: 86,
      summary: `Pod ${pod.name} is not ready although its containers are: readiness gate ${gate ?? ''} is not True.`,
      mend: 'Look at the controller that sets this condition (often a load balancer).',
      quotes: [{ source: `${pod.name} condition Ready`, text: ready.message ?? ready.reason }],
    }),
  ];
}

/** Minutes in ContainerCreating, and nobody says why. */
function stuckStarting(evidence: Evidence, pod: PodEvidence): Finding[] {
  if (
    pod.deleting ||
    ageSeconds(evidence, pod.createdAt) < WAITING_SECONDS ||
    !Number.isFinite(ageSeconds(evidence, pod.createdAt))
  )
    return [];
  const waiting = pod.containers.find(({ state }) => state.kind === 'waiting' && state.reason === 'ContainerCreating');
  if (waiting === undefined) return [];
  const latest = eventsOf(evidence, pod).findLast(({ type }) => type === 'Warning');
  return [
    finding({
      cause: 'unknown',
      pod: pod.name,
      container: waiting.name,
      score: 20,
      summary: `Pod ${pod.name} has been in ContainerCreating since ${pod.createdAt} on node ${pod.node ?? ''}.`,
      mend: latest === undefined ? `Look at the kubelet of node ${pod.node ?? ''}.` : undefined,
      quotes: latest === undefined ? [] : [eventQuote(latest)],
    }),
  ];
}
