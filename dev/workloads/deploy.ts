/** Puts copies of the workloads on the development cluster and takes them away again. */
import { KubernetesObjectApi, PatchStrategy } from '@kubernetes/client-node';
import { KintsugiError } from '../../src/errors.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import type { Progress } from '../build/cache.ts';
import { type KosmosAgent, waitAgentBruno, waitDependencies, waitKosmos } from './healthy.ts';
import { DEVELOPMENT_LABEL, type Namespaces, namesOf, PUBLISHED, type Workload } from './namespaces.ts';
import { type ClusterOffer, type Manifest, type Part, type RegistryLogin, renderPart } from './render.ts';
import { waitFor } from './wait.ts';

/** Who the API server is told that the fields belong to. */
export const FIELD_MANAGER = 'kintsugi-development';

export interface DeployOptions {
  /** The published names if not given. */
  namespaces?: Namespaces;
  /** The cluster's registry; without it the images must be on its nodes already. */
  registry?: RegistryLogin | undefined;
  progress: Progress;
  /** Seconds that each part may take to become ready; 180 if not given. */
  seconds?: number;
  signal?: AbortSignal | undefined;
}

/** Deploys workloads, one after the other, and returns when all are healthy. */
export async function deployWorkloads(
  kube: Kubernetes,
  workloads: readonly Workload[],
  options: DeployOptions,
): Promise<void> {
  for (const workload of workloads) {
    if (workload === 'agent-bruno') await deployAgentBruno(kube, options);
    else await deployKosmos(kube, options);
  }
}

/**
 * Makes the namespaces, the dependencies and then Agent Bruno, each once the one before is ready, and returns when all is healthy.
 * @throws KintsugiError `refused` for a namespace that exists and is not the development tools' own (safety 27)
 */
export async function deployAgentBruno(kube: Kubernetes, options: DeployOptions): Promise<void> {
  const { namespaces = PUBLISHED, progress, seconds = 180, signal } = options;
  const offer = await offerOf(kube, options.registry);
  const render = (part: Part) => renderPart(part, namespaces, offer);
  progress(
    `deploying Redis, MongoDB and Ollama (namespaces ${namespaces.redis}, ${namespaces.mongodb}, ${namespaces.ollama})`,
  );
  for (const part of ['redis', 'mongodb', 'ollama'] as const) await applyManifests(kube, render(part));
  await waitDependencies(kube, { namespaces, seconds, signal });
  progress(`deploying Agent Bruno (namespace ${namespaces.bruno})`);
  await applyManifests(kube, render('bruno'));
  await waitAgentBruno(kube, { namespaces, seconds, signal });
}

/**
 * Makes KOSMOS' namespace and agents, the orchestrator once the runtime that it hands its messages on to is ready, and returns
 * when all are healthy.
 * @param options.agents all of them if not given; the orchestrator needs the runtime
 * @throws KintsugiError `refused` for a namespace that exists and is not the development tools' own (safety 27)
 */
export async function deployKosmos(
  kube: Kubernetes,
  options: DeployOptions & { agents?: readonly KosmosAgent[] },
): Promise<void> {
  const { namespaces = PUBLISHED, agents, progress, seconds = 180, signal } = options;
  const offer = await offerOf(kube, options.registry);
  for (const stage of [['kosmos-agent-runtime', 'hermes-agent'], ['zeus-orchestrator']] as const) {
    const wanted = stage.filter((agent) => agents?.includes(agent) ?? true);
    if (wanted.length === 0) continue;
    progress(`deploying ${wanted.join(' and ')} (namespace ${namespaces.kosmos})`);
    for (const agent of wanted) await applyManifests(kube, renderPart(agent, namespaces, offer));
    await waitKosmos(kube, { namespaces, agents: wanted, seconds, signal });
  }
}

/** What the manifests are rendered for: the registry, and the storage classes that the cluster has. */
export async function offerOf(kube: Kubernetes, registry: RegistryLogin | undefined): Promise<ClusterOffer> {
  const { items } = await kube.storage.listStorageClass();
  return { registry, storageClasses: items.flatMap(({ metadata }) => metadata?.name ?? []) };
}

export interface RemoveOptions {
  namespaces?: Namespaces;
  signal?: AbortSignal | undefined;
}

/** Deletes the namespaces of a copy of Agent Bruno with all that is in them, and waits until they are gone. */
export async function removeAgentBruno(kube: Kubernetes, options: RemoveOptions = {}): Promise<void> {
  await removeWorkloads(kube, ['agent-bruno'], options);
}

/** The same for a copy of KOSMOS' agents. */
export async function removeKosmos(kube: Kubernetes, options: RemoveOptions = {}): Promise<void> {
  await removeWorkloads(kube, ['kosmos'], options);
}

/** The same for any workloads. Namespaces that the development tools did not make stay. */
export async function removeWorkloads(
  kube: Kubernetes,
  workloads: readonly Workload[],
  options: RemoveOptions = {},
): Promise<void> {
  const names = namesOf(workloads, options.namespaces ?? PUBLISHED);
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
