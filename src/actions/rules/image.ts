import type { V1Pod } from '@kubernetes/client-node';
import { type Baseline, seenHealthy } from '../../activities/baseline.ts';
import { isReady } from '../../kubernetes/pods.ts';
import type { OwnedWorkload, Revision } from '../../kubernetes/revisions.ts';
import { revisionOfPod } from '../../kubernetes/revisions.ts';
import type { Workload } from '../../kubernetes/workloads.ts';
import { askPull } from '../../registry/pull.ts';
import { namedPullSecrets } from '../../registry/pull-secrets.ts';
import { tagMoved } from '../../registry/tag-moved.ts';
import type { ActionContext } from '../action.ts';
import { plannedCopies } from '../plan/copies.ts';
import { FINE, refuse, together, type Verdict } from './verdict.ts';

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
  const seen = seenHealthy(baseline, revision.templateHash);
  const containers = Object.entries(seen?.digests ?? {}).map(([name, digest]) => ({ name, digest }));
  return compare(context, pod, { containers });
}

/** The same for a template that is about to be rolled out: of what it pins by digest nothing can move. */
export async function sameImagesAfter(
  context: ActionContext,
  owned: OwnedWorkload,
  template: Workload['template'],
  baseline: Baseline | null,
): Promise<Verdict> {
  return compare(context, asPod(owned, template), baseline);
}

/** The registry has exactly this image, and the pods of this template may pull it; else it is refused with what it says. */
export async function imageIsThere(
  context: ActionContext,
  owned: OwnedWorkload,
  template: Workload['template'],
  image: string,
): Promise<Verdict> {
  const { kubernetes, mirrors, signal } = context;
  const pod = asPod(owned, template);
  const standIns = plannedCopies(context.earlier, owned.workload.namespace);
  const { kind, saw } = await askPull(image, await namedPullSecrets(kubernetes, pod, { standIns, signal }), {
    mirrors,
    signal,
  });
  if (kind === 'pullable') return FINE;
  return refuse(kind === 'no-image' ? 'image-gone' : 'not-pullable', saw);
}

/** A pod as this template makes it; the pull secrets of its ServiceAccount are known from a pod that was made before. */
export function asPod({ workload, pods }: OwnedWorkload, { spec }: Workload['template']): V1Pod {
  const made = pods.findLast((pod) => (pod.spec?.imagePullSecrets ?? []).length > 0)?.spec?.imagePullSecrets;
  const imagePullSecrets = spec?.imagePullSecrets ?? made;
  const withSecrets = imagePullSecrets === undefined ? {} : { imagePullSecrets };
  const status = pods.find(isReady)?.status ?? pods.at(-1)?.status;
  return {
    metadata: { namespace: workload.namespace },
    ...(spec === undefined ? {} : { spec: { ...spec, ...withSecrets } }),
    ...(status === undefined ? {} : { status }),
  };
}

/** What ran when it was healthy, by container. */
type Digests = { containers: { name: string; digest: string }[] };

async function compare(context: ActionContext, pod: V1Pod, healthy: Digests | null): Promise<Verdict> {
  const containers = pod.spec?.containers ?? [];
  const verdicts = await Promise.all(
    containers.map(async ({ name }): Promise<Verdict> => {
      const healthyDigest = healthy?.containers.find((container) => container.name === name)?.digest;
      const comparison = await tagMoved(context.kubernetes, {
        pod,
        container: name,
        ...(healthyDigest === undefined || healthyDigest === '' ? {} : { healthyDigest }),
        mirrors: context.mirrors,
        standIns: plannedCopies(context.earlier, context.target.namespace),
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
