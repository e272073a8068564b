import type { V1Container, V1PodTemplateSpec, V1Volume } from '@kubernetes/client-node';
import { KintsugiError } from '../errors.ts';
import type { Kubernetes } from './client.ts';
import { canonicalText, toJson } from './template.ts';
import { callOptions } from './transport.ts';

/** An object that a pod needs to start, and the keys of it. */
export interface Reference {
  kind: 'ConfigMap' | 'Secret' | 'PersistentVolumeClaim' | 'ServiceAccount';
  name: string;
  keys: string[];
  /** Kubernetes starts the pod without it. */
  optional: boolean;
  /** Where the template names it: `env TOKEN of app`, `envFrom of app`, `volume settings`, `imagePullSecrets`. */
  usedBy: string[];
}

/** How a pull secret is used. */
export const PULL_SECRETS = 'imagePullSecrets';

/** Everything that a template refers to by name, each object once (safety 6). */
export function referencesOf(template: V1PodTemplateSpec): Reference[] {
  const spec = template.spec;
  if (spec === undefined) return [];
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  const all: Reference[] = [
    ...named('ServiceAccount', spec.serviceAccountName ?? 'default', undefined, 'serviceAccountName'),
    ...(spec.imagePullSecrets ?? []).flatMap(({ name }) => named('Secret', name, undefined, PULL_SECRETS)),
    ...containers.flatMap(referencesOfContainer),
    ...(spec.volumes ?? []).flatMap(referencesOfVolume),
  ];
  return merge(all);
}

/**
 * What a template refers to and does not exist (an object, or a key of it), each as a clause: "Secret bruno/redis-url is
 * missing". Optional references are left out.
 */
export async function missingReferences(
  kubernetes: Kubernetes,
  namespace: string,
  template: V1PodTemplateSpec,
  signal?: AbortSignal,
): Promise<string[]> {
  const required = referencesOf(template).filter(({ optional }) => !optional);
  const found = await Promise.all(
    required.map(async (reference) => {
      const keys = await readKeys(kubernetes, namespace, reference, signal);
      if (keys === null) return [`${reference.kind} ${namespace}/${reference.name} is missing`];
      return reference.keys
        .filter((key) => !keys.includes(key))
        .map((key) => `${reference.kind} ${namespace}/${reference.name} has no key ${key}`);
    }),
  );
  return found.flat();
}

/**
 * The content of the ConfigMaps and Secrets that a template refers to, as keyed hashes by `ConfigMap/name` and
 * `Secret/name`; `absent` for one that does not exist.
 */
export async function contentHashes(
  kubernetes: Kubernetes,
  namespace: string,
  template: V1PodTemplateSpec,
  hmac: (text: string) => string,
  signal?: AbortSignal,
): Promise<Record<string, string>> {
  const read = await contentFingerprints(kubernetes, namespace, template, hmac, signal);
  return Object.fromEntries(Object.entries(read).map(([name, { whole }]) => [name, whole]));
}

/** A content as one keyed hash, and key by key. */
export interface Fingerprint {
  whole: string;
  keys: Record<string, string>;
}

/** The same with the keys' own hashes. */
export async function contentFingerprints(
  kubernetes: Kubernetes,
  namespace: string,
  template: V1PodTemplateSpec,
  hmac: (text: string) => string,
  signal?: AbortSignal,
): Promise<Record<string, Fingerprint>> {
  const contents = referencesOf(template).filter(({ kind }) => kind === 'ConfigMap' || kind === 'Secret');
  const entries = await Promise.all(
    contents.map(async ({ kind, name }) => {
      const content = await readContent(kubernetes, namespace, { kind, name }, signal);
      return [
        `${kind}/${name}`,
        content === null ? { whole: 'absent', keys: {} } : fingerprint(content, hmac),
      ] as const;
    }),
  );
  return Object.fromEntries(entries);
}

/** Keys whose hashes are kept: a ConfigMap of many files is compared as a whole. */
const MOST_KEYS = 64;

