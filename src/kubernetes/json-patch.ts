import type { Json } from '../recovery/values.ts';
import { atPointer, isRecord, pointer, pointerKeys, toJson } from './template.ts';

/** One operation of a JSON Patch (RFC 6902). */
export type PatchOperation = { op: 'add' | 'replace'; path: string; value: Json } | { op: 'remove'; path: string };

/** The document after the operations; what it was stays as it is. A parent that is not there leaves it unchanged. */
export function performPatch(document: Json, operations: readonly PatchOperation[]): Json {
  const copy = toJson(document);
  for (const operation of operations) perform(copy, operation);
  return copy;
}

function perform(document: Json, operation: PatchOperation): void {
  const keys = pointerKeys(operation.path);
  const last = keys.pop() ?? '';
  const parent = atPointer(document, pointer(...keys));
  if (Array.isArray(parent)) {
    const index = last === '-' ? parent.length : Number(last);
    if (operation.op === 'remove') parent.splice(index, 1);
    else if (operation.op === 'add') parent.splice(index, 0, operation.value);
    else parent[index] = operation.value;
  } else if (isRecord(parent)) {
    if (operation.op === 'remove') delete parent[last];
    else parent[last] = operation.value;
  }
}
