import type { V1Container, V1EnvVarSource } from '@kubernetes/client-node';
import type { ReferencedObject } from './references.ts';

/** A variable as the container gets it. Its value may be a secret: it never leaves the collector. */
export interface EffectiveVariable {
  /** Undefined where it comes from what could not be read, or is known only inside the pod. */
  value?: string;
  /** `literal`, `ConfigMap/app:KEY`, `Secret/app:KEY`, `field:status.podIP`. */
  source: string;
}

/**
 * The container's environment as the kubelet makes it: `envFrom` first, each later source over the earlier, then `env`, in
 * which `$(NAME)` stands for what was defined before.
 * https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.34/#envvar-v1-core
 */
export function effectiveEnvironment(
  { env = [], envFrom = [] }: V1Container,
  objects: readonly ReferencedObject[],
): Map<string, EffectiveVariable> {
  const variables = new Map<string, EffectiveVariable>();
  for (const { configMapRef, secretRef, prefix = '' } of envFrom) {
    const kind = secretRef === undefined ? 'ConfigMap' : 'Secret';
    const name = (secretRef ?? configMapRef)?.name ?? '';
    for (const [key, value] of Object.entries(contentOf(objects, kind, name) ?? {}))
      variables.set(prefix + key, { value, source: `${kind}/${name}:${key}` });
  }
  for (const { name, value, valueFrom } of env)
    variables.set(
      name,
      valueFrom === undefined
        ? { value: expanded(value ?? '', variables), source: 'literal' }
        : referenced(valueFrom, objects),
    );
  return variables;
}

/** Whether all that `envFrom` imports was read: only then is a variable that is not there known to be missing. */
export function isWhole({ envFrom = [] }: V1Container, objects: readonly ReferencedObject[]): boolean {
  return envFrom.every(({ configMapRef, secretRef }) => {
    const kind = secretRef === undefined ? 'ConfigMap' : 'Secret';
    const name = (secretRef ?? configMapRef)?.name;
    return objects.some(
      ({ evidence }) => evidence.kind === kind && evidence.name === name && evidence.found !== 'unknown',
    );
  });
}

function referenced(from: V1EnvVarSource, objects: readonly ReferencedObject[]): EffectiveVariable {
  const kind = from.secretKeyRef === undefined ? 'ConfigMap' : 'Secret';
  const { name = '', key = '' } = from.secretKeyRef ?? from.configMapKeyRef ?? {};
  if (from.secretKeyRef === undefined && from.configMapKeyRef === undefined)
    return { source: from.fieldRef === undefined ? 'resource' : `field:${from.fieldRef.fieldPath}` };
  const value = contentOf(objects, kind, name)?.[key];
  return { ...(value === undefined ? {} : { value }), source: `${kind}/${name}:${key}` };
}

function contentOf(
  objects: readonly ReferencedObject[],
  kind: 'ConfigMap' | 'Secret',
  name: string,
): Record<string, string> | undefined {
  return objects.find(({ evidence }) => evidence.kind === kind && evidence.name === name)?.content;
}

function expanded(value: string, before: ReadonlyMap<string, EffectiveVariable>): string {
  return value.replace(/\$\$|\$\(([^)]+)\)/g, (written, name?: string) =>
    name === undefined ? '$' : (before.get(name)?.value ?? written),
  );
}
