import type { Baseline } from '../../activities/baseline.ts';
import { containerStatus } from '../../kubernetes/pods.ts';
import { contentHashes } from '../../kubernetes/references.ts';
import { currentRevision, type OwnedWorkload } from '../../kubernetes/revisions.ts';
import { digestOfImageId } from '../../registry/reference.ts';
import type { ActionContext } from '../action.ts';
import { ask, FINE, together, type Verdict } from './verdict.ts';

/** The image that runs is the one that was healthy, by digest (safety 4, 7). */
export function sameDigests({ pods }: OwnedWorkload, baseline: Baseline): Verdict {
  const verdicts = baseline.containers.map(({ name, digest, image }) => {
    const running = pods.flatMap((pod) => digestOfImageId(containerStatus(pod, name)?.imageID) ?? []);
    if (digest === '' || running.length === 0) return FINE;
    return running.every((one) => one === digest)
      ? FINE
      : ask(`${image} runs in another build than when it was healthy`);
  });
  return together(...verdicts);
}

/** The change came after the target was last seen healthy and before it broke; a revision used before cannot be dated. */
export function changedInBetween(owned: OwnedWorkload, baseline: Baseline, brokenSince: string): Verdict {
  const current = currentRevision(owned.workload, owned.revisions);
  if (current === undefined) return ask('when the present template came is not known');
  const changed = Date.parse(current.createdAt);
  if (changed < Math.floor(Date.parse(baseline.seenAt) / 1000) * 1000)
    return ask(`the present template (${current.createdAt}) is older than the last healthy look (${baseline.seenAt})`);
  if (changed > Date.parse(brokenSince))
    return ask(`the present template came at ${current.createdAt}, after it broke`);
  return FINE;
}

/** ConfigMaps and Secrets that the template refers to have the content with which it was healthy (safety 7). */
export async function sameContents(
  { kubernetes, secrets, signal }: ActionContext,
  { workload }: OwnedWorkload,
  baseline: Baseline,
): Promise<Verdict> {
  const now = await contentHashes(kubernetes, workload.namespace, workload.template, secrets.hmac, signal);
  const changed = Object.keys(now).filter((name) => {
    const then = baseline.references[name];
    return then !== undefined && then !== now[name];
  });
  return changed.length === 0 ? FINE : ask(`${changed.join(', ')} changed too since it was healthy`);
}
