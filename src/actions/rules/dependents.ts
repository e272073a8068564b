import type { V1PodTemplateSpec } from '@kubernetes/client-node';
import { callOptions } from '../../kubernetes/transport.ts';
import type { Dependency } from '../../runbook/schema.ts';
import type { ActionContext } from '../action.ts';

interface Holder {
  metadata?: { name?: string; namespace?: string };
  spec?: { template: V1PodTemplateSpec };
}

/**
 * Who an approval about a shared dependency names (safety 10): every workload of the cluster with a literal variable that
 * names one of the dependency's Services. An address that stands in a ConfigMap or Secret is not seen.
 */
export async function dependentsOf(context: ActionContext, dependency: Dependency): Promise<string[]> {
  const { core, apps } = context.kubernetes;
  const options = callOptions({ signal: context.signal });
  const { namespace } = dependency;
  const services = await core.listNamespacedService({ namespace }, options);
  const hosts = services.items.flatMap(({ metadata }) => (metadata?.name === undefined ? [] : [metadata.name]));
  const lists = await Promise.all([
    apps.listDeploymentForAllNamespaces({}, options).then(({ items }) => named('Deployment', items)),
    apps.listStatefulSetForAllNamespaces({}, options).then(({ items }) => named('StatefulSet', items)),
    apps.listDaemonSetForAllNamespaces({}, options).then(({ items }) => named('DaemonSet', items)),
  ]);
  return lists
    .flat()
    .filter(({ holder }) =>
      valuesOf(holder).some((value) => hosts.some((host) => names(value, host, namespace, holder))),
    )
    .map(({ kind, holder }) => `${kind} ${holder.metadata?.namespace}/${holder.metadata?.name}`)
    .sort();
}

function named(kind: string, holders: Holder[]): { kind: string; holder: Holder }[] {
  return holders.map((holder) => ({ kind, holder }));
}

function valuesOf({ spec }: Holder): string[] {
  const containers = [...(spec?.template.spec?.initContainers ?? []), ...(spec?.template.spec?.containers ?? [])];
  return containers.flatMap(({ env = [] }) => env.flatMap(({ value }) => (value === undefined ? [] : [value])));
}

/** `redis-master.redis...` from anywhere, `redis-master` alone only from the Service's own namespace. */
function names(value: string, host: string, namespace: string, { metadata }: Holder): boolean {
  const own = metadata?.namespace === namespace;
  const hostname = `${host.replaceAll('.', '\\.')}${own ? `(\\.${namespace}\\b|(?![\\w.-]))` : `\\.${namespace}\\b`}`;
  return new RegExp(`(^|[^\\w.-])${hostname}`).test(value);
}