export function fingerprint(content: Record<string, string>, hmac: (text: string) => string): Fingerprint {
  const entries = Object.entries(content);
  const kept = entries.length > MOST_KEYS ? [] : entries;
  return {
    whole: hmac(canonicalText(toJson(content))),
    keys: Object.fromEntries(kept.map(([key, value]) => [key, hmac(value).slice(0, 16)])),
  };
}

/** The object's keys (none for kinds without), or null if it does not exist. */
async function readKeys(
  kubernetes: Kubernetes,
  namespace: string,
  reference: Pick<Reference, 'kind' | 'name'>,
  signal: AbortSignal | undefined,
): Promise<string[] | null> {
  const content = await readContent(kubernetes, namespace, reference, signal);
  return content === null ? null : Object.keys(content);
}

async function readContent(
  kubernetes: Kubernetes,
  namespace: string,
  { kind, name }: Pick<Reference, 'kind' | 'name'>,
  signal: AbortSignal | undefined,
): Promise<Record<string, string> | null> {
  const options = callOptions(signal === undefined ? {} : { signal });
  const { core } = kubernetes;
  try {
    switch (kind) {
      case 'ConfigMap': {
        const map = await core.readNamespacedConfigMap({ name, namespace }, options);
        return { ...map.binaryData, ...map.data };
      }
      case 'Secret':
        return (await core.readNamespacedSecret({ name, namespace }, options)).data ?? {};
      case 'PersistentVolumeClaim':
        await core.readNamespacedPersistentVolumeClaim({ name, namespace }, options);
        return {};
      case 'ServiceAccount':
        await core.readNamespacedServiceAccount({ name, namespace }, options);
        return {};
    }
  } catch (error) {
    if (error instanceof KintsugiError && error.code === 'not-found') return null;
    throw error;
  }
}

function referencesOfContainer({ name: container, env = [], envFrom = [] }: V1Container): Reference[] {
  return [
    ...env.flatMap(({ name, valueFrom }) => [
      ...named(
        'ConfigMap',
        valueFrom?.configMapKeyRef?.name,
        valueFrom?.configMapKeyRef,
        `env ${name} of ${container}`,
      ),
      ...named('Secret', valueFrom?.secretKeyRef?.name, valueFrom?.secretKeyRef, `env ${name} of ${container}`),
    ]),
    ...envFrom.flatMap(({ configMapRef, secretRef }) => [
      ...named('ConfigMap', configMapRef?.name, configMapRef, `envFrom of ${container}`),
      ...named('Secret', secretRef?.name, secretRef, `envFrom of ${container}`),
    ]),
  ];
}

function referencesOfVolume({ name, configMap, secret, persistentVolumeClaim, projected }: V1Volume): Reference[] {
  const use = `volume ${name}`;
  return [
    ...named('ConfigMap', configMap?.name, configMap, use),
    ...named('Secret', secret?.secretName, secret, use),
    ...named('PersistentVolumeClaim', persistentVolumeClaim?.claimName, undefined, use),
    ...(projected?.sources ?? []).flatMap((source) => [
      ...named('ConfigMap', source.configMap?.name, source.configMap, use),
      ...named('Secret', source.secret?.name, source.secret, use),
    ]),
  ];
}

function named(
  kind: Reference['kind'],
  name: string | undefined,
  from: { key?: string; items?: { key: string }[]; optional?: boolean } | undefined,
  use: string,
): Reference[] {
  if (name === undefined) return [];
  const keys = [...(from?.key === undefined ? [] : [from.key]), ...(from?.items ?? []).map(({ key }) => key)];
  return [{ kind, name, keys, optional: from?.optional ?? false, usedBy: [use] }];
}

/** One entry an object and optionality: its keys together. */
function merge(references: readonly Reference[]): Reference[] {
  const merged = new Map<string, Reference>();
  for (const reference of references) {
    const id = `${reference.kind}/${reference.name}/${reference.optional}`;
    const known = merged.get(id);
    const keys = [...new Set([...(known?.keys ?? []), ...reference.keys])];
    const usedBy = [...new Set([...(known?.usedBy ?? []), ...reference.usedBy])];
    merged.set(id, { ...reference, keys, usedBy });
  }
  return [...merged.values()];
}
