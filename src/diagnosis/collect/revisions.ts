import { type Baseline, seenHealthy } from '../../activities/baseline.ts';
import { containerStatus, isReady } from '../../kubernetes/pods.ts';
import { currentRevision, revisionOfPod } from '../../kubernetes/revisions.ts';
import { digestOfImageId, parseImage } from '../../registry/reference.ts';
import type { RevisionEvidence } from '../evidence/change.ts';
import type { Subject } from './subject.ts';

const MOST_REVISIONS = 10;
const CHANGE_CAUSE = 'kubernetes.io/change-cause';

/** The rollout history, newest first. */
export function revisionEvidence(
  { workload, revisions, pods }: Pick<Subject, 'workload' | 'revisions' | 'pods'>,
  baseline: Baseline | null,
): RevisionEvidence[] {
  const current = currentRevision(workload, revisions);
  return revisions.slice(0, MOST_REVISIONS).map((revision) => {
    const own = pods.filter((pod) => revisionOfPod(pod, revisions)?.uid === revision.uid);
    const isCurrent = revision.uid === current?.uid;
    const cause = (isCurrent ? workload.annotations[CHANGE_CAUSE] : undefined) ?? revision.changeCause;
    const containers = revision.template.spec?.containers ?? [];
    const seen = seenHealthy(baseline, revision.templateHash);
    return {
      revision: String(revision.revision),
      name: revision.name,
      createdAt: revision.createdAt,
      ...(cause === undefined ? {} : { changeCause: cause }),
      images: containers.map(({ image = '' }) => image),
      digests: containers.map(({ name, image = '' }) => {
        const ran = own.flatMap((pod) => digestOfImageId(containerStatus(pod, name)?.imageID) ?? []).at(-1);
        return parseImage(image)?.digest ?? ran ?? seen?.digests[name] ?? '';
      }),
      replicas: own.length,
      ready: own.filter(isReady).length,
      current: isCurrent,
      healthyBaseline: baseline?.templateHash === revision.templateHash,
      ...(seen === null ? {} : { seenHealthyAt: seen.seenAt }),
    };
  });
}
