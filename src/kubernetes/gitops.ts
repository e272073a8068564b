import { KintsugiError } from '../errors.ts';
import type { ObjectRef } from '../recovery/values.ts';
import type { Kubernetes } from './client.ts';
import { type HelmRelease, helmReleaseRef, kustomizationRef, readFlux } from './flux.ts';
import { objectText } from './objects.ts';
import { callOptions } from './transport.ts';
import type { Workload } from './workloads.ts';

/** Who would write over a change made in the cluster, and why. */
export interface GitOpsOwner {
  tool: 'flux-kustomization' | 'flux-helm-release' | 'argo-cd';
  /** `Kustomization flux-system/apps`. */
  owner: string;
  reason: string;
  /** What keeps the owner off this one object; absent where it has no such switch, or where it cannot be told. */
  hold?: { annotation: string; object: ObjectRef };
}

/** What of an object tells its owner; a Job or Pod will do. */
type OwnedObject = Pick<Workload, 'namespace' | 'name' | 'labels' | 'annotations'> & { kind: string };

/** The value by which Flux's switches hold an object. */
export const HELD = 'disabled';

const KUSTOMIZE = 'kustomize.toolkit.fluxcd.io';
const HELM = 'helm.toolkit.fluxcd.io';

/**
 * The GitOps tool that would revert a change to this object, or null (safety 11; the labels and switches are those of
 * Flux's and Argo CD's documentation). What cannot be read counts as owned, with that reason.
 */
export async function findGitOpsOwner(
  kubernetes: Kubernetes,
  workload: OwnedObject,
  signal?: AbortSignal,
): Promise<GitOpsOwner | null> {
  return (
    fluxKustomization(workload) ??
    (await fluxHelmRelease(kubernetes, workload, signal)) ??
    argoTracking(workload) ??
    (await argoInstance(kubernetes, workload, signal))
  );
}

/** The HelmRelease by whose labels Flux finds the object again, whether it corrects drift or not; null where there is none. */
export function helmReleaseOf({ labels, namespace }: OwnedObject): ObjectRef | null {
  const name = labels[`${HELM}/name`];
  return name === undefined ? null : helmReleaseRef(labels[`${HELM}/namespace`] ?? namespace, name);
}

/** Which of Flux's switches hold the object already. */
export function heldBy({ annotations }: OwnedObject): string[] {
  return [`${KUSTOMIZE}/reconcile`, `${HELM}/driftDetection`].filter((key) => annotations[key] === HELD);
}

/** The Helm release, whoever runs it, that installed the object: nothing reverts it until the next upgrade. */
export function findHelmRelease(workload: Workload): string | null {
  const { annotations, labels } = workload;
  const name = annotations['meta.helm.sh/release-name'];
  if (name === undefined && labels['app.kubernetes.io/managed-by'] !== 'Helm') return null;
  const namespace = annotations['meta.helm.sh/release-namespace'] ?? workload.namespace;
  return `${namespace}/${name ?? labels['app.kubernetes.io/instance'] ?? workload.name}`;
}

function fluxKustomization({ labels, annotations }: OwnedObject): GitOpsOwner | null {
  const name = labels[`${KUSTOMIZE}/name`];
  const annotation = `${KUSTOMIZE}/reconcile`;
  if (name === undefined || annotations[annotation] === HELD) return null;
  const object = kustomizationRef(labels[`${KUSTOMIZE}/namespace`] ?? 'flux-system', name);
  const owner = objectText(object);
  const reason = `${owner} (Flux) reverts changes made in the cluster`;
  return { tool: 'flux-kustomization', owner, reason, hold: { annotation, object } };
}

async function fluxHelmRelease(
  kubernetes: Kubernetes,
  workload: OwnedObject,
  signal: AbortSignal | undefined,
): Promise<GitOpsOwner | null> {
  const annotation = `${HELM}/driftDetection`;
  const object = helmReleaseOf(workload);
  if (object === null || workload.annotations[annotation] === HELD) return null;
  const owner = objectText(object);
  const owned = (reason: string): GitOpsOwner => ({ tool: 'flux-helm-release', owner, reason });
  try {
    const { raw } = await readFlux<HelmRelease>(kubernetes, object, signal);
    if (raw.spec.driftDetection?.mode !== 'enabled') return null;
    const reason = `${owner} (Flux) has drift detection on and reverts changes made in the cluster`;
    return { ...owned(reason), hold: { annotation, object } };
  } catch (error) {
    if (!(error instanceof KintsugiError) || error.retryable) throw error;
    if (error.code === 'not-found') return null;
    return owned(`${owner} (Flux) cannot be read (${error.message}): whether it reverts changes is not known`);
  }
}

/** The tracking annotation: Argo CD's default since 3.0. */
function argoTracking({ annotations }: OwnedObject): GitOpsOwner | null {
  const tracking = annotations['argocd.argoproj.io/tracking-id'];
  if (tracking === undefined) return null;
  const owner = `Application ${tracking.split(':')[0]}`;
  return { tool: 'argo-cd', owner, reason: `${owner} (Argo CD) owns the object` };
}

interface Application {
  metadata: { name: string; namespace: string };
  status?: { resources?: { kind: string; namespace?: string; name: string }[] };
}

/** Most Helm charts set the instance label too: it counts only if an Application of that name lists the object. */
async function argoInstance(
  kubernetes: Kubernetes,
  workload: OwnedObject,
  signal: AbortSignal | undefined,
): Promise<GitOpsOwner | null> {
  const instance = workload.labels['app.kubernetes.io/instance'];
  if (instance === undefined || !(await hasArgo(kubernetes, signal))) return null;
  const list: { items: Application[] } = await kubernetes.custom.listClusterCustomObject(
    { group: 'argoproj.io', version: 'v1alpha1', plural: 'applications' },
    callOptions(signal === undefined ? {} : { signal }),
  );
  const application = list.items.find(
    ({ metadata, status }) =>
      metadata.name === instance &&
      status?.resources?.some(
        ({ kind, namespace, name }) =>
          kind === workload.kind && namespace === workload.namespace && name === workload.name,
      ),
  );
  if (application === undefined) return null;
  const owner = `Application ${application.metadata.namespace}/${instance}`;
  return { tool: 'argo-cd', owner, reason: `${owner} (Argo CD) owns the object` };
}

/** Discovery may be read by everybody; listing Applications may not, and is asked only where there are any. */
async function hasArgo(kubernetes: Kubernetes, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    const resources = await kubernetes.custom.getAPIResources(
      { group: 'argoproj.io', version: 'v1alpha1' },
      callOptions(signal === undefined ? {} : { signal }),
    );
    return resources.resources.some(({ name }) => name === 'applications');
  } catch (error) {
    if (error instanceof KintsugiError && error.code === 'not-found') return false;
    throw error;
  }
}
