import type { Finding } from '../../recovery/values.ts';
import type { ContainerEvidence, PodEvidence } from '../evidence/pod.ts';
import type { ContainerTemplate } from '../evidence/workload.ts';
import type { Evidence } from '../evidence.ts';
import { finding } from '../finding.ts';
import { describeEnd, eventQuote, eventsOf, lastEnd } from '../states.ts';

/**
 * The kernel ended the container for memory: for its own limit, or, where it has none, for its node's. Says what was last
 * measured of it and how old that was, since what is asked next is how much it needs.
 */
export function memoryFact(
  evidence: Evidence,
  pod: PodEvidence,
  container: ContainerEvidence,
  template: ContainerTemplate | undefined,
): Finding | null {
  const end = lastEnd(container);
  const killing = eventsOf(evidence, pod, container).findLast(({ reason }) => reason === 'OOMKilling');
  if (end?.reason !== 'OOMKilled' && killing === undefined) return null;
  const limit = template?.resources.limits.memory;
  const node = evidence.nodes.find(({ name }) => name === pod.node);
  const short = node?.pressure.includes('MemoryPressure') === true;
  const code = end?.exitCode === undefined ? '' : `, exit code ${end.exitCode}`;
  const where =
    template !== undefined && limit === undefined
      ? `was killed because its node ${pod.node ?? ''} ran out of memory: it has no limit of its own (OOMKilled${code})`
      : `was killed at its memory limit${limit === undefined ? '' : ` of ${limit}`} (OOMKilled${code})${short ? `, on node ${pod.node}, which is short of memory itself` : ''}`;
  return finding({
    pod: pod.name,
    container: container.name,
    cause: 'oom-killed',
    score: 100,
    summary: `${container.name} ${where}.`,
    mend: measured(container),
    quotes: [
      { source: `${pod.name} ${container.name} last state`, text: describeEnd(end) },
      ...(killing === undefined ? [] : [eventQuote(killing)]),
    ],
  });
}

/** "Its last working set was 118 MiB, measured 12 s before." */
function measured({ lastWorkingSet }: ContainerEvidence): string | undefined {
  if (lastWorkingSet === undefined) return undefined;
  if (lastWorkingSet === 'unknown') return 'Its last working set is unknown.';
  const { bytes, ageSeconds } = lastWorkingSet;
  return `Its last working set was ${Math.round(bytes / 1024 / 1024)}Mi, measured ${ageSeconds} s before.`;
}
