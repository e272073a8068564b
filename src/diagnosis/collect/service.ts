import type { V1EndpointSlice } from '@kubernetes/client-node';
import { KintsugiError } from '../../errors.ts';
import { closest } from '../../faults/closest.ts';
import type { Kubernetes } from '../../kubernetes/client.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import type { ServiceEvidence } from '../evidence/connection.ts';
import type { Subject } from './subject.ts';

/** The target's Service and its endpoints: two calls. Null if the runbook names none. */
export async function readService(
  kubernetes: Kubernetes,
  namespace: string,
  service: string | undefined,
  signal: AbortSignal,
): Promise<ServiceEvidence | null> {
  const name = service?.split(':')[0];
  if (name === undefined) return null;
  const [found, slices] = await Promise.all([
    readOrNull(kubernetes.core.readNamespacedService({ namespace, name }, callOptions({ signal }))),
    kubernetes.discovery.listNamespacedEndpointSlice(
      { namespace, labelSelector: `kubernetes.io/service-name=${name}` },
      callOptions({ signal }),
    ),
  ]);
  const { ready, notReady } = countEndpoints(slices.items, () => true);
  return {
    name,
    found: found !== null,
    selector: found?.spec?.selector ?? {},
    endpointsReady: ready,
    endpointsNotReady: notReady,
  };
}

async function readOrNull<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (thrown) {
    if (thrown instanceof KintsugiError && thrown.code === 'not-found') return null;
    throw thrown;
  }
}

/**
 * The Services of the namespace that select the pods, and those that were meant to: two calls. One that nearly selects them
 * is told only where it finds no pod at all.
 */
export async function readServices(
  kubernetes: Kubernetes,
  { workload }: Pick<Subject, 'workload'>,
  signal: AbortSignal,
): Promise<ServiceEvidence[]> {
  const { namespace, template } = workload;
  const [services, slices] = await Promise.all([
    kubernetes.core.listNamespacedService({ namespace }, callOptions({ signal })),
    kubernetes.discovery.listNamespacedEndpointSlice({ namespace }, callOptions({ signal })),
  ]);
  const labels = template.metadata?.labels ?? {};
  const portNames = new Set(
    [...(template.spec?.containers ?? []), ...(template.spec?.initContainers ?? [])].flatMap(({ ports = [] }) =>
      ports.flatMap(({ name }) => name ?? []),
    ),
  );
  return services.items
    .flatMap((service): ServiceEvidence[] => {
      const name = service.metadata?.name ?? '';
      const selector = service.spec?.selector ?? {};
      const differs = Object.entries(selector).filter(([key, value]) => labels[key] !== value);
      if (Object.keys(selector).length === 0) return [];
      const own = slices.items.filter(({ metadata }) => metadata?.labels?.['kubernetes.io/service-name'] === name);
      const { ready, notReady } = countEndpoints(own, () => true);
      const meant = ready + notReady === 0 && isMeantFor(workload.name, name, differs, labels);
      if (differs.length > 0 && !meant) return [];
      const unknownPorts = (service.spec?.ports ?? []).flatMap(({ targetPort }) =>
        typeof targetPort === 'string' && !portNames.has(targetPort) ? [targetPort] : [],
      );
      return [
        {
          name,
          found: true,
          selector,
          endpointsReady: ready,
          endpointsNotReady: notReady,
          unknownPorts,
          differs: differs.map(([key, value]) => `${key}=${labels[key] ?? '(none)'}, not ${key}=${value}`),
        },
      ];
    })
    .slice(0, MOST_SERVICES);
}

const MOST_SERVICES = 20;

/**
 * Whether a Service that does not select the pods was meant to: it has the workload's name, or a value of its selector is a
 * slip of a letter or two and not the name of another application.
 */
function isMeantFor(
  workload: string,
  service: string,
  differs: [string, string][],
  labels: Record<string, string>,
): boolean {
  if (service === workload || NAMED_AFTER.some((ending) => service === `${workload}-${ending}`)) return true;
  return differs.every(([key, value]) => {
    const own = labels[key];
    return own !== undefined && value !== service && closest(value, [own], 2) !== null;
  });
}

const NAMED_AFTER = ['service', 'svc', 'headless', 'lb', 'http'];

/** Distinct pods behind endpoint slices, by whether they are ready. */
export function countEndpoints(
  slices: readonly V1EndpointSlice[],
  isOurs: (pod: string) => boolean,
): { ready: number; notReady: number; slices: number } {
  const ready = new Set<string>();
  const notReady = new Set<string>();
  let own = 0;
  for (const slice of slices) {
    const endpoints = (slice.endpoints ?? []).filter(({ targetRef, addresses }) =>
      isOurs(targetRef?.name ?? addresses[0] ?? ''),
    );
    if (endpoints.length > 0) own += 1;
    for (const { targetRef, addresses, conditions } of endpoints) {
      (conditions?.ready === false ? notReady : ready).add(targetRef?.name ?? addresses[0] ?? '');
    }
  }
  return { ready: ready.size, notReady: notReady.size, slices: own };
}
