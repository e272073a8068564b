import { sameValue } from '../../kubernetes/differences.ts';
import { isRecord, pointer } from '../../kubernetes/template.ts';
import type { Json } from '../../recovery/values.ts';

/** `.spec.containers[name="app"]`: a key, or the item of a list by the fields that identify it. */
const PART = /\.([^.[]+)|\[([^\]]*)\]/gy;

/**
 * Whether the field of a conflict means the same in both documents: the API server compares what was written, and `1000m` is
 * not `1` to it. A path that is not understood counts as different.
 */
export function meansTheSame(before: Json, after: Json, field: string): boolean {
  const parts = [...field.matchAll(PART)];
  if (parts.map(([text]) => text).join('') !== field) return false;
  const [was, will] = [at(before, parts), at(after, parts)];
  if (was === undefined || will === undefined) return false;
  const keys = parts.flatMap(([, key]) => key ?? []);
  return sameValue(was, will, pointer(...keys.slice(-2)));
}

function at(document: Json, parts: readonly RegExpMatchArray[]): Json | undefined {
  let found: Json | undefined = document;
  for (const [, key, identity] of parts) {
    if (key !== undefined) found = isRecord(found) ? found[key] : undefined;
    else found = Array.isArray(found) ? itemOf(found, identity ?? '') : undefined;
  }
  return found;
}

/** `name="app"`, `containerPort=8080,protocol="TCP"`. */
function itemOf(list: readonly Json[], identity: string): Json | undefined {
  const pairs = identity.split(',').map((pair) => pair.split('='));
  return list.find((item) => isRecord(item) && pairs.every(([key = '', value]) => JSON.stringify(item[key]) === value));
}
