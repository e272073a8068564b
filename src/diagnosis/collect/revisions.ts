import type { Baseline } from '../../activities/baseline.ts';
import { isReady } from '../../kubernetes/pods.ts';
import { currentRevision, revisionOfPod } from '../../kubernetes/revisions.ts';
import type { RevisionEvidence } from '../evidence.ts';
import type { Subject } from './subject.ts';

const MOST_REVISIONS = 10;
const CHANGE_CAUSE = 'kubernetes.io/change-cause';

/** The rollout history, newest first. */
export function revisionEvidence(
  { workload, revisions, pods }: Subject,
  baseline: Baseline | null,
): RevisionEvidence[] {
  const current = currentRevision(workload, revisions);
  return revisions.slice(0, MOST_REVISIONS).map((revision) => {
    const own = pods.filter((pod) => revisionOfPod(pod, revisions)?.uid === revision.uid);
    const cause = revision.uid === current?.uid ? workload.annotations[CHANGE_CAUSE] : undefined;
    return {
      revision: String(revision.revision),
      name: revision.name,
      createdAt: revision.createdAt,
      ...(cause === undefined ? {} : { changeCause: cause }),
      images: (revision.template.spec?.containers ?? []).map(({ image = '' }) => image),
      replicas: own.length,
      ready: own.filter(isReady).length,
      current: revision.uid === current?.uid,
      healthyBaseline: baseline?.templateHash === revision.templateHash,
    };
  });
}
