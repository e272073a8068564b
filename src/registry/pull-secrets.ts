import type { V1Pod } from '@kubernetes/client-node';
import { KintsugiError } from '../errors.ts';
import type { Kubernetes } from '../kubernetes/client.ts';
import { callOptions } from '../kubernetes/transport.ts';

/** The type that a pull secret has today; the other one is the legacy form. */
export const PULL_SECRET_TYPE = 'kubernetes.io/dockerconfigjson';

/** The kubelet takes a secret's key only under its type (kubernetes v1.34, pkg/credentialprovider/secrets/secrets.go). */
const KEY_OF_TYPE: Record<string, string> = {
  [PULL_SECRET_TYPE]: '.dockerconfigjson',
  'kubernetes.io/dockercfg': '.dockercfg',
};

/** One pull secret that a pod names. */
export interface PullSecret {
  namespace: string;
  name: string;
  /** `wrong-type`: the kubelet passes over it. `unreadable`: it may not be read here, the kubelet may. */
  state: 'usable' | 'absent' | 'wrong-type' | 'unreadable';
  type?: string;
  /** Decoded; it holds passwords and goes to the registry's questions and nowhere else. */
  text?: string;
}

/** Where a secret is read in place of the one that a pod names: a copy that is planned and not made yet. */
export type StandIns = ReadonlyMap<string, { namespace: string; name: string }>;

/** The pull secrets that a pod names (admission has already put its ServiceAccount's there), each as the kubelet sees it. */
export async function namedPullSecrets(
  kubernetes: Kubernetes,
  pod: V1Pod,
  options: { standIns?: StandIns; signal?: AbortSignal } = {},
): Promise<PullSecret[]> {
  const namespace = pod.metadata?.namespace;
  if (namespace === undefined) return [];
  const names = (pod.spec?.imagePullSecrets ?? []).flatMap(({ name }) => (name === undefined ? [] : [name]));
  return Promise.all(
    names.map((name) => readPullSecret(kubernetes, options.standIns?.get(name) ?? { namespace, name }, options.signal)),
  );
}

/** One secret as the kubelet would take it. @throws KintsugiError when the API server does not answer */
export async function readPullSecret(
  kubernetes: Kubernetes,
  place: { namespace: string; name: string },
  signal?: AbortSignal,
): Promise<PullSecret> {
  try {
    const { type = 'Opaque', data } = await kubernetes.core.readNamespacedSecret(
      place,
      callOptions(signal === undefined ? {} : { signal }),
    );
    const encoded = data?.[KEY_OF_TYPE[type] ?? ''];
    if (encoded === undefined) return { ...place, state: 'wrong-type', type };
    return { ...place, state: 'usable', type, text: Buffer.from(encoded, 'base64').toString('utf8') };
  } catch (error) {
    if (!(error instanceof KintsugiError)) throw error;
    if (error.code === 'not-found') return { ...place, state: 'absent' };
    if (error.code === 'forbidden') return { ...place, state: 'unreadable' };
    throw error;
  }
}

/** The texts of the secrets that the kubelet would use. One that may not be read is left out: the registry's answer tells. */
export function textsOf(secrets: readonly PullSecret[]): string[] {
  return secrets.flatMap(({ text }) => (text === undefined ? [] : [text]));
}

/** The texts of a pod's pull secrets, as far as they can be read at all. */
export async function readPullSecrets(kubernetes: Kubernetes, pod: V1Pod): Promise<string[]> {
  return textsOf(await namedPullSecrets(kubernetes, pod).catch(() => []));
}
