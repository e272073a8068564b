import type { V1EndpointSlice, V1Pod } from '@kubernetes/client-node';
import { type Address, parseAddress } from '../../dependencies/address.ts';
import { dependenciesOf } from '../../dependencies/declared.ts';
import { KintsugiError } from '../../errors.ts';
import type { Kubernetes } from '../../kubernetes/client.ts';
import { replicasSetBy } from '../../kubernetes/managed-fields.ts';
import { isFinished, isReady, podState } from '../../kubernetes/pods.ts';
import type { Forward } from '../../kubernetes/port-forward.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import { listWorkloads } from '../../kubernetes/workloads.ts';
import type { RunbookContent } from '../../recovery/activities.ts';
import type { Dependency } from '../../runbook/schema.ts';
import type { DependencyEvidence } from '../evidence/connection.ts';
import type { Attempt } from './collect.ts';
import { askDependency } from './dependency-answers.ts';
import { effectiveEnvironment } from './environment.ts';
import type { ReferencedObject } from './references.ts';
import { countEndpoints } from './service.ts';
import type { SubjectWorkload } from './subject.ts';

interface Request {
  kubernetes: Kubernetes;
  forward: Forward;
  runbook: RunbookContent | null;
  workload: SubjectWorkload;
  /** What the template refers to: an address may stand in a Secret. */
  objects: readonly ReferencedObject[];
  attempt: Attempt;
  signal: AbortSignal;
}

/** The runbook's dependencies as their own pods and endpoints show them, and as they answer (safety 21). */
export async function readDependencies(request: Request): Promise<DependencyEvidence[]> {
  const { runbook, workload } = request;
  const declared = runbook === null ? [] : dependenciesOf(runbook.spec, workload);
  return Promise.all(
    declared.map((dependency) => {
      const address = addressOf(request, dependency);
      const unread = { podsFound: 0, podsReady: 0, notReady: [], endpointsReady: null, known: false };
      return request.attempt(`dependency ${dependency.name}`, () => readDependency(request, dependency, address), {
        ...baseOf(dependency, address),
        ...unread,
      });
    }),
  );
}

async function readDependency(
  request: Request,
  dependency: Dependency,
  address: Address | null,
): Promise<DependencyEvidence> {
  const { kubernetes, signal, forward } = request;
  const { namespace, selector } = dependency;
  const [list, slices] = await Promise.all([
    kubernetes.core.listNamespacedPod({ namespace, labelSelector: selector }, callOptions({ signal })),
    kubernetes.discovery.listNamespacedEndpointSlice({ namespace }, callOptions({ signal })),
  ]);
  const pods = list.items.filter((pod) => !isFinished(pod));
  const service = serviceIn(address, namespace, request.workload.namespace);
  const backing = slicesOf(slices.items, service, pods);
  const { ready } = countEndpoints(backing, () => true);
  const isThere = service === null || backing.length > 0 || (await hasService(request, namespace, service));
  const withoutPods = pods.length > 0 ? [] : await workloadsOf(request, dependency);
  const absent =
    pods.length === 0 && withoutPods.length === 0 && backing.length === 0 && (service === null || !isThere);
  const behind = new Set(backing.flatMap(({ endpoints }) => endpoints ?? []).map(({ targetRef }) => targetRef?.name));
  const serving = pods.filter(({ metadata }) => behind.size === 0 || behind.has(metadata?.name));
  const port = portOf(backing, dependency, address);
  const answers = await askDependency({
    kubernetes,
    forward,
    dependency,
    pods: serving,
    address: service === null ? null : address,
    service: isThere ? service : null,
    signal,
    ...(port === undefined ? {} : { port }),
  });
  return {
    ...baseOf(dependency, address),
    podsFound: pods.length,
    podsReady: pods.filter(isReady).length,
    notReady: pods
      .filter((pod) => !isReady(pod))
      .slice(0, 5)
      .map((pod) => `${pod.metadata?.name} ${podState(pod)}`),
    endpointsReady: backing.length === 0 ? null : ready,
    known: !absent,
    answers,
    ...(absent ? { absent } : {}),
    ...(isThere ? {} : { missingService: `${namespace}/${service}` }),
    ...(withoutPods.length === 0 ? {} : { withoutPods }),
  };
}

