import { messageOf } from '../errors.ts';
import type { Kubernetes } from '../kubernetes/client.ts';
import { deployedRelease, type HelmRelease, type Kustomization, readArtifact, readFlux } from '../kubernetes/flux.ts';
import { objectText } from '../kubernetes/objects.ts';
import { callOptions } from '../kubernetes/transport.ts';
import type { Hold, ObjectRef } from '../recovery/values.ts';
import { fetchArtifact } from './archive.ts';
import { objectInRelease } from './helm-manifest.ts';
import { type Built, buildObject, type KustomizePatch } from './kustomization.ts';

/** The GitOps object that a hold keeps off. */
export function ownerRef({ owner, tool }: Hold): ObjectRef {
  const [, namespace = '', name = ''] = /^\w+ ([^/]+)\/(.+)$/.exec(owner) ?? [];
  return tool === 'flux-helm-release'
    ? { apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease', namespace, name }
    : { apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization', namespace, name };
}

/**
 * A held object as its owner would write it now: of a HelmRelease from the deployed release, of a Kustomization from its
 * source's artifact. What cannot be read or followed is `unknown` with the reason; only an API server that is away throws.
 */
export async function objectInGit(kubernetes: Kubernetes, hold: Hold, signal: AbortSignal): Promise<Built> {
  const ref = ownerRef(hold);
  if (hold.tool === 'flux-helm-release') {
    const { raw } = await readFlux<HelmRelease>(kubernetes, ref, signal);
    return inRelease(kubernetes, raw, hold.object, signal);
  }
  const { raw } = await readFlux<Kustomization>(kubernetes, ref, signal);
  return inKustomization(kubernetes, raw, hold.object, signal);
}

async function inRelease(
  kubernetes: Kubernetes,
  release: HelmRelease,
  object: ObjectRef,
  signal: AbortSignal,
): Promise<Built> {
  const deployed = deployedRelease(release);
  if (deployed === null) return { unknown: 'no release is deployed' };
  const namespace = release.status?.storageNamespace ?? release.metadata.namespace;
  const name = `sh.helm.release.v1.${deployed.name}.v${deployed.version}`;
  const secret = await kubernetes.core.readNamespacedSecret({ namespace, name }, callOptions({ signal }));
  try {
    const document = await objectInRelease(secret.data?.release ?? '', object);
    return document === null ? { unknown: `${objectText(object)} is not in ${name}` } : { document };
  } catch (error) {
    return { unknown: `Secret ${namespace}/${name} cannot be read as a release: ${messageOf(error)}` };
  }
}

async function inKustomization(
  kubernetes: Kubernetes,
  { metadata, spec }: Kustomization,
  object: ObjectRef,
  signal: AbortSignal,
): Promise<Built> {
  const changing = (['images', 'components', 'postBuild', 'namePrefix', 'nameSuffix'] as const).find(
    (key) => spec[key] !== undefined,
  );
  if (changing !== undefined) return { unknown: `the Kustomization uses ${changing}, which is not followed` };
  const { kind, name, namespace = metadata.namespace } = spec.sourceRef;
  const artifact = await readArtifact(kubernetes, { kind, name, namespace }, signal);
  if (typeof artifact === 'string') return { unknown: artifact };
  const files = await fetchArtifact(kubernetes, artifact, signal);
  const patches: readonly KustomizePatch[] = spec.patches ?? [];
  return buildObject(files, spec.path ?? '', object, patches);
}
