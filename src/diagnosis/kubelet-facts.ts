import type { Finding } from '../recovery/values.ts';
import type { ContainerEvidence, PodEvidence } from './evidence/pod.ts';
import type { Evidence } from './evidence.ts';
import { imageFact } from './facts/images.ts';
import { memoryFact } from './facts/memory.ts';
import { podFacts } from './facts/nodes.ts';
import { startFact } from './facts/start.ts';
import { finding } from './finding.ts';
import { describeEnd, lastEnd } from './states.ts';

/**
 * What the kubelet, the scheduler and the controllers themselves say: container states, exit codes, waiting reasons, events.
 * These facts outrank log lines.
 */
export function kubeletFacts(evidence: Evidence): Finding[] {
  return evidence.pods.flatMap((pod) => [
    ...podFacts(evidence, pod),
    ...pod.containers.flatMap((container) => containerFacts(evidence, pod, container)),
  ]);
}

function containerFacts(evidence: Evidence, pod: PodEvidence, container: ContainerEvidence): Finding[] {
  const template = evidence.workload?.containers.find(({ name }) => name === container.name);
  const fact =
    memoryFact(evidence, pod, container, template) ??
    imageFact(evidence, pod, container) ??
    startFact(evidence, pod, container, template) ??
    segmentationFault(pod, container);
  return fact === null ? [] : [fact];
}

/** 128 + SIGSEGV. */
const SEGMENTATION_FAULT = 139;

function segmentationFault(pod: PodEvidence, container: ContainerEvidence): Finding | null {
  const end = lastEnd(container);
  if (end?.exitCode !== SEGMENTATION_FAULT && end?.signal !== 11) return null;
  return finding({
    pod: pod.name,
    container: container.name,
    cause: 'segmentation-fault',
    score: 85,
    summary: `${container.name} was ended by a segmentation fault (exit code 139).`,
    mend: 'A fault in native code: look at what changed in the image.',
    quotes: [{ source: `${pod.name} ${container.name} last state`, text: describeEnd(end) }],
  });
}
