import type { V1Pod, V1Service } from '@kubernetes/client-node';
import type { Kubernetes } from './client.ts';
import { callOptions } from './transport.ts';

/** One way through a Service to a pod's port. */
export interface ServiceWay {
  name: string;
  /** The Service's port. */
  port: number;
  /** Where it sends what comes: a container's port, or its name. */
  targetPort: number | string;
  /** Pods that it leads to besides those asked about: what answers through it may be one of them. */
  others: string[];
}

/**
 * The Services that select pods, with each TCP port of theirs: two calls. A Service without a selector is nobody's here.
 * API: https://kubernetes.io/docs/concepts/services-networking/service/
 */
export async function servicesOf(
  kubernetes: Kubernetes,
  { namespace, pods }: { namespace: string; pods: readonly V1Pod[] },
  signal?: AbortSignal,
): Promise<ServiceWay[]> {
  const options = callOptions(signal === undefined ? {} : { signal });
  const [services, slices] = await Promise.all([
    kubernetes.core.listNamespacedService({ namespace }, options),
    kubernetes.discovery.listNamespacedEndpointSlice({ namespace }, options),
  ]);
  const own = new Set(pods.map(({ metadata }) => metadata?.name ?? ''));
  return services.items
    .filter((service) => pods.some((pod) => selects(service, pod)))
    .flatMap((service) => {
      const name = service.metadata?.name ?? '';
      const others = slices.items
        .filter(({ metadata }) => metadata?.labels?.['kubernetes.io/service-name'] === name)
        .flatMap(({ endpoints = [] }) => endpoints)
        .filter(({ conditions }) => conditions?.ready !== false)
        .map(({ targetRef, addresses }) => targetRef?.name ?? addresses[0] ?? '')
        .filter((pod) => !own.has(pod));
      return (service.spec?.ports ?? [])
        .filter(({ protocol = 'TCP' }) => protocol === 'TCP')
        .map(({ port, targetPort = port }) => ({ name, port, targetPort, others: [...new Set(others)] }));
    });
}

/** Whether a way through a Service ends at this port of the pod. */
export function leadsTo({ targetPort }: ServiceWay, pod: V1Pod, port: number): boolean {
  if (typeof targetPort === 'number') return targetPort === port;
  const ports = (pod.spec?.containers ?? []).flatMap(({ ports: declared = [] }) => declared);
  return ports.some(({ name, containerPort }) => name === targetPort && containerPort === port);
}

function selects({ spec }: V1Service, { metadata }: V1Pod): boolean {
  const selector = Object.entries(spec?.selector ?? {});
  return selector.length > 0 && selector.every(([key, value]) => metadata?.labels?.[key] === value);
}
