import { KintsugiError } from '../../errors.ts';
import type { Kubernetes } from '../../kubernetes/client.ts';
import { type Reference, referencesOf } from '../../kubernetes/references.ts';
import { canonicalText, toJson } from '../../kubernetes/template.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import type { Workload } from '../../kubernetes/workloads.ts';
import type { ClaimEvidence, ContainerTemplate, ReferenceEvidence } from '../evidence.ts';
import { isSecretName } from '../redaction.ts';
import type { Attempt } from './collect.ts';

/** A referenced object; its secret values never leave the collector but as what redaction looks for. */
export interface ReferencedObject {
  evidence: ReferenceEvidence;
  /** Decoded values of a Secret by key. */
  secrets: Record<string, string>;
  /** What a ConfigMap or Secret holds by key, as a container gets it. */
  content: Record<string, string>;
}

interface Request {
  kubernetes: Kubernetes;
  workload: Workload;
  /** The keyed hash that baselines use too. */
  hmac(text: string): string;
  attempt: Attempt;
  signal: AbortSignal;
}

/** Reads what the template refers to: one call an object. */
export async function readReferences(
  request: Request,
): Promise<{ objects: ReferencedObject[]; claims: ClaimEvidence[] }> {
  const references = referencesOf(request.workload.template);
  const claims: ClaimEvidence[] = [];
  const objects = await Promise.all(
    references.map((reference) =>
      request.attempt<ReferencedObject>(
        `${reference.kind} ${reference.name}`,
        () => readReference(request, reference, claims),
        { evidence: evidenceOf(reference, 'unknown', []), secrets: {}, content: {} },
      ),
    ),
  );
  return { objects, claims };
}

async function readReference(
  request: Request,
  reference: Reference,
  claims: ClaimEvidence[],
): Promise<ReferencedObject> {
  const { kind, name } = reference;
  try {
    const content = await readContent(request, reference, claims);
    const hash =
      kind === 'ConfigMap' || kind === 'Secret' ? { hash: request.hmac(canonicalText(toJson(content))) } : {};
    const secrets = kind === 'Secret' ? decoded(content) : {};
    const evidence = { ...evidenceOf(reference, true, Object.keys(content)), ...hash };
    return { evidence, secrets, content: kind === 'Secret' ? secrets : content };
  } catch (thrown) {
    if (!(thrown instanceof KintsugiError) || thrown.code !== 'not-found') throw thrown;
    // Every namespace gets its `default` ServiceAccount, which no template names.
    return {
      evidence: evidenceOf(reference, kind === 'ServiceAccount' && name === 'default' ? 'unknown' : false, []),
      secrets: {},
      content: {},
    };
  }
}

function evidenceOf(reference: Reference, found: boolean | 'unknown', keys: string[]): ReferenceEvidence {
  const { kind, name, optional } = reference;
  const missingKeys = found === true ? reference.keys.filter((key) => !keys.includes(key)) : [];
  return { kind, name, found, optional, keys, missingKeys };
}

async function readContent(
  { kubernetes, workload, signal }: Request,
  { kind, name }: Reference,
  claims: ClaimEvidence[],
): Promise<Record<string, string>> {
  const { core } = kubernetes;
  const place = { name, namespace: workload.namespace };
  const options = callOptions({ signal });
  switch (kind) {
    case 'ConfigMap': {
      const map = await core.readNamespacedConfigMap(place, options);
      return { ...map.binaryData, ...map.data };
    }
    case 'Secret':
      return (await core.readNamespacedSecret(place, options)).data ?? {};
    case 'ServiceAccount':
      await core.readNamespacedServiceAccount(place, options);
      return {};
    case 'PersistentVolumeClaim': {
      const { spec, status } = await core.readNamespacedPersistentVolumeClaim(place, options);
      claims.push({
        name,
        phase: status?.phase ?? 'Unknown',
        ...(spec?.storageClassName === undefined ? {} : { storageClass: spec.storageClassName }),
        ...(spec?.volumeName === undefined ? {} : { volume: spec.volumeName }),
      });
      return {};
    }
  }
}

function decoded(data: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
  );
}

/** Keys of Secrets that by custom hold no secret: a user's name cut everywhere would make logs unreadable. */
const HARMLESS_KEY =
  /^(?:user(?:name)?|login|host(?:name)?|port|database|db(?:[_-]?name)?|name|namespace|region|email|ca\.crt|tls\.crt|type|engine|sslmode)$/i;
const SHORTEST = 8;
/** Text that reads as a secret although nothing names it so. */
const MIXED = /(?=.*\d)(?=.*[A-Za-z])/;

/** The secret values that redaction cuts wherever they appear: of the Secrets, and the passwords in the template's own literals. */
export function knownSecrets(
  objects: readonly ReferencedObject[],
  containers: readonly ContainerTemplate[],
): Set<string> {
  const known = new Set<string>();
  const add = (name: string, value: string): void => {
    if (HARMLESS_KEY.test(name)) return;
    for (const password of passwordsIn(value)) known.add(password);
    if (isSecretName(name) || value.length >= SHORTEST || MIXED.test(value)) known.add(value);
    for (const inner of innerValues(value)) known.add(inner);
  };
  for (const { secrets } of objects) for (const [key, value] of Object.entries(secrets)) add(key, value);
  for (const variable of containers.flatMap(({ env }) => env)) {
    if (variable.value === undefined) continue;
    for (const password of passwordsIn(variable.value)) known.add(password);
    if (isSecretName(variable.name)) known.add(variable.value);
  }
  return known;
}

/** The password of an address, as it stands and decoded. */
function passwordsIn(value: string): string[] {
  const found = /^[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*:([^\s]+)@[^@\s]*$/i.exec(value.trim())?.[1];
  if (found === undefined) return [];
  try {
    return [found, decodeURIComponent(found)];
  } catch {
    return [found];
  }
}

/** Values inside a JSON document (a pull secret, a service account's key). */
function innerValues(value: string): string[] {
  if (!value.trimStart().startsWith('{')) return [];
  const inner: string[] = [];
  try {
    JSON.parse(value, (key, leaf: unknown) => {
      if (typeof leaf === 'string' && isSecretName(key)) inner.push(leaf);
      return leaf;
    });
  } catch {
    // No JSON after all: the value itself is known already.
  }
  return inner;
}
