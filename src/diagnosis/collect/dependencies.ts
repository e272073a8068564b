import type { Kubernetes } from '../../kubernetes/client.ts';
import { isFinished, isReady, podState } from '../../kubernetes/pods.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import type { Workload } from '../../kubernetes/workloads.ts';
import type { RunbookContent } from '../../recovery/activities.ts';
import type { Dependency } from '../../runbook/schema.ts';
import type { DependencyEvidence } from '../evidence.ts';
import type { Attempt } from './collect.ts';
import { countEndpoints } from './service.ts';

interface Request {
  kubernetes: Kubernetes;
  runbook: RunbookContent | null;
  workload: Workload;
  attempt: Attempt;
  signal: AbortSignal;
}

/** The runbook's dependencies as their own pods and endpoints show them (safety 21): two calls each. */
export async function readDependencies(request: Request): Promise<DependencyEvidence[]> {
  const declared = request.runbook?.spec.dependencies ?? [];
  return Promise.all(
    declared.map((dependency) =>
      request.attempt(`dependency ${dependency.name}`, () => readDependency(request, dependency), {
        ...baseOf(request.workload, dependency),
        podsFound: 0,
        podsReady: 0,
        notReady: [],
        endpointsReady: null,
        known: false,
      }),
    ),
  );
}

async function readDependency(request: Request, dependency: Dependency): Promise<DependencyEvidence> {
  const { kubernetes, signal } = request;
  const { namespace, selector } = dependency;
  const [list, slices] = await Promise.all([
    kubernetes.core.listNamespacedPod({ namespace, labelSelector: selector }, callOptions({ signal })),
    kubernetes.discovery.listNamespacedEndpointSlice({ namespace }, callOptions({ signal })),
  ]);
  const pods = list.items.filter((pod) => !isFinished(pod));
  const names = new Set(pods.map((pod) => pod.metadata?.name ?? ''));
  const endpoints = countEndpoints(slices.items, (pod) => names.has(pod));
  return {
    ...baseOf(request.workload, dependency),
    podsFound: pods.length,
    podsReady: pods.filter(isReady).length,
    notReady: pods
      .filter((pod) => !isReady(pod))
      .slice(0, 5)
      .map((pod) => `${pod.metadata?.name} ${podState(pod)}`),
    endpointsReady: endpoints.slices === 0 ? null : endpoints.ready,
    known: true,
  };
}

type Base = Pick<
  DependencyEvidence,
  'name' | 'type' | 'namespace' | 'selector' | 'env' | 'address' | 'hosts' | 'port' | 'helmRelease'
>;

function baseOf(workload: Workload, dependency: Dependency): Base {
  const { name, type, namespace, selector, env, helmRelease } = dependency;
  const address = env === undefined ? undefined : literalOf(workload, env);
  const { hosts, port = dependency.port } = address === undefined ? { hosts: [] } : hostsOf(address);
  return {
    name,
    type,
    namespace,
    selector,
    hosts,
    ...(env === undefined ? {} : { env }),
    ...(address === undefined ? {} : { address }),
    ...(port === undefined ? {} : { port }),
    ...(helmRelease === undefined ? {} : { helmRelease }),
  };
}

function literalOf(workload: Workload, variable: string): string | undefined {
  const all = (workload.template.spec?.containers ?? []).flatMap(({ env = [] }) => env);
  return all.find(({ name, value }) => name === variable && value !== undefined)?.value;
}

/** Hosts and the first port of an address; a MongoDB address may name several. */
function hostsOf(address: string): { hosts: string[]; port?: number } {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(address)?.[1];
  if (authority === undefined) return { hosts: [] };
  const places = authority.slice(authority.lastIndexOf('@') + 1).split(',');
  const port = /:(\d+)$/.exec(places[0] ?? '')?.[1];
  const hosts = places.map((place) => place.replace(/:\d+$/, '')).filter((host) => host !== '');
  return { hosts, ...(port === undefined ? {} : { port: Number(port) }) };
}
