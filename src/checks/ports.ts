import type { V1Pod } from '@kubernetes/client-node';
import { KintsugiError } from '../errors.ts';
import type { RunbookContent } from '../recovery/activities.ts';
import type { CheckContext } from './check.ts';

/** The Service that the runbook's target names. */
export interface ServicePort {
  name: string;
  port: number;
}

/** `agent-bruno-service:8080` taken apart; null if the runbook names no Service. */
export function serviceOf(runbook: RunbookContent): ServicePort | null {
  const [name, port] = runbook.spec.target.service?.split(':') ?? [];
  return name === undefined || port === undefined ? null : { name, port: Number(port) };
}

/**
 * The port that a pod listens at: the Service's target port, a name resolved in this very pod, else the first port of the
 * runbook's container. Undefined if neither is known.
 */
export function podPort(pod: V1Pod, targetPort: number | string | undefined, container?: string): number | undefined {
  if (typeof targetPort === 'number') return targetPort;
  const containers = pod.spec?.containers ?? [];
  const named = containers.flatMap(({ ports }) => ports ?? []).find(({ name }) => name === targetPort);
  if (targetPort !== undefined && named !== undefined) return named.containerPort;
  const own = containers.find(({ name }) => name === container) ?? containers[0];
  return own?.ports?.[0]?.containerPort;
}

/**
 * Where the Service sends what comes to its port: a container port or its name; undefined if the Service is gone or closed
 * to us, which the question through it tells.
 */
export async function readTargetPort(
  { kubernetes, target }: CheckContext,
  service: ServicePort,
): Promise<number | string | undefined> {
  try {
    const found = await kubernetes.core.readNamespacedService({ namespace: target.namespace, name: service.name });
    const port = found.spec?.ports?.find((candidate) => candidate.port === service.port);
    return port === undefined ? undefined : (port.targetPort ?? port.port);
  } catch (thrown) {
    if (thrown instanceof KintsugiError && (thrown.code === 'not-found' || thrown.code === 'forbidden'))
      return undefined;
    throw thrown;
  }
}
