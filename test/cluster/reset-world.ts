import type { V1EnvVar } from '@kubernetes/client-node';
import { readState } from '../../dev/cluster/state.ts';
import { offerOf } from '../../dev/workloads/deploy.ts';
import { namespacesWithSuffix } from '../../dev/workloads/namespaces.ts';
import { renderPart } from '../../dev/workloads/render.ts';
import type { Params } from '../../src/recovery/values.ts';
import { untilRecord } from './chaos-world.ts';
import { type RestoreWorld, startProcedure } from './restore-world.ts';

/** The container of the agent's manifest as far as the tests change it. */
interface AgentContainer {
  env: V1EnvVar[];
  command: string[];
}

/** Keeps the agent's own manifests in a ConfigMap, changed as a team would have changed them. */
export async function keepManifests(
  { kubernetes, target }: RestoreWorld,
  name: string,
  change: Partial<{ [Field in keyof AgentContainer]: (container: AgentContainer) => AgentContainer[Field] }>,
): Promise<void> {
  const { namespace } = target;
  const namespaces = namespacesWithSuffix(namespace.slice('kosmos-'.length));
  const offer = await offerOf(kubernetes, readState()?.access?.registry);
  const objects = renderPart('kosmos-agent-runtime', namespaces, offer).filter(
    ({ kind }) => kind !== 'Namespace' && kind !== 'Secret',
  );
  const data = {
    'agent.json': JSON.stringify({ kind: 'List', items: objects.map((object) => changed(object, change)) }),
  };
  await kubernetes.core.createNamespacedConfigMap({ namespace, body: { metadata: { name }, data } });
}

function changed(object: object, change: Parameters<typeof keepManifests>[2]): object {
  const document: { kind: string; spec?: { template?: { spec: { containers: AgentContainer[] } } } } = JSON.parse(
    JSON.stringify(object),
  );
  const [container] = document.spec?.template?.spec.containers ?? [];
  if (document.kind !== 'Deployment' || container === undefined) return document;
  if (change.env !== undefined) container.env = change.env(container);
  if (change.command !== undefined) container.command = change.command(container);
  return document;
}

/** Starts the reset and waits for its question. */
export async function resetAgent(world: RestoreWorld, params: Params): Promise<void> {
  const procedure = {
    runbook: 'kosmos-agent-reset',
    procedure: 'reset',
    params: { claim: world.claim, ...params },
  };
  await startProcedure(world, procedure, false);
  await untilRecord(world, world, ({ attempts }) => attempts.at(-1)?.stage === 'asked');
}
