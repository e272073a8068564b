import { type Baseline, seenHealthy } from '../../activities/baseline.ts';
import { isReady } from '../../kubernetes/pods.ts';
import { currentRevision, type OwnedWorkload, type Revision, revisionOfPod } from '../../kubernetes/revisions.ts';

/** A revision to go back to, and what speaks for it; without evidence a person decides (safety 3). */
export type Choice = { revision: Revision; evidence: string | null } | { refusal: { code: string; reason: string } };

/** The last revision known healthy other than the present one, or the numbered one. */
export function chooseRevision(owned: OwnedWorkload, to: 'last-healthy' | number, baseline: Baseline | null): Choice {
  const { workload, revisions } = owned;
  const current = currentRevision(workload, revisions);
  const others = revisions.filter(({ templateHash }) => templateHash !== current?.templateHash);
  if (to !== 'last-healthy') {
    const numbered = revisions.find(({ revision }) => revision === to);
    if (numbered === undefined) return refused('no-such-revision', `revision ${to} is not kept (any more)`);
    return { revision: numbered, evidence: evidenceFor(owned, numbered, baseline) };
  }
  if (current !== undefined && baseline?.templateHash === current.templateHash)
    return refused('is-last-healthy', 'its pod template is the one last seen healthy: going back would not mend it');
  for (const revision of byEvidence(others, baseline)) {
    const evidence = evidenceFor(owned, revision, baseline);
    if (evidence !== null) return { revision, evidence };
  }
  const [previous] = others;
  if (previous === undefined) return refused('no-earlier-revision', 'no revision with another pod template is kept');
  return { revision: previous, evidence: null };
}

/** The last healthy is the one that was seen so last, whatever its number; the others as they came, the newest first. */
function byEvidence(revisions: readonly Revision[], baseline: Baseline | null): Revision[] {
  const seenAt = ({ templateHash }: Revision) => Date.parse(seenHealthy(baseline, templateHash)?.seenAt ?? '') || 0;
  return revisions.toSorted((a, b) => seenAt(b) - seenAt(a));
}

/** A baseline that Kintsugi recorded, or pods of that revision that are ready now; null where neither is. */
export function evidenceFor(owned: OwnedWorkload, revision: Revision, baseline: Baseline | null): string | null {
  const seen = seenHealthy(baseline, revision.templateHash);
  if (seen !== null) return `seen healthy at ${seen.seenAt}`;
  const ready = owned.pods.filter((pod) => isReady(pod) && revisionOfPod(pod, owned.revisions)?.uid === revision.uid);
  return ready.length === 0 ? null : `${ready.length} of its pods are ready now`;
}

function refused(code: string, reason: string): Choice {
  return { refusal: { code, reason } };
}
