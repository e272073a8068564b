import type { V1Service, V2HorizontalPodAutoscaler } from '@kubernetes/client-node';
import { readOwned } from '../../kubernetes/revisions.ts';
import { selectorMatches } from '../../kubernetes/selector.ts';
import { toJson } from '../../kubernetes/template.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import { claimsIn, readClaim } from '../../kubernetes/volumes.ts';
import type { ActionContext } from '../action.ts';
import { manifestOf } from '../volume/manifest.ts';
import { deletedClaim } from './deleted-claim.ts';
import { type Manifest, toManifest } from './parse.ts';

/**
 * The target as it is, with the Services that select its pods, its HorizontalPodAutoscaler, and the claims that its template
 * names: recorded by the plan, they are there again after it, whatever becomes of them in between.
 */
export async function liveManifests(context: ActionContext): Promise<Manifest[]> {
  const { kubernetes, target, signal } = context;
  const { namespace } = target;
  const { workload } = await readOwned(kubernetes, target, signal);
  const services = await kubernetes.core.listNamespacedService({ namespace }, callOptions({ signal }));
  const scalers = await kubernetes.autoscaling.listNamespacedHorizontalPodAutoscaler(
    { namespace },
    callOptions({ signal }),
  );
  const labels = workload.template.metadata?.labels ?? {};
  const found: object[] = [
    { ...workload.raw, apiVersion: 'apps/v1', kind: workload.kind },
    ...services.items.filter((service) => selects(service, labels)).map(asService),
    ...scalers.items.filter((scaler) => isFor(scaler, target)).map(asScaler),
    ...(await claimsOf(context, claimsIn(workload.template.spec))),
  ];
  return found.map((item) => {
    const manifest = toManifest(toJson(item), '', namespace);
    return { ...manifest, where: `live ${manifest.ref.kind} ${namespace}/${manifest.ref.name}` };
  });
}

function selects({ spec }: V1Service, labels: Record<string, string>): boolean {
  const selector = Object.entries(spec?.selector ?? {}).map(([key, value]) => `${key}=${value}`);
  return selector.length > 0 && selectorMatches(selector.join(','), labels);
}

function isFor({ spec }: V2HorizontalPodAutoscaler, { kind, name }: { kind: string; name: string }): boolean {
  return spec?.scaleTargetRef.kind === kind && spec.scaleTargetRef.name === name;
}

/** A list does not say again what its items are. */
function asService(service: V1Service): object {
  return { ...service, apiVersion: 'v1', kind: 'Service' };
}

function asScaler(scaler: V2HorizontalPodAutoscaler): object {
  return { ...scaler, apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' };
}

/** A claim that the remedy deletes is the one that its plan recorded, also when it is planned again after that. */
async function claimsOf(context: ActionContext, names: readonly string[]): Promise<object[]> {
  const { kubernetes, target, signal } = context;
  const { namespace } = target;
  const claims = await Promise.all(
    names.map(async (name) => {
      const live = await readClaim(kubernetes, { namespace, name }, signal);
      const manifest = deletedClaim(context.earlier, name)?.former ?? (live === null ? null : manifestOf(live));
      return manifest === null ? [] : [{ name, manifest }];
    }),
  );
  return claims.flat().map(({ name, manifest: { labels, annotations, spec } }) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace, labels, annotations },
    spec,
  }));
}
