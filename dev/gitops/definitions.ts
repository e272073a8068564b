/** Flux's CustomResourceDefinitions, out of the modules that its controllers are built from. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CustomObjectsApi, type KubernetesObject, loadYaml } from '@kubernetes/client-node';
import { z } from 'zod';
import { run } from '../build/commands.ts';
import { applyObjects, loadKubeconfig } from '../cluster/api.ts';
import { waitUntil } from '../cluster/processes.ts';

/** The versions of dev/build, and the source-controller's whose artifacts they take. */
const MODULES = [
  'github.com/fluxcd/helm-controller@v1.4.0',
  'github.com/fluxcd/kustomize-controller@v1.7.3',
  'github.com/fluxcd/source-controller@v1.8.5',
];

const downloaded = z.object({ Dir: z.string() });

/** Makes Flux's kinds known to the cluster and waits until it serves them. */
export async function installDefinitions(kubeconfig: string, signal?: AbortSignal): Promise<void> {
  const definitions: KubernetesObject[] = [];
  for (const module of MODULES) {
    const answer = await run('go', ['mod', 'download', '-json', module], { environment: { GOWORK: 'off' }, signal });
    const bases = join(downloaded.parse(JSON.parse(answer)).Dir, 'config', 'crd', 'bases');
    definitions.push(
      ...readdirSync(bases).map((file) => loadYaml<KubernetesObject>(readFileSync(join(bases, file), 'utf8'))),
    );
  }
  await applyObjects(kubeconfig, definitions);
  const api = loadKubeconfig(kubeconfig).makeApiClient(CustomObjectsApi);
  for (const [group, version, plural] of [
    ['helm.toolkit.fluxcd.io', 'v2', 'helmreleases'],
    ['kustomize.toolkit.fluxcd.io', 'v1', 'kustomizations'],
    ['source.toolkit.fluxcd.io', 'v1', 'externalartifacts'],
  ] as const) {
    await waitUntil({ what: `${plural} to be served`, seconds: 60, signal }, () =>
      api.listClusterCustomObject({ group, version, plural }).then(
        () => true,
        () => false,
      ),
    );
  }
}
