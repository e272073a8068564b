import type { Finding } from '../recovery/values.ts';
import type { Evidence } from './evidence.ts';
import { creationFacts } from './facts/creation.ts';
import { jobFacts } from './facts/jobs.ts';
import { nodeFacts } from './facts/nodes.ts';
import { referenceFacts } from './facts/references.ts';
import { schedulingFacts } from './facts/scheduling.ts';
import { serviceFacts } from './facts/services.ts';
import { standingFacts } from './facts/standing.ts';
import { volumeFacts } from './facts/volumes.ts';

/** What keeps pods from being made, placed, given their volumes, or reached: said by controllers, scheduler and nodes. */
export function clusterFacts(evidence: Evidence): Finding[] {
  return [
    ...creationFacts(evidence),
    ...evidence.pods.flatMap((pod) => [...schedulingFacts(evidence, pod), ...volumeFacts(evidence, pod)]),
    ...nodeFacts(evidence),
    ...referenceFacts(evidence),
    ...serviceFacts(evidence),
    ...jobFacts(evidence),
    ...standingFacts(evidence),
  ];
}
