import type { V1Container } from '@kubernetes/client-node';
import { parseAddress } from '../../dependencies/address.ts';
import type { RunbookContent } from '../../recovery/activities.ts';
import type { VariableEvidence } from '../evidence/workload.ts';
import { type EffectiveVariable, effectiveEnvironment, isWhole } from './environment.ts';
import type { ReferencedObject } from './references.ts';
import type { SubjectWorkload } from './subject.ts';

/**
 * The runbook's variables in the target's container, judged by their values as the container gets them, and whatever other
 * variable holds an address whose password is not escaped, or a Service's address for a port. No value is told.
 */
export function judgeVariables(
  workload: SubjectWorkload,
  runbook: RunbookContent | null,
  objects: readonly ReferencedObject[],
): VariableEvidence[] {
  const containers = workload.template.spec?.containers ?? [];
  const main = containers.find(({ name }) => name === runbook?.spec.target.container) ?? containers[0];
  if (main === undefined) return [];
  const declared = runbook?.spec.variables ?? [];
  const names = new Set(declared.map(({ name }) => name));
  return [
    ...judgeContainer(main, objects, declared),
    ...containers.flatMap((container) =>
      judgeOthers(container, objects).filter(({ name }) => container !== main || !names.has(name)),
    ),
  ];
}

function judgeContainer(
  container: V1Container,
  objects: readonly ReferencedObject[],
  declared: readonly { name: string; pattern?: string | undefined }[],
): VariableEvidence[] {
  const environment = effectiveEnvironment(container, objects);
  return declared.map(({ name, pattern }) => {
    const variable = environment.get(name);
    const base = { name, container: container.name, ...(pattern === undefined ? {} : { pattern }) };
    // What is imported whole and could not be read may hold it.
    if (variable === undefined) return { ...base, state: isWhole(container, objects) ? 'missing' : 'unknown' };
    return { ...base, source: variable.source, state: stateOf(name, variable, pattern) };
  });
}

/** Only what is wrong whatever the program makes of it. */
function judgeOthers(container: V1Container, objects: readonly ReferencedObject[]): VariableEvidence[] {
  return [...effectiveEnvironment(container, objects)]
    .map(
      ([name, variable]): VariableEvidence => ({
        name,
        container: container.name,
        source: variable.source,
        state: stateOf(name, variable, undefined),
      }),
    )
    .filter(({ state }) => state === 'unescaped' || state === 'service-link');
}

/** `tcp://10.96.0.7:6379`: what the kubelet puts into NAME_PORT for each Service of the namespace. */
const SERVICE_LINK = /^(?:tcp|udp):\/\/[0-9a-f.:[\]]+:\d+$/i;
const MEANS_PORT = /PORT$/i;

function stateOf(
  name: string,
  { value, source }: EffectiveVariable,
  pattern: string | undefined,
): VariableEvidence['state'] {
  if (value === undefined) return source.startsWith('field:') || source === 'resource' ? 'right' : 'unknown';
  if (value.trim() === '') return 'empty';
  if (MEANS_PORT.test(name) && SERVICE_LINK.test(value)) return 'service-link';
  if (parseAddress(value)?.unescaped === true) return 'unescaped';
  return pattern === undefined || new RegExp(pattern).test(value) ? 'right' : 'wrong';
}
