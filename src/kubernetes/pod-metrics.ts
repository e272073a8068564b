import type { V1LabelSelector } from '@kubernetes/client-node';
import { z } from 'zod';
import { KintsugiError, messageOf } from '../errors.ts';
import type { Kubernetes } from './client.ts';
import { parseQuantity } from './quantity.ts';
import { selectorText } from './selector.ts';
import { callOptions } from './transport.ts';

/** What metrics-server measured of one container. */
export interface ContainerUsage {
  pod: string;
  container: string;
  /** The end of the measured interval, RFC 3339: the same time is the same measurement. */
  at: string;
  /** Bytes of the working set. */
  memoryBytes: number;
  /** Cores. */
  cpu: number;
}

const podMetrics = z.looseObject({
  items: z.array(
    z.looseObject({
      metadata: z.looseObject({ name: z.string() }),
      timestamp: z.string(),
      containers: z.array(
        z.looseObject({ name: z.string(), usage: z.looseObject({ memory: z.string(), cpu: z.string().default('0') }) }),
      ),
    }),
  ),
});

/**
 * What the containers of a selector's pods use now, from metrics.k8s.io; the reason as a text where that cannot be read.
 * API: https://github.com/kubernetes/metrics/blob/master/pkg/apis/metrics/v1beta1/types.go
 */
export async function readPodMetrics(
  kubernetes: Kubernetes,
  of: { namespace: string; selector: V1LabelSelector },
  signal?: AbortSignal,
): Promise<ContainerUsage[] | string> {
  try {
    const answer: unknown = await kubernetes.custom.listNamespacedCustomObject(
      {
        group: 'metrics.k8s.io',
        version: 'v1beta1',
        plural: 'pods',
        namespace: of.namespace,
        labelSelector: selectorText(of.selector),
      },
      callOptions(signal === undefined ? {} : { signal }),
    );
    return podMetrics.parse(answer).items.flatMap(({ metadata, timestamp, containers }) =>
      containers.map(({ name, usage }) => ({
        pod: metadata.name,
        container: name,
        at: timestamp,
        memoryBytes: units(usage.memory),
        cpu: units(usage.cpu),
      })),
    );
  } catch (thrown) {
    signal?.throwIfAborted();
    return thrown instanceof KintsugiError ? `${thrown.code}: ${thrown.message}` : messageOf(thrown);
  }
}

/** A quantity as a number of its unit. */
function units(quantity: string): number {
  return Number(parseQuantity(quantity)) / 1e9;
}
