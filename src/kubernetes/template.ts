import { createHash } from 'node:crypto';
import type { V1PodTemplateSpec } from '@kubernetes/client-node';
import type { Json } from '../recovery/values.ts';

/** Kubernetes' own note of a restart: never a difference between two templates (safety 16). */
export const RESTARTED_AT = 'kubectl.kubernetes.io/restartedAt';
/** Flux's notes of a reconciliation that was asked for: another hand's request is as good as ours. */
export const REQUESTED_AT = 'reconcile.fluxcd.io/requestedAt';
export const FORCE_AT = 'reconcile.fluxcd.io/forceAt';
/** What Kintsugi writes on an object's own metadata; never in a pod template, where it would be a rollout. */
export const KINTSUGI_PREFIX = 'kintsugi.dev/';

/** Labels that the controllers add to a revision's template. */
const HASH_LABELS: ReadonlySet<string> = new Set(['pod-template-hash', 'controller-revision-hash']);

/** SHA-256 of the canonical template: without bookkeeping annotations, the controller's hash labels and empty leftovers. */
export function templateHash(template: V1PodTemplateSpec): string {
  return createHash('sha256')
    .update(canonicalText(canonicalTemplate(toJson(template))))
    .digest('hex');
}

/** The template as Kintsugi compares it. */
export function canonicalTemplate(template: Json): Json {
  if (!isRecord(template)) return template;
  const metadata = isRecord(template.metadata) ? template.metadata : {};
  const labels = withoutKeys(metadata.labels, (key) => HASH_LABELS.has(key));
  const annotations = withoutKeys(metadata.annotations, isBookkeeping);
  const { creationTimestamp: _, labels: _l, annotations: _a, ...rest } = metadata;
  return {
    ...template,
    metadata: { ...rest, ...(labels === null ? {} : { labels }), ...(annotations === null ? {} : { annotations }) },
  };
}

/** Another template in this one's place: the wanted one, with the bookkeeping annotations that stand there now (safety 16). */
export function templateInPlaceOf(present: V1PodTemplateSpec, wanted: V1PodTemplateSpec): V1PodTemplateSpec {
  const bookkeeping = Object.entries(present.metadata?.annotations ?? {}).filter(([key]) => isBookkeeping(key));
  const others = Object.entries(wanted.metadata?.annotations ?? {}).filter(([key]) => !isBookkeeping(key));
  const annotations = [...others, ...bookkeeping];
  const labels = Object.entries(wanted.metadata?.labels ?? {}).filter(([key]) => !HASH_LABELS.has(key));
  const { annotations: _, labels: _l, ...metadata } = wanted.metadata ?? {};
  return {
    ...wanted,
    metadata: {
      ...metadata,
      ...(labels.length === 0 ? {} : { labels: Object.fromEntries(labels) }),
      ...(annotations.length === 0 ? {} : { annotations: Object.fromEntries(annotations) }),
    },
  };
}

/** Whether an annotation's key is only a note about what was done. */
export function isBookkeeping(key: string): boolean {
  return key === RESTARTED_AT || key === REQUESTED_AT || key === FORCE_AT || key.startsWith(KINTSUGI_PREFIX);
}

/** Whether a JSON Pointer into a workload ends at a bookkeeping annotation. */
export function isBookkeepingPath(path: string): boolean {
  return path.includes('/annotations/') && isBookkeeping(pointerKeys(path).at(-1) ?? '');
}

/** JSON with sorted keys: equal values have equal texts. */
export function canonicalText(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (!isRecord(value)) return JSON.stringify(value);
  const fields = Object.keys(value)
    .sort()
    .flatMap((key) => {
      const field = value[key];
      return field === undefined ? [] : [`${JSON.stringify(key)}:${canonicalText(field)}`];
    });
  return `{${fields.join(',')}}`;
}

/** Plain data of anything that JSON can carry (Dates become RFC 3339 texts, undefined fields go). */
export function toJson(value: unknown): Json {
  const plain: Json = JSON.parse(JSON.stringify(value ?? null));
  return plain;
}

/** The value at a JSON Pointer (RFC 6901), undefined where there is none. */
export function atPointer(document: Json, pointer: string): Json | undefined {
  let value: Json | undefined = document;
  for (const key of pointerKeys(pointer)) {
    if (Array.isArray(value)) value = value[Number(key)];
    else if (isRecord(value)) value = Object.hasOwn(value, key) ? value[key] : undefined;
    else return undefined;
  }
  return value;
}

/** The unescaped keys of a JSON Pointer. */
export function pointerKeys(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** A JSON Pointer from keys. */
export function pointer(...keys: (string | number)[]): string {
  return keys.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

export function isRecord(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withoutKeys(value: Json | undefined, drop: (key: string) => boolean): Json {
  if (!isRecord(value)) return null;
  const kept = Object.entries(value).filter(([key]) => !drop(key));
  return kept.length === 0 ? null : Object.fromEntries(kept);
}