/** The Service's slices where the address names one, else those that hold any of the pods. */
function slicesOf(
  slices: readonly V1EndpointSlice[],
  service: string | null,
  pods: readonly V1Pod[],
): V1EndpointSlice[] {
  if (service !== null)
    return slices.filter(({ metadata }) => metadata?.labels?.['kubernetes.io/service-name'] === service);
  const names = new Set(pods.map((pod) => pod.metadata?.name ?? ''));
  return slices.filter((slice) => countEndpoints([slice], (pod) => names.has(pod)).slices > 0);
}

/** The Service of the dependency's namespace that the address leads to (`redis.redis.svc`, `redis-0.redis.redis.svc`), or null. */
function serviceIn(address: Address | null, namespace: string, own: string): string | null {
  for (const { host } of address?.hosts ?? []) {
    const labels = host.split('.');
    if (labels.length === 1 && own === namespace) return host;
    if (labels[1] === namespace) return labels[0] ?? null;
    if (labels[2] === namespace) return labels[1] ?? null;
  }
  return null;
}

async function hasService({ kubernetes, signal }: Request, namespace: string, name: string): Promise<boolean> {
  try {
    await kubernetes.core.readNamespacedService({ namespace, name }, callOptions({ signal }));
    return true;
  } catch (thrown) {
    if (thrown instanceof KintsugiError && thrown.code === 'not-found') return false;
    throw thrown;
  }
}

/** Workloads with the dependency's labels, for one that has no pod: scaled to 0, or held back. */
async function workloadsOf(
  { kubernetes, signal }: Request,
  { namespace, selector }: Dependency,
): Promise<NonNullable<DependencyEvidence['withoutPods']>> {
  const kinds = ['Deployment', 'StatefulSet', 'DaemonSet'] as const;
  const found = await listWorkloads(kubernetes, { namespace, selector, kinds }, signal);
  return found.slice(0, 5).map(({ kind, name, replicas, managedFields }) => {
    const setter = replicasSetBy(managedFields);
    return {
      kind,
      name,
      replicas,
      ...(setter === undefined ? {} : { setBy: setter.manager }),
      ...(setter?.at === undefined ? {} : { setAt: setter.at }),
    };
  });
}

/** The pods' own port: as the Service's endpoints have it, else as the runbook or the address says. */
function portOf(
  backing: readonly V1EndpointSlice[],
  dependency: Dependency,
  address: Address | null,
): number | undefined {
  const ports = backing.flatMap((slice) => slice.ports ?? []).flatMap(({ port }) => port ?? []);
  if (dependency.port !== undefined && (ports.length === 0 || ports.includes(dependency.port))) return dependency.port;
  if (new Set(ports).size === 1) return ports[0];
  return dependency.port ?? address?.hosts[0]?.port;
}

type Base = Pick<
  DependencyEvidence,
  'name' | 'type' | 'namespace' | 'selector' | 'env' | 'address' | 'hosts' | 'port' | 'helmRelease'
>;

/** The address itself is shown only without who logs in. */
function baseOf(
  { name, type, namespace, selector, env, helmRelease, ...own }: Dependency,
  address: Address | null,
): Base {
  const port = address?.hosts[0]?.port ?? own.port;
  return {
    name,
    type,
    namespace,
    selector,
    hosts: (address?.hosts ?? []).map(({ host }) => host),
    ...(env === undefined ? {} : { env }),
    ...(address === null ? {} : { address: shown(address) }),
    ...(port === undefined ? {} : { port }),
    ...(helmRelease === undefined ? {} : { helmRelease }),
  };
}

function shown({ scheme, hosts, path }: Address): string {
  const places = hosts.map(({ host, port }) => (port === undefined ? host : `${host}:${port}`));
  return `${scheme}://${places.join(',')}${path === '' ? '' : `/${path}`}`;
}

/** The address as the target's container gets it, from a literal, a ConfigMap or a Secret. */
function addressOf({ workload, runbook, objects }: Request, { env }: Dependency): Address | null {
  if (env === undefined) return null;
  const containers = workload.template.spec?.containers ?? [];
  const named = containers.filter(({ name }) => name === runbook?.spec.target.container);
  for (const container of named.length > 0 ? named : containers) {
    const value = effectiveEnvironment(container, objects).get(env)?.value;
    const address = value === undefined ? null : parseAddress(value);
    if (address !== null) return address;
  }
  return null;
}
