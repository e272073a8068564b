import { KintsugiError } from '../errors.ts';
import type { ObjectRef } from '../recovery/values.ts';
import type { Kubernetes } from './client.ts';
import { type LiveObject, type RawObject, readLive } from './objects.ts';
import { callOptions } from './transport.ts';

/** Flux's objects as far as they are read here: https://fluxcd.io/flux/components/helm/api/v2/, .../kustomize/api/v1/ */

interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  observedGeneration?: number;
  lastTransitionTime?: string;
}

interface FluxObject extends RawObject {
  spec: { suspend?: boolean };
  status?: { observedGeneration?: number; lastHandledReconcileAt?: string; conditions?: Condition[] };
}

/** One installed version of a release, the newest first in the status. */
interface ReleaseSnapshot {
  name: string;
  version: number;
  status: string;
  chartVersion: string;
  configDigest: string;
  ociDigest?: string;
  lastDeployed?: string;
}

export interface HelmRelease extends FluxObject {
  spec: {
    suspend?: boolean;
    chartRef?: { kind: string; name: string; namespace?: string };
    valuesFrom?: object[];
    driftDetection?: { mode?: string };
    upgrade?: { force?: boolean; remediation?: { strategy?: string } };
  };
  status?: FluxObject['status'] & {
    helmChart?: string;
    storageNamespace?: string;
    lastAttemptedConfigDigest?: string;
    history?: ReleaseSnapshot[];
  };
}

export interface Kustomization extends FluxObject {
  spec: {
    suspend?: boolean;
    path?: string;
    sourceRef: { kind: string; name: string; namespace?: string };
    patches?: object[];
    images?: object[];
    components?: string[];
    postBuild?: object;
    namePrefix?: string;
    nameSuffix?: string;
  };
  status?: FluxObject['status'] & { lastAppliedRevision?: string };
}

/** What a source offers: https://fluxcd.io/flux/components/source/api/v1/#source.toolkit.fluxcd.io/v1.Artifact */
export interface Artifact {
  url: string;
  digest: string;
  revision: string;
}

export function helmReleaseRef(namespace: string, name: string): ObjectRef {
  return { apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease', namespace, name };
}

export function kustomizationRef(namespace: string, name: string): ObjectRef {
  return { apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization', namespace, name };
}

/** A HelmRelease or Kustomization. @throws KintsugiError `not-found` where it is not, or no Flux is installed */
export function readFlux<Raw extends HelmRelease | Kustomization>(
  kubernetes: Kubernetes,
  ref: ObjectRef,
  signal?: AbortSignal,
): Promise<LiveObject & { raw: Raw }> {
  return readLive<Raw>(kubernetes, ref, signal);
}

/** How an object's controller sees it: current and ready, failed, or not done with its last change. */
export function readiness({ metadata, status }: FluxObject): { is: 'ready' | 'failing' | 'progressing'; saw: string } {
  const conditions = status?.conditions ?? [];
  const ready = conditions.find(({ type }) => type === 'Ready');
  const stalled = conditions.find(({ type, status: value }) => type === 'Stalled' && value === 'True');
  const observed = ready?.observedGeneration ?? status?.observedGeneration ?? 0;
  const told = [stalled, ready].flatMap((condition) => (condition === undefined ? [] : [conditionText(condition)]));
  const saw = [...new Set(told)].join('; ') || 'it has no Ready condition yet';
  if (observed < (metadata.generation ?? 0))
    return { is: 'progressing', saw: `its last change is not applied yet (${saw})` };
  if (stalled !== undefined || ready?.status === 'False') return { is: 'failing', saw };
  return { is: ready?.status === 'True' ? 'ready' : 'progressing', saw };
}

function conditionText({ type, reason = type, message = '' }: Condition): string {
  return `${reason}: ${message}`;
}

/** The chart version that is deployed now, or null before the first install. */
export function deployedRelease({ status }: HelmRelease): ReleaseSnapshot | null {
  return status?.history?.[0] ?? null;
}

/** Where the release's chart comes from: `chartRef`, or the HelmChart that the controller made of `chart`. */
export function chartSourceOf({ metadata, spec, status }: HelmRelease): SourceRef | null {
  if (spec.chartRef !== undefined)
    return { ...spec.chartRef, namespace: spec.chartRef.namespace ?? metadata.namespace };
  const [namespace = '', name] = status?.helmChart?.split('/') ?? [];
  return name === undefined ? null : { kind: 'HelmChart', namespace, name };
}

export interface SourceRef {
  kind: string;
  namespace: string;
  name: string;
}

const SOURCES: Record<string, string> = {
  GitRepository: 'gitrepositories',
  OCIRepository: 'ocirepositories',
  Bucket: 'buckets',
  HelmChart: 'helmcharts',
  ExternalArtifact: 'externalartifacts',
};

/** The artifact that a source offers now; a text says why there is none to be seen. */
export async function readArtifact(
  kubernetes: Kubernetes,
  { kind, namespace, name }: SourceRef,
  signal?: AbortSignal,
): Promise<Artifact | string> {
  const where = `${kind} ${namespace}/${name}`;
  const plural = SOURCES[kind];
  if (plural === undefined) return `${where} is no source that is known here`;
  try {
    const source: { status?: { artifact?: Artifact } } = await kubernetes.custom.getNamespacedCustomObject(
      { group: 'source.toolkit.fluxcd.io', version: 'v1', plural, namespace, name },
      callOptions(signal === undefined ? {} : { signal }),
    );
    return source.status?.artifact ?? `${where} has no artifact`;
  } catch (error) {
    if (!(error instanceof KintsugiError) || error.retryable) throw error;
    return `${where} cannot be read (${error.message})`;
  }
}

/**
 * Whether a chart's artifact is what the release has deployed. OCI and external artifacts are told by their digest, which the
 * controller keeps as `ociDigest`; others by the chart's version.
 */
export function isDeployed({ revision }: Artifact, { chartVersion, ociDigest }: ReleaseSnapshot): boolean {
  const digest = revision.includes('@') ? revision.slice(revision.indexOf('@') + 1) : revision;
  return ociDigest === undefined || ociDigest === '' ? chartVersion === revision : ociDigest === digest;
}
