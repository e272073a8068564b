import { PatchStrategy } from '@kubernetes/client-node';
import type { Kubernetes } from '../../kubernetes/client.ts';
import { atPointer, isRecord, pointer, pointerKeys, toJson } from '../../kubernetes/template.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import { toWorkload, WORKLOAD_PLURALS, type Workload, type WorkloadObject } from '../../kubernetes/workloads.ts';
import type { Json } from '../../recovery/values.ts';

/** One operation of a JSON Patch (RFC 6902). */
export type PatchOperation = { op: 'add' | 'replace'; path: string; value: Json } | { op: 'remove'; path: string };

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
 * Sets fields and annotations of the workload's own metadata in one patch, made against the resourceVersion that was read.
 * @throws KintsugiError `conflict` when the object has changed since it was read
 */
export async function patchWorkload(
  kubernetes: Kubernetes,
  workload: Workload,
  write: { fields: readonly Assignment[]; annotations: Record<string, string | undefined> },
  signal: AbortSignal,
): Promise<Workload> {
  const annotations = Object.entries(write.annotations).map(
    ([key, value]): Assignment => ({ path: pointer('metadata', 'annotations', key), value }),
  );
  const body: PatchOperation[] = [
    // A stale resourceVersion inside a patch is a conflict, not a retry by the API server.
    { op: 'replace', path: '/metadata/resourceVersion', value: workload.resourceVersion },
    ...patchOperations(toJson(workload.raw), [...annotations, ...write.fields]),
  ];
  return toWorkload(
    workload.kind,
    await kubernetes.custom.patchNamespacedCustomObject(
      {
        group: 'apps',
        version: 'v1',
        plural: WORKLOAD_PLURALS[workload.kind],
        namespace: workload.namespace,
        name: workload.name,
        body,
        fieldManager: FIELD_MANAGER,
      },
      callOptions({ patch: PatchStrategy.JsonPatch, signal }),
    ),
  );
}

/** The workload as it would be with these fields set; nothing is written. */
export function withFields(workload: Workload, fields: readonly Assignment[]): Workload {
  const document = toJson(workload.raw);
  for (const operation of patchOperations(document, fields)) perform(document, operation);
  const object: WorkloadObject = JSON.parse(JSON.stringify(document));
  return toWorkload(workload.kind, object);
}

function perform(document: Json, operation: PatchOperation): void {
  const keys = pointerKeys(operation.path);
  const last = keys.pop() ?? '';
  const parent = atPointer(document, pointer(...keys));
  if (Array.isArray(parent)) {
    if (operation.op === 'remove') parent.splice(Number(last), 1);
    else parent[Number(last)] = operation.value;
  } else if (isRecord(parent)) {
    if (operation.op === 'remove') delete parent[last];
    else parent[last] = operation.value;
  }
}
