import { CustomObjectsApi, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { applyObjects, loadKubeconfig } from '../../dev/cluster/api.ts';
import { type Artifacts, startArtifacts, type Tree } from '../../dev/gitops/artifacts.ts';
import { type Controller, SHARD_LABEL, startFlux } from '../../dev/gitops/flux.ts';
import type { HelmRelease, Kustomization } from '../../src/kubernetes/flux.ts';
import { apiPathOf } from '../../src/kubernetes/namespaced-objects.ts';
import type { Json, ObjectRef } from '../../src/recovery/values.ts';
import { provided } from '../needs.ts';
import { until } from './until.ts';

/** The real controllers of Flux, and what would be in Git: artifacts that a test publishes. */
export interface FluxWorld {
  artifacts: Artifacts;
  /** Makes a Kustomization `name` of an artifact of its own, and waits until it has applied it. */
  kustomize(namespace: string, name: string, tree: Tree): Promise<ObjectRef>;
  /** Makes a HelmRelease `name` of a chart of its own; `spec` is laid over its own. It is not waited for. */
  release(namespace: string, name: string, chart: Tree, spec?: { [key: string]: Json }): Promise<ObjectRef>;
  read<Raw extends HelmRelease | Kustomization>(ref: ObjectRef): Promise<Raw>;
  patch(ref: ObjectRef, body: Json): Promise<void>;
  /** Asks for a reconciliation as a person does, and waits until it was handled. */
  reconcile(ref: ObjectRef): Promise<void>;
  stop(): Promise<void>;
}

/** @param shard tells these controllers' objects from those of other tests */
export async function startFluxWorld(shard: string, controllers?: readonly Controller[]): Promise<FluxWorld> {
  const kubeconfig = provided('cluster');
  const flux = await startFlux({ kubeconfig, shard, ...(controllers === undefined ? {} : { controllers }) });
  const artifacts = await startArtifacts(kubeconfig);
  const api = loadKubeconfig(kubeconfig).makeApiClient(CustomObjectsApi);
  const read = <Raw extends HelmRelease | Kustomization>(ref: ObjectRef): Promise<Raw> =>
    api.getNamespacedCustomObject(apiPathOf(ref));
  const patch = async (ref: ObjectRef, body: Json) => {
    const options = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
    await api.patchNamespacedCustomObject({ ...apiPathOf(ref), body }, options);
  };
  const made: ObjectRef[] = [];
  const create = async (ref: ObjectRef, spec: Json) => {
    made.push(ref);
    const { apiVersion, kind, name, namespace = '' } = ref;
    const metadata = { name, namespace, labels: { [SHARD_LABEL]: shard } };
    await applyObjects(kubeconfig, [Object.assign({ apiVersion, kind, metadata }, { spec })]);
  };
  return {
    artifacts,
    read,
    patch,
    async kustomize(namespace, name, tree) {
      const ref = { apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization', namespace, name };
      await artifacts.publish({ namespace, name }, tree);
      const sourceRef = { kind: 'ExternalArtifact', name };
      await create(ref, { interval: '10s', path: './', prune: false, sourceRef });
      await until(`${name} to be applied`, async () => isReady(await read<Kustomization>(ref)));
      return ref;
    },
    async release(namespace, name, chart, spec = {}) {
      const ref = { apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease', namespace, name };
      await artifacts.publish({ namespace, name }, chart, '0.1.0');
      const chartRef = { kind: 'ExternalArtifact', name };
      // Without its own waiting: what is installed may be broken on purpose.
      await create(ref, {
        interval: '1m',
        chartRef,
        install: { disableWait: true },
        upgrade: { disableWait: true },
        ...spec,
      });
      return ref;
    },
    async reconcile(ref) {
      const token = `by hand ${Date.now()}`;
      await patch(ref, { metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': token } } });
      await until('it to reconcile', async () => (await read(ref)).status?.lastHandledReconcileAt === token);
    },
    async stop() {
      // Their finalizers need the controllers: without, the namespace would never go.
      for (const ref of made) await api.deleteNamespacedCustomObject(apiPathOf(ref));
      for (const ref of made)
        await until(`${ref.name} to go`, () =>
          read(ref).then(
            () => false,
            () => true,
          ),
        );
      await flux.stop();
      await artifacts.stop();
    },
  };
}

export function isReady({ status }: HelmRelease | Kustomization): boolean {
  return status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;
}
