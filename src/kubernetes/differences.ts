import type { Json } from '../recovery/values.ts';
import { equalQuantities } from './quantity.ts';
import { canonicalText, isRecord, pointer } from './template.ts';

/** One place where two documents differ; undefined where the one has nothing there. `path` is a JSON Pointer. */
export interface Difference {
  path: string;
  before: Json | undefined;
  after: Json | undefined;
}

/** Below these keys stand quantities, which are equal by value (`1024Mi` is `1Gi`). */
const QUANTITY_PARENTS: ReadonlySet<string> = new Set(['limits', 'requests']);

/**
 * Where `after` differs from `before`, as deep as a change can be put back by its path. Lists are compared item by item
 * where the items stand at the same places (or some were added at or cut from the end); otherwise the list is one difference.
 */
export function differences(before: Json | undefined, after: Json | undefined, path = ''): Difference[] {
  if (sameValue(before, after, path)) return [];
  if (isRecord(before) && isRecord(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => differences(before[key], after[key], path + pointer(key)));
  }
  if (Array.isArray(before) && Array.isArray(after) && aligned(before, after)) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, index) => index).flatMap((index) =>
      differences(before[index], after[index], path + pointer(index)),
    );
  }
  return [{ path, before, after }];
}

/** Whether two values mean the same to Kubernetes at this path. */
export function sameValue(a: Json | undefined, b: Json | undefined, path = ''): boolean {
  if (a === undefined || b === undefined) return isNothing(a) && isNothing(b);
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, index) => sameValue(item, b[index], path + pointer(index)));
  if (isRecord(a) && isRecord(b)) {
    const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
    return [...keys].every((key) => sameValue(a[key], b[key], path + pointer(key)));
  }
  if (canonicalText(a) === canonicalText(b)) return true;
  return isQuantityPath(path) && equalQuantities(a, b);
}

/** Whether a JSON Pointer ends at a quantity: a container's limit or request, a volume's size limit. */
export function isQuantityPath(path: string): boolean {
  const keys = path.split('/');
  return QUANTITY_PARENTS.has(keys.at(-2) ?? '') || keys.at(-1) === 'sizeLimit';
}

/** Not there, null and empty are one to the API server, which writes none of them. */
function isNothing(value: Json | undefined): boolean {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isRecord(value) && Object.keys(value).length === 0;
}

/** Named items (containers, variables, volumes) stand at the same places, as far as the shorter list goes. */
function aligned(before: Json[], after: Json[]): boolean {
  const common = Math.min(before.length, after.length);
  if (before.length !== after.length && common === 0) return false;
  return before.slice(0, common).every((item, index) => nameOf(item) === nameOf(after[index]));
}

/** What identifies an item: its name, a mount's path, a port's number; plain values only by their place. */
function nameOf(item: Json | undefined): string {
  if (!isRecord(item)) return '';
  return canonicalText(item.mountPath ?? item.name ?? item.containerPort ?? null);
}
