import type { V1EnvVar } from '@kubernetes/client-node';
import type { Workload } from '../../kubernetes/workloads.ts';
import type { WriteContext } from '../action.ts';

/** The environment inside a session, as people may see it. */

/** What Kubernetes, the image and the shell set by themselves: the address of every Service of the namespace, the path ... */
const NOISE =
  /^(?:KUBERNETES_|[A-Z0-9_]+_SERVICE_(?:HOST|PORT)|[A-Z0-9_]+_PORT(?:_\d+_(?:TCP|UDP))?(?:_|$))|^(?:PATH|HOME|HOSTNAME|PWD|SHLVL|TERM|_)$/;
const MOST_NAMES = 40;

/** `env`'s output; a value of several lines keeps its first one. */
export function parseEnvironment(text: string): Record<string, string> {
  const pairs = text.split('\n').flatMap((line) => {
    const [, name, value = ''] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line) ?? [];
    return name === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(pairs);
}

/**
 * The variables by name. A value is shown only where the template has it as a literal and redaction lets it pass: what comes from
 * a Secret, or from anywhere else, is only told to be set. Then what the runbook misses.
 */
export function environmentLines(
  { secrets, runbook }: Pick<WriteContext, 'secrets' | 'runbook'>,
  workload: Workload,
  container: string,
  variables: Record<string, string>,
): string[] {
  const declared = workload.template.spec?.containers.find(({ name }) => name === container)?.env ?? [];
  const literals = new Map(declared.map((variable) => [variable.name, variable]));
  const names = Object.keys(variables).filter((name) => literals.has(name) || !NOISE.test(name));
  const shown = names.slice(0, MOST_NAMES).map((name) => {
    const value = variables[name] ?? '';
    const known = literals.get(name);
    return isPublic(known, value) && !secrets.isSecret(name, value)
      ? `${name}=${value}`
      : `${name} (${stateOf(value)}${originOf(known)})`;
  });
  const more = names.length > MOST_NAMES ? `, and ${names.length - MOST_NAMES} more` : '';
  const wrong = runbook.spec.variables.flatMap(({ name, pattern }) => {
    const value = variables[name];
    if (value === undefined || value === '') return [`${name} is not set`];
    return pattern !== undefined && !new RegExp(pattern).test(value) ? [`${name} does not match ${pattern}`] : [];
  });
  return [
    `environment: ${shown.join(', ') || 'nothing of its own'}${more}`,
    ...(runbook.spec.variables.length === 0
      ? []
      : [`required variables: ${wrong.length === 0 ? 'all set as the runbook has them' : wrong.join('; ')}`]),
  ];
}

/** The very literal of the template; one that refers to others (`$(NAME)`) may have taken a secret in. */
function isPublic(variable: V1EnvVar | undefined, value: string): boolean {
  return variable?.value !== undefined && variable.value === value;
}

/** Not even how long it is: of a password that would tell too much. */
function stateOf(value: string): string {
  return value === '' ? 'empty' : 'set';
}

function originOf(variable: V1EnvVar | undefined): string {
  const { secretKeyRef, configMapKeyRef } = variable?.valueFrom ?? {};
  if (secretKeyRef !== undefined) return `, from Secret ${secretKeyRef.name} key ${secretKeyRef.key}`;
  if (configMapKeyRef !== undefined) return `, from ConfigMap ${configMapKeyRef.name} key ${configMapKeyRef.key}`;
  return '';
}
