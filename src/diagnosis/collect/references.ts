import type { V1ObjectMeta, V1PersistentVolumeClaim, V1StorageClass } from '@kubernetes/client-node';
import { z } from 'zod';
import { KintsugiError } from '../../errors.ts';
import type { Kubernetes } from '../../kubernetes/client.ts';
import { type FieldSetter, lastChange } from '../../kubernetes/managed-fields.ts';
import { isFinished } from '../../kubernetes/pods.ts';
import { fingerprint, PULL_SECRETS, type Reference, referencesOf } from '../../kubernetes/references.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import type { ClaimEvidence, ReferenceEvidence } from '../evidence/reference.ts';
import type { ContainerTemplate } from '../evidence/workload.ts';
import { isSecretName } from '../redaction.ts';
import type { Attempt } from './collect.ts';
import type { Subject } from './subject.ts';

/** A referenced object; its secret values never leave the collector but as what redaction looks for. */
export interface ReferencedObject {
  evidence: ReferenceEvidence;
  /** Decoded values of a Secret by key. */
  secrets: Record<string, string>;
  /** What a ConfigMap or Secret holds by key, as a container gets it. */
  content: Record<string, string>;
  /** Its keys' own hashes, as the baseline keeps them. */
  keyHashes?: Record<string, string>;
}

interface Request {
  kubernetes: Kubernetes;
  subject: Pick<Subject, 'workload' | 'pods'>;
  /** The keyed hash that baselines use too. */
  hmac(text: string): string;
  attempt: Attempt;
  signal: AbortSignal;
}

/** What was read of a referenced object. */
interface Content {
  data: Record<string, string>;
  type?: string;
  claim?: V1PersistentVolumeClaim;
  changed?: FieldSetter;
}

/** Pods whose own claims and pull secrets are read besides the template's. */
const MOST_PODS = 3;

/** Reads what the template and the pods refer to: one call an object, for a claim that is not bound one or two more. */
export async function readReferences(
  request: Request,
): Promise<{ objects: ReferencedObject[]; claims: ClaimEvidence[] }> {
  const claims: ClaimEvidence[] = [];
  const objects = await Promise.all(
    allReferences(request.subject).map((reference) =>
      request.attempt<ReferencedObject>(
        `${reference.kind} ${reference.name}`,
        () => readReference(request, reference, claims),
        { evidence: evidenceOf(reference, 'unknown', []), secrets: {}, content: {} },
      ),
    ),
  );
  return { objects, claims };
}

/** The claims that the target's pods use, the StatefulSet's own ones too, and what else it refers to. */
export function allReferences({ workload, pods }: Pick<Subject, 'workload' | 'pods'>): Reference[] {
  const ofTemplate = referencesOf(workload.template);
  // A StatefulSet's claims, and the pull secrets of the ServiceAccount, stand only in the pods.
  const ofPods = pods
    .filter((pod) => !isFinished(pod))
    .slice(-MOST_PODS)
    .flatMap(({ spec }) => (spec === undefined ? [] : referencesOf({ spec })))
    .filter(({ kind, usedBy }) => kind === 'PersistentVolumeClaim' || usedBy.includes(PULL_SECRETS));
  const known = new Set(ofTemplate.map(({ kind, name }) => `${kind}/${name}`));
  return [...ofTemplate, ...ofPods.filter(({ kind, name }) => isFirst(known, `${kind}/${name}`))];
}

function isFirst(seen: Set<string>, what: string): boolean {
  if (seen.has(what)) return false;
  seen.add(what);
  return true;
}

