import type { V1Pod } from '@kubernetes/client-node';
import type { Baseline } from '../../activities/baseline.ts';
import { isReady } from '../../kubernetes/pods.ts';
import type { OwnedWorkload, Revision } from '../../kubernetes/revisions.ts';
import { revisionOfPod } from '../../kubernetes/revisions.ts';
import { tagMoved } from '../../registry/tag-moved.ts';
import type { ActionContext } from '../action.ts';
import { FINE, together, type Verdict } from './verdict.ts';

/**
 * With a moving tag a new pod may be a deploy (safety 4): asks where running, healthy and registry digest of any container
 * differ, or cannot be known.
 */
export async function sameImages(context: ActionContext, pods: readonly V1Pod[]): Promise<Verdict> {
  const pod = pods.find(isReady) ?? pods.at(-1);
  if (pod === undefined) return FINE;
  return compare(context, pod, await readBaseline(context));
}

/** The same for going back to a revision: what it ran when it was healthy must be what its tag stands for now. */
export async function sameImagesIn(
  context: ActionContext,
  owned: OwnedWorkload,
  revision: Revision,
  baseline: Baseline | null,
): Promise<Verdict> {
  const { spec } = revision.template;
  const running = owned.pods.find((pod) => isReady(pod) && revisionOfPod(pod, owned.revisions)?.uid === revision.uid);
  const pod = running ?? { metadata: { namespace: owned.workload.namespace }, ...(spec === undefined ? {} : { spec }) };
  return compare(context, pod, baseline?.templateHash === revision.templateHash ? baseline : null);
}

async function compare(context: ActionContext, pod: V1Pod, baseline: Baseline | null): Promise<Verdict> {
  const containers = pod.spec?.containers ?? [];
  const verdicts = await Promise.all(
    containers.map(async ({ name }): Promise<Verdict> => {
      const healthyDigest = baseline?.containers.find((container) => container.name === name)?.digest;
      const comparison = await tagMoved(context.kubernetes, {
        pod,
        container: name,
        ...(healthyDigest === undefined || healthyDigest === '' ? {} : { healthyDigest }),
        mirrors: context.mirrors,
        signal: context.signal,
      });
      return comparison.moved === false ? FINE : { asks: [`a new pod may run another image: ${comparison.saw}`] };
    }),
  );
  return together(...verdicts);
}

/** The baseline only sharpens the comparison: one that cannot be read is as good as none. */
async function readBaseline(context: ActionContext): Promise<Baseline | null> {
  try {
    return await context.baselines.read(context.target);
  } catch {
    return null;
  }
}
