import type { V1EndpointSlice } from '@kubernetes/client-node';
import { KintsugiError } from '../../errors.ts';
import type { Kubernetes } from '../../kubernetes/client.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import type { ServiceEvidence } from '../evidence.ts';

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
