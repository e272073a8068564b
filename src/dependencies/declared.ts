import type { V1PodTemplateSpec } from '@kubernetes/client-node';
import { selectorMatches } from '../kubernetes/selector.ts';
import type { Dependency, RunbookSpec } from '../runbook/schema.ts';

/** A workload, as far as it tells what it depends on. */
export interface Dependent {
  namespace: string;
  template: V1PodTemplateSpec;
}

/**
 * Those of a runbook's dependencies that are this workload's: none is its own, and where the runbook is for any workload each that has
 * an address variable is only of those that have that variable.
 */
export function dependenciesOf(
  spec: Pick<RunbookSpec, 'target' | 'dependencies'>,
  { namespace, template }: Dependent,
): Dependency[] {
  const labels = template.metadata?.labels ?? {};
  const containers = [...(template.spec?.containers ?? []), ...(template.spec?.initContainers ?? [])];
  const imports = containers.some(({ envFrom = [] }) => envFrom.length > 0);
  const variables = new Set(containers.flatMap(({ env = [] }) => env.map(({ name }) => name)));
  return spec.dependencies.filter((dependency) => {
    if (dependency.namespace === namespace && selectorMatches(dependency.selector, labels)) return false;
    return spec.target.name !== undefined || dependency.env === undefined || imports || variables.has(dependency.env);
  });
}
