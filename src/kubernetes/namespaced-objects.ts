import { type ConfigurationOptions, PatchStrategy } from '@kubernetes/client-node';
import { KintsugiError } from '../errors.ts';
import type { ObjectRef } from '../recovery/values.ts';
import type { Kubernetes } from './client.ts';
import { callOptions } from './transport.ts';

/** Reading and writing one object of a namespace by its kind: those of a group by the custom objects' calls, the core API's by their own. */

const PLURALS: Record<string, string> = {
  Deployment: 'deployments',
  StatefulSet: 'statefulsets',
  DaemonSet: 'daemonsets',
  ReplicaSet: 'replicasets',
  ControllerRevision: 'controllerrevisions',
  HelmRelease: 'helmreleases',
  Kustomization: 'kustomizations',
  CronJob: 'cronjobs',
  HorizontalPodAutoscaler: 'horizontalpodautoscalers',
};

interface Place {
  namespace: string;
  name: string;
}
interface Write {
  body: object;
  dryRun?: string;
  fieldManager: string;
}
interface CoreCalls {
  read(at: Place, options: ConfigurationOptions): Promise<object>;
  patch(at: Place & Write & { force?: boolean }, options: ConfigurationOptions): Promise<object>;
  create(at: { namespace: string } & Write, options: ConfigurationOptions): Promise<object>;
  delete(at: Place & { body: object }, options: ConfigurationOptions): Promise<unknown>;
}

function coreCalls({ core }: Kubernetes, { apiVersion, kind }: ObjectRef): CoreCalls | undefined {
  if (apiVersion !== 'v1') return undefined;
  switch (kind) {
    case 'ConfigMap':
      return {
        read: (at, options) => core.readNamespacedConfigMap(at, options),
        patch: (at, options) => core.patchNamespacedConfigMap(at, options),
        create: (at, options) => core.createNamespacedConfigMap(at, options),
        delete: (at, options) => core.deleteNamespacedConfigMap(at, options),
      };
    case 'Service':
      return {
        read: (at, options) => core.readNamespacedService(at, options),
        patch: (at, options) => core.patchNamespacedService(at, options),
        create: (at, options) => core.createNamespacedService(at, options),
        delete: (at, options) => core.deleteNamespacedService(at, options),
      };
    case 'ServiceAccount':
      return {
        read: (at, options) => core.readNamespacedServiceAccount(at, options),
        patch: (at, options) => core.patchNamespacedServiceAccount(at, options),
        create: (at, options) => core.createNamespacedServiceAccount(at, options),
        delete: (at, options) => core.deleteNamespacedServiceAccount(at, options),
      };
    case 'PersistentVolumeClaim':
      return {
        read: (at, options) => core.readNamespacedPersistentVolumeClaim(at, options),
        patch: (at, options) => core.patchNamespacedPersistentVolumeClaim(at, options),
        create: (at, options) => core.createNamespacedPersistentVolumeClaim(at, options),
        delete: (at, options) => core.deleteNamespacedPersistentVolumeClaim(at, options),
      };
    default:
      return undefined;
  }
}

/** Where the custom objects' calls find an object of a group of the API. @throws KintsugiError `invalid` for other kinds */
export function apiPathOf({ apiVersion, kind, namespace, name }: ObjectRef) {
  const plural = PLURALS[kind];
  const [group, version] = apiVersion.split('/');
  if (plural === undefined || namespace === undefined || group === undefined || version === undefined)
    throw new KintsugiError('invalid', `a ${kind} of ${apiVersion} is neither read nor written here`, {
      where: `${kind} ${name}`,
      fix: 'Name a workload, one of its revisions, what belongs to it, a CronJob, or the Flux object that owns it.',
    });
  return { group, version, plural, namespace, name };
}

function placeOf({ namespace = '', name }: ObjectRef): Place {
  return { namespace, name };
}

/** As the API server gives it. @throws KintsugiError `not-found` when it, or its kind, is not there */
export async function getObject<Raw>(kubernetes: Kubernetes, ref: ObjectRef, signal?: AbortSignal): Promise<Raw> {
  const options = callOptions(signal === undefined ? {} : { signal });
  const core = coreCalls(kubernetes, ref);
  if (core === undefined) return kubernetes.custom.getNamespacedCustomObject(apiPathOf(ref), options);
  return plain(await core.read(placeOf(ref), options));
}

/** How an object is patched; `force` is for server-side apply. */
export interface PatchRequest extends Write {
  strategy: PatchStrategy;
  force?: boolean;
  signal: AbortSignal;
}

/** The object as it is (with `dryRun`: would be) after the patch. */
export async function sendPatch<Raw>(
  kubernetes: Kubernetes,
  ref: ObjectRef,
  { strategy, signal, ...request }: PatchRequest,
): Promise<Raw> {
  const options = callOptions({ patch: strategy, signal });
  const core = coreCalls(kubernetes, ref);
  if (core === undefined)
    return kubernetes.custom.patchNamespacedCustomObject({ ...apiPathOf(ref), ...request }, options);
  return plain(await core.patch({ ...placeOf(ref), ...request }, options));
}

/** Makes it, never over one that is there. @throws KintsugiError `conflict` when it is */
export async function createObject<Raw>(
  kubernetes: Kubernetes,
  ref: ObjectRef,
  { signal, ...request }: Write & { signal: AbortSignal },
): Promise<Raw> {
  const options = callOptions({ signal });
  const core = coreCalls(kubernetes, ref);
  if (core === undefined)
    return kubernetes.custom.createNamespacedCustomObject({ ...apiPathOf(ref), ...request }, options);
  return plain(await core.create({ namespace: ref.namespace ?? '', ...request }, options));
}

/** Deletes that very one. */
export async function deleteObject(kubernetes: Kubernetes, ref: ObjectRef, signal: AbortSignal): Promise<void> {
  const body = { preconditions: ref.uid === undefined ? {} : { uid: ref.uid } };
  const core = coreCalls(kubernetes, ref);
  if (core === undefined)
    await kubernetes.custom.deleteNamespacedCustomObject({ ...apiPathOf(ref), body }, callOptions({ signal }));
  else await core.delete({ ...placeOf(ref), body }, callOptions({ signal }));
}

/** The typed calls' models have their times as Dates. */
function plain<Raw>(model: object): Raw {
  return JSON.parse(JSON.stringify(model));
}

export const APPLY = PatchStrategy.ServerSideApply;
