import { KintsugiError } from '../errors.ts';
import type { Kubernetes } from './client.ts';
import { callOptions } from './transport.ts';

/**
 * Whether the API server knows a resource. Discovery may be read by everybody; a list of what is not there may be answered as
 * forbidden. @throws KintsugiError as the API server refuses for another reason
 */
export async function isServed(
  kubernetes: Kubernetes,
  { group, version, plural }: { group: string; version: string; plural: string },
  signal?: AbortSignal,
): Promise<boolean> {
  try {
    const { resources } = await kubernetes.custom.getAPIResources(
      { group, version },
      callOptions(signal === undefined ? {} : { signal }),
    );
    return resources.some(({ name }) => name === plural);
  } catch (error) {
    if (error instanceof KintsugiError && error.code === 'not-found') return false;
    throw error;
  }
}
