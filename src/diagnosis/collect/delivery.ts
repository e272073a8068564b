import type { Kubernetes } from '../../kubernetes/client.ts';
import {
  deployedRelease,
  type HelmRelease,
  type Kustomization,
  kustomizationRef,
  readFlux,
  readiness,
} from '../../kubernetes/flux.ts';
import { helmReleaseOf } from '../../kubernetes/gitops.ts';
import { objectText } from '../../kubernetes/objects.ts';
import type { DeliveryEvidence } from '../evidence/change.ts';
import type { Subject } from './subject.ts';

const KUSTOMIZE = 'kustomize.toolkit.fluxcd.io';

/** What Flux brought last to the target, and when: the release's chart, or the revision of the Kustomization's source. One or two calls. */
export async function readDelivery(
  kubernetes: Kubernetes,
  { workload }: Pick<Subject, 'workload'>,
  signal: AbortSignal,
): Promise<DeliveryEvidence[]> {
  const found: DeliveryEvidence[] = [];
  const release = helmReleaseOf(workload);
  if (release !== null) {
    const { raw } = await readFlux<HelmRelease>(kubernetes, release, signal);
    const deployed = deployedRelease(raw);
    const revision =
      deployed === null ? 'nothing yet' : `chart ${deployed.chartVersion}, release version ${deployed.version}`;
    found.push({
      owner: objectText(release),
      revision,
      ...(deployed?.lastDeployed === undefined ? {} : { at: deployed.lastDeployed }),
      state: readiness(raw).is,
    });
  }
  const name = workload.labels[`${KUSTOMIZE}/name`];
  if (name !== undefined) {
    const ref = kustomizationRef(workload.labels[`${KUSTOMIZE}/namespace`] ?? 'flux-system', name);
    const { raw } = await readFlux<Kustomization>(kubernetes, ref, signal);
    const at = raw.status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime;
    found.push({
      owner: objectText(ref),
      revision: raw.status?.lastAppliedRevision ?? 'nothing yet',
      ...(at === undefined ? {} : { at }),
      state: readiness(raw).is,
    });
  }
  return found;
}
