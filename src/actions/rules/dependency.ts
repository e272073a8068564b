import { z } from 'zod';
import { findHelmRelease } from '../../kubernetes/gitops.ts';
import { objectText } from '../../kubernetes/objects.ts';
import { controllerOf } from '../../kubernetes/owner.ts';
import { toJson } from '../../kubernetes/template.ts';
import type { Workload } from '../../kubernetes/workloads.ts';
import type { Dependency } from '../../runbook/schema.ts';
import { ask, FINE, type Verdict } from './verdict.ts';

/** A shared dependency that a release or an operator owns is not changed without a person (safety 10). */
export function ownedByNobody(workloads: readonly Workload[]): Verdict {
  const released = workloads.flatMap((workload) => {
    const release = findHelmRelease(workload) ?? workload.labels['helm.toolkit.fluxcd.io/name'];
    return release === undefined
      ? []
      : [`release ${release} owns ${objectText(workload.ref)}, which others may depend on`];
  });
  const operated = workloads.flatMap((workload) => {
    const owner = controllerOf(workload.raw.metadata.ownerReferences);
    return owner === undefined ? [] : [`${owner.kind} ${owner.name} operates ${objectText(workload.ref)}`];
  });
  return ask(...released, ...operated);
}

/** Whether a dependency's data outlives its pods: on a claim, of the template or of a StatefulSet's own, or declared disposable. */
export function dataOutlivesPods(dependency: Dependency, workload: Workload): Verdict {
  if (dependency.data === 'disposable') return FINE;
  const volumes = workload.template.spec?.volumes ?? [];
  if (volumes.some(({ persistentVolumeClaim }) => persistentVolumeClaim !== undefined)) return FINE;
  const own = ofClaims.safeParse(toJson(workload.raw.spec));
  if (own.success) return FINE;
  return ask(`${objectText(workload.ref)} keeps its data on no claim: it would start empty`);
}

const ofClaims = z.looseObject({ volumeClaimTemplates: z.array(z.looseObject({})).min(1) });
