/** Puts a copy of Agent Bruno's world on the development cluster and takes it away again. */
import { KubernetesObjectApi, PatchStrategy } from '@kubernetes/client-node';
import { KintsugiError } from '../../src/errors.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import type { Progress } from '../build/cache.ts';
import { waitAgentBruno, waitDependencies } from './healthy.ts';
import { DEVELOPMENT_LABEL, type Namespaces, PUBLISHED } from './namespaces.ts';
import { type Manifest, type Part, type RegistryLogin, renderPart } from './render.ts';
import { waitFor } from './wait.ts';

/** Who the API server is told that the fields belong to. */
export const FIELD_MANAGER = 'kintsugi-development';

export interface DeployOptions {
  /** The published names (`bruno`, `redis`, `mongodb`, `ollama`) if not given. */
  namespaces?: Namespaces;
  /** The cluster's registry; without it the images must be on its nodes already. */
  registry?: RegistryLogin | undefined;
  progress: Progress;
  /** Seconds that each part may take to become ready; 180 if not given. */
  seconds?: number;
  signal?: AbortSignal | undefined;
}

/**
 * Makes the namespaces, the dependencies and then Agent Bruno, each once the one before is ready, and returns when all is healthy.
 * @throws KintsugiError `refused` for a namespace that exists and is not the development tools' own (safety 27)
 */
export async function deployAgentBruno(kube: Kubernetes, options: DeployOptions): Promise<void> {
  const { namespaces = PUBLISHED, progress, seconds = 180, signal } = options;
  const render = (part: Part) => renderPart(part, namespaces, options.registry);
  progress(
    `deploying Redis, MongoDB and Ollama (namespaces ${namespaces.redis}, ${namespaces.mongodb}, ${namespaces.ollama})`,
  );
  for (const part of ['redis', 'mongodb', 'ollama'] as const) await applyManifests(kube, render(part));
  await waitDependencies(kube, { namespaces, seconds, signal });
  progress(`deploying Agent Bruno (namespace ${namespaces.bruno})`);
  await applyManifests(kube, render('bruno'));
  await waitAgentBruno(kube, { namespaces, seconds, signal });
}

/** Deletes the namespaces of a copy with all that is in them, and waits until they are gone. */
export async function removeAgentBruno(
  kube: Kubernetes,
  options: { namespaces?: Namespaces; signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const names = Object.values(options.namespaces ?? PUBLISHED);
  const own: string[] = [];
  for (const name of names) if ((await ownership(kube, name)) === 'own') own.push(name);
  await Promise.all(own.map((name) => kube.core.deleteNamespace({ name })));
  await waitFor({ what: `the deletion of ${own.join(', ')}`, seconds: 180, signal: options.signal }, async () => {
    const states = await Promise.all(own.map((name) => ownership(kube, name)));
    return states.every((state) => state === 'absent') ? undefined : 'they are still there';
  });
}

/**
 * Applies a part's rendered manifests, its namespace first: fields that others changed since are as published again.
 * @throws KintsugiError `refused` for a namespace that the development tools did not make (safety 27)
 */
export async function applyManifests(kube: Kubernetes, [namespace, ...objects]: Manifest[]): Promise<void> {
  if (namespace === undefined) return;
  const { name } = namespace.metadata;
  if ((await ownership(kube, name)) === 'foreign') {
    throw new KintsugiError('refused', `namespace ${name} was not made by the development tools`, {
      where: `namespace ${name}`,
      fix: 'Choose other namespaces, or delete it by hand if it is really yours to delete.',
    });
  }
  const client = KubernetesObjectApi.makeApiClient(kube.config);
  for (const object of [namespace, ...objects]) {
    await client.patch(object, undefined, undefined, FIELD_MANAGER, true, PatchStrategy.ServerSideApply);
  }
}

/** Whether a namespace is there, and whether the development tools made it. */
async function ownership(kube: Kubernetes, name: string): Promise<'absent' | 'own' | 'foreign'> {
  const { items } = await kube.core.listNamespace({ fieldSelector: `metadata.name=${name}` });
  const [namespace] = items;
  if (namespace === undefined) return 'absent';
  const labels = namespace.metadata?.labels ?? {};
  const own = Object.entries(DEVELOPMENT_LABEL).every(([key, value]) => labels[key] === value);
  return own ? 'own' : 'foreign';
}