async function readReference(
  request: Request,
  reference: Reference,
  claims: ClaimEvidence[],
): Promise<ReferencedObject> {
  const { kind, name } = reference;
  try {
    const { data, type, claim, changed } = await readContent(request, reference);
    if (claim !== undefined) claims.push(await claimEvidence(request, claim));
    const print = kind === 'ConfigMap' || kind === 'Secret' ? fingerprint(data, request.hmac) : undefined;
    const secrets = kind === 'Secret' ? decoded(data) : {};
    return {
      evidence: {
        ...evidenceOf(reference, true, Object.keys(data)),
        ...(print === undefined ? {} : { hash: print.whole }),
        ...(type === undefined ? {} : { type }),
        ...(changed === undefined ? {} : { changed }),
        ...(reference.usedBy.includes(PULL_SECRETS) ? { registries: registriesIn(Object.values(secrets)) } : {}),
      },
      secrets,
      content: kind === 'Secret' ? secrets : data,
      ...(print === undefined ? {} : { keyHashes: print.keys }),
    };
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
  const { kind, name, optional, usedBy } = reference;
  const missingKeys = found === true ? reference.keys.filter((key) => !keys.includes(key)) : [];
  return { kind, name, found, optional, keys, missingKeys, usedBy };
}

async function readContent({ kubernetes, subject, signal }: Request, { kind, name }: Reference): Promise<Content> {
  const { core } = kubernetes;
  const place = { name, namespace: subject.workload.namespace };
  const options = callOptions({ signal });
  switch (kind) {
    case 'ConfigMap': {
      const map = await core.readNamespacedConfigMap(place, options);
      return { data: { ...map.binaryData, ...map.data }, ...changeOf(map) };
    }
    case 'Secret': {
      const { data = {}, type, metadata } = await core.readNamespacedSecret(place, options);
      return { data, ...(type === undefined ? {} : { type }), ...changeOf({ metadata }) };
    }
    case 'ServiceAccount':
      await core.readNamespacedServiceAccount(place, options);
      return { data: {} };
    case 'PersistentVolumeClaim':
      return { data: {}, claim: await core.readNamespacedPersistentVolumeClaim(place, options) };
  }
}

function changeOf({ metadata }: { metadata?: V1ObjectMeta | undefined }): { changed?: FieldSetter } {
  const changed = lastChange(metadata?.managedFields);
  return changed === undefined ? {} : { changed };
}

async function claimEvidence(
  { kubernetes, attempt, signal }: Request,
  { metadata, spec, status }: V1PersistentVolumeClaim,
): Promise<ClaimEvidence> {
  const phase = status?.phase ?? 'Unknown';
  const wanted = spec?.storageClassName;
  const base: ClaimEvidence = {
    name: metadata?.name ?? '',
    phase,
    ...(wanted === undefined ? {} : { storageClass: wanted }),
    ...(spec?.volumeName === undefined ? {} : { volume: spec.volumeName }),
  };
  if (phase === 'Bound' || wanted === '') return base;
  const list = await attempt(
    'storage classes',
    () => kubernetes.storage.listStorageClass({}, callOptions({ signal })),
    null,
  );
  if (list === null) return base;
  const isWanted = ({ metadata: named }: V1StorageClass): boolean =>
    wanted === undefined ? named?.annotations?.[DEFAULT_CLASS] === 'true' : named?.name === wanted;
  const found = list.items.find(isWanted);
  return {
    ...base,
    classState: {
      found: found !== undefined,
      ...(found === undefined
        ? {}
        : { provisioner: found.provisioner, waitsForPod: found.volumeBindingMode === 'WaitForFirstConsumer' }),
      known: list.items.map(({ metadata: named }) => named?.name ?? ''),
    },
  };
}

/** https://kubernetes.io/docs/concepts/storage/storage-classes/#default-storageclass */
const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';

const pullSecret = z.looseObject({ auths: z.record(z.string(), z.unknown()).optional() });

/** The hosts that pull secrets have credentials for: no secret. */
function registriesIn(texts: string[]): string[] {
  return texts.flatMap((text) => {
    try {
      const { auths, ...legacy } = pullSecret.parse(JSON.parse(text));
      return Object.keys(auths ?? legacy).map((host) => host.replace(/^https?:\/\//, ''));
    } catch {
      return [];
    }
  });
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
