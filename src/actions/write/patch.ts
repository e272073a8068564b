import { PatchStrategy } from '@kubernetes/client-node';
import type { Kubernetes } from '../../kubernetes/client.ts';
import { type PatchOperation, performPatch } from '../../kubernetes/json-patch.ts';
import { sendPatch } from '../../kubernetes/namespaced-objects.ts';
import type { LiveObject } from '../../kubernetes/objects.ts';
import { atPointer, pointer, pointerKeys, toJson } from '../../kubernetes/template.ts';
import { toWorkload, type Workload, type WorkloadObject } from '../../kubernetes/workloads.ts';
import type { Json } from '../../recovery/values.ts';

/** A field and what shall stand there; undefined: nothing. */
export interface Assignment {
  path: string;
  value: Json | undefined;
}

export const FIELD_MANAGER = 'kintsugi';

/**
 * The operations that set fields of an object as it is now. Parents that are missing are made; what is cut from the end of a
 * list is cut from behind, so that no path moves under another.
 */
export function patchOperations(document: Json, assignments: readonly Assignment[]): PatchOperation[] {
  const made = new Set<string>();
  const sets = assignments.flatMap(({ path, value }): PatchOperation[] => {
    if (value === undefined) return [];
    if (atPointer(document, path) !== undefined) return [{ op: 'replace', path, value }];
    return [...missingParents(document, path, made), { op: 'add', path, value }];
  });
  const removals = assignments
    .filter(({ path, value }) => value === undefined && atPointer(document, path) !== undefined)
    .map(({ path }): PatchOperation => ({ op: 'remove', path }));
  return [...sets, ...removals.reverse()];
}

function missingParents(document: Json, path: string, made: Set<string>): PatchOperation[] {
  const keys = pointerKeys(path).slice(0, -1);
  return keys.flatMap((_, index): PatchOperation[] => {
    const parent = pointer(...keys.slice(0, index + 1));
    if (atPointer(document, parent) !== undefined || made.has(parent)) return [];
    made.add(parent);
    return [{ op: 'add', path: parent, value: {} }];
  });
}

/**
 * Sets fields and annotations of the object's own metadata in one patch, made against the resourceVersion that was read.
 * @throws KintsugiError `conflict` when the object has changed since it was read
 */
export async function patchObject(
  kubernetes: Kubernetes,
  { ref, resourceVersion, raw }: LiveObject,
  write: { fields: readonly Assignment[]; annotations: Record<string, string | undefined> },
  signal: AbortSignal,
): Promise<void> {
  const annotations = Object.entries(write.annotations).map(
    ([key, value]): Assignment => ({ path: pointer('metadata', 'annotations', key), value }),
  );
  const body: PatchOperation[] = [
    // A stale resourceVersion inside a patch is a conflict, not a retry by the API server.
    { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
    ...patchOperations(toJson(raw), [...annotations, ...write.fields]),
  ];
  await sendPatch(kubernetes, ref, { body, fieldManager: FIELD_MANAGER, strategy: PatchStrategy.JsonPatch, signal });
}

/** The workload as it would be with these fields set; nothing is written. */
export function withFields(workload: Workload, fields: readonly Assignment[]): Workload {
  const document = toJson(workload.raw);
  const object: WorkloadObject = JSON.parse(JSON.stringify(performPatch(document, patchOperations(document, fields))));
  return toWorkload(workload.kind, object);
}
