import { createHmac } from 'node:crypto';
import type { Artifacts } from '../../artifacts/store.ts';
import { KintsugiError } from '../../errors.ts';
import type { Kubernetes } from '../../kubernetes/client.ts';
import { sameValue } from '../../kubernetes/differences.ts';
import { readObject } from '../../kubernetes/objects.ts';
import { atPointer, canonicalText, isRecord, KINTSUGI_PREFIX } from '../../kubernetes/template.ts';
import type { Workload } from '../../kubernetes/workloads.ts';
import type { Json, ObjectRef, Value } from '../../recovery/values.ts';

/** Keeps secrets out of plans: says what redaction would alter, and hashes it with the redaction key. */
export interface Secrets {
  /** Whether a text, known under a name (`REDIS_PASSWORD`), would not pass redaction as it is. */
  isSecret(name: string, text: string): boolean;
  /** Keyed hash in hex: equal secrets have equal ones, and nobody without the key can try values. */
  hmac(text: string): string;
}

/**
 * @param key KINTSUGI_REDACTION_KEY
 * @param redact the one redaction of evidence: text in, text out
 */
export function createSecrets(key: string, redact: (text: string) => string): Secrets {
  return {
    isSecret: (name, text) => redact(`${name}=${text}`) !== `${name}=${text}` || redact(text) !== text,
    hmac: (text) => createHmac('sha256', key).update(text).digest('hex'),
  };
}

/** Where a value that a plan must not hold can be read again: a revision keeps it as long as history reaches. */
export interface Source {
  object: ObjectRef;
  path: string;
}

/**
 * A field's value as a plan may hold it.
 * @param name what the value is called: the variable's name, else the field's
 */
export function toValue(secrets: Secrets, json: Json | undefined, name: string, source: Source): Value {
  if (json === undefined) return { absent: true };
  if (!holdsSecret(secrets, json, name)) return { value: json };
  return { secret: { from: source.object, path: source.path, hmac: secrets.hmac(canonicalText(json)) } };
}

/** Whether what is there now is the plan's value; quantities by value. */
export function isValue(secrets: Secrets, planned: Value, live: Json | undefined, path: string): boolean {
  if ('absent' in planned) return sameValue(undefined, live, path);
  if ('value' in planned) return sameValue(planned.value, live, path);
  if ('later' in planned) return false;
  return live !== undefined && secrets.hmac(canonicalText(live)) === planned.secret.hmac;
}

/**
 * The value itself, for writing; undefined for "not there".
 * @throws KintsugiError `refused` when a secret can no longer be read where the plan says it stands
 */
export async function readValue(
  context: { kubernetes: Kubernetes; secrets: Secrets; artifacts: Artifacts; signal: AbortSignal },
  planned: Value,
): Promise<Json | undefined> {
  if ('absent' in planned) return undefined;
  if ('value' in planned) return planned.value;
  if ('later' in planned)
    throw new KintsugiError('refused', `what is to be written is not known yet: ${planned.later}`, {
      where: 'plan.changes',
      fix: 'Let the earlier action of the remedy end with a result.',
    });
  const { from, path, hmac } = planned.secret;
  const object = await (isArtifact(from)
    ? readArtifact(context.artifacts, from)
    : readObject(context.kubernetes, from, context.signal));
  const json = object === null ? undefined : atPointer(object, path);
  if (json !== undefined && context.secrets.hmac(canonicalText(json)) === hmac) return json;
  throw new KintsugiError('refused', `the value that ${from.kind} ${from.name} kept is no longer there`, {
    where: `${from.kind} ${from.namespace ?? ''}/${from.name} ${path}`,
    fix: 'Set the value by hand, from where your secrets are kept.',
  });
}

/** What no object of the cluster keeps is kept as an artifact: its SHA-256 in an object's place. */
export function artifactRef(sha256: string): ObjectRef {
  return { apiVersion: `${KINTSUGI_PREFIX}artifact`, kind: 'Artifact', name: sha256 };
}

function isArtifact({ apiVersion, kind }: ObjectRef): boolean {
  return kind === 'Artifact' && apiVersion === artifactRef('').apiVersion;
}

async function readArtifact(artifacts: Artifacts, { name }: ObjectRef): Promise<Json | null> {
  const bytes = await artifacts.get(name);
  return bytes === null ? null : JSON.parse(bytes.toString('utf8'));
}

/** A value as a sentence may show it. */
export function valueText(planned: Value): string {
  if ('absent' in planned) return 'nothing';
  if ('secret' in planned) return 'a secret value';
  if ('later' in planned) return planned.later;
  const text = typeof planned.value === 'string' ? planned.value : canonicalText(planned.value);
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}

/** What a field is called: the variable it belongs to, or its own last key. */
export function fieldName(document: Json, path: string): string {
  const keys = path.split('/').slice(1);
  const last = keys.at(-1) ?? '';
  const parent = atPointer(
    document,
    keys.slice(0, -1).reduce((at, key) => `${at}/${key}`, ''),
  );
  if (last === 'value' && isRecord(parent) && typeof parent.name === 'string') return parent.name;
  return last;
}

/** Where a workload's own template is kept besides in the workload, which is about to change. */
export function templateSource(
  workload: Workload,
  revision: { ref: ObjectRef; templatePath: string } | undefined,
  path: string,
): Source {
  if (revision === undefined || !path.startsWith('/spec/template')) return { object: workload.ref, path };
  return { object: revision.ref, path: revision.templatePath + path.slice('/spec/template'.length) };
}

function holdsSecret(secrets: Secrets, json: Json, name: string): boolean {
  if (typeof json === 'string') return secrets.isSecret(name, json);
  if (Array.isArray(json)) return json.some((item) => holdsSecret(secrets, item, name));
  if (!isRecord(json)) return false;
  const own = typeof json.name === 'string' ? json.name : undefined;
  return Object.entries(json).some(([key, value]) =>
    holdsSecret(secrets, value, key === 'value' && own !== undefined ? own : key),
  );
}
