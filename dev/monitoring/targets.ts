/**
 * What Prometheus scrapes behind the exporter, as its service discovery would find it: the exporter reaches pods through the
 * API server, which reaches them where this machine does not.
 */
import type { V1EndpointSlice, V1Pod, V1Service } from '@kubernetes/client-node';

/** One entry of Prometheus' HTTP service discovery. */
export interface ScrapeTarget {
  targets: string[];
  labels: Record<string, string>;
}

/** The customary annotations of pods that are scraped and of Services that are probed. */
const SCRAPE = 'prometheus.io/scrape';
const SCRAPE_PORT = 'prometheus.io/port';
const PROBE = 'prometheus.io/probe';
const PROBE_PATH = 'prometheus.io/probe-path';
const SERVICE_NAME = 'kubernetes.io/service-name';

/**
 * The programs that run, each with its own `/metrics`.
 * @param address host and port of the exporter
 */
export function programTargets(pods: V1Pod[], address: string): ScrapeTarget[] {
  return pods.flatMap((pod) => {
    const { namespace = '', name = '' } = pod.metadata ?? {};
    const port = metricsPort(pod);
    if (port === undefined || pod.status?.phase !== 'Running') return [];
    return {
      targets: [address],
      labels: { __metrics_path__: `/pods/${namespace}/${name}/${port}/metrics`, namespace, pod: name },
    };
  });
}

/** Agent Bruno's published manifest has no annotation: it is known by its label. */
function metricsPort({ metadata }: V1Pod): string | undefined {
  if (metadata?.labels?.app === 'agent-bruno') return '8080';
  return metadata?.annotations?.[SCRAPE] === 'true' ? metadata.annotations[SCRAPE_PORT] : undefined;
}

/**
 * Every pod behind every Service that asks for probes, ready or not, as discovery by `role: endpointslice` finds them: each is
 * asked by itself, so that a probe that fails says which pod does not answer.
 */
export function probeTargets(services: V1Service[], slices: V1EndpointSlice[], address: string): ScrapeTarget[] {
  return services.flatMap(({ metadata }) => {
    const { namespace = '', name = '', annotations = {} } = metadata ?? {};
    if (annotations[PROBE] !== 'true') return [];
    const path = annotations[PROBE_PATH] ?? '/';
    const own = slices.filter(
      (slice) => slice.metadata?.namespace === namespace && slice.metadata.labels?.[SERVICE_NAME] === name,
    );
    return podsBehind(own).map(({ pod, port }) => ({
      targets: [address],
      labels: { __metrics_path__: `/probe/${namespace}/${pod}/${port}${path}`, namespace, service: name, pod },
    }));
  });
}

function podsBehind(slices: V1EndpointSlice[]): { pod: string; port: number }[] {
  return slices.flatMap(({ endpoints, ports }) => {
    const port = ports?.[0]?.port;
    if (port === undefined) return [];
    return (endpoints ?? []).flatMap(({ targetRef }) =>
      targetRef?.kind === 'Pod' && targetRef.name !== undefined ? [{ pod: targetRef.name, port }] : [],
    );
  });
}
