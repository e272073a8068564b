import type { V1Container, V1Pod, V1Probe } from '@kubernetes/client-node';

/** What an HTTP probe asks of a container. */
export interface ProbedPath {
  container: string;
  port: number;
  path: string;
  scheme: 'http' | 'https';
}

/** What the HTTP probes of a pod's containers ask, of each its readiness probe before its liveness probe. */
export function probedPaths({ spec }: V1Pod): ProbedPath[] {
  return (spec?.containers ?? []).flatMap((container) =>
    [container.readinessProbe, container.livenessProbe].flatMap((probe) => probedPath(container, probe)),
  );
}

function probedPath(container: V1Container, probe: V1Probe | undefined): ProbedPath[] {
  const { httpGet } = probe ?? {};
  const port = httpGet === undefined ? undefined : portOf(httpGet.port, container);
  if (httpGet === undefined || port === undefined) return [];
  const { path = '/', scheme } = httpGet;
  return [{ container: container.name, port, path, scheme: scheme === 'HTTPS' ? 'https' : 'http' }];
}

/** A port by its number, or by the name that the container gives it. */
function portOf(port: number | string, { ports = [] }: V1Container): number | undefined {
  const number = Number(port);
  return Number.isInteger(number) ? number : ports.find(({ name }) => name === port)?.containerPort;
}
