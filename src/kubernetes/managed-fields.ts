import type { V1ManagedFieldsEntry } from '@kubernetes/client-node';
import { z } from 'zod';

/** Who last set a field, as server-side apply records it. */
export interface FieldSetter {
  /** `kubectl-scale`, `helm-controller`, `kube-controller-manager`. */
  manager: string;
  /** RFC 3339. */
  at?: string;
}

/**
 * Who last set `spec.replicas`: by the scale subresource (`kubectl scale`, an autoscaler) or by a change of the object. A
 * `kubectl scale` to 0 leaves no trace: Scale omits a count of 0, and with it its owner (seen on 1.34). Undefined then.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
 */
export function replicasSetBy(fields: readonly V1ManagedFieldsEntry[]): FieldSetter | undefined {
  const owners = fields.filter((entry) => ownsReplicas.safeParse(entry.fieldsV1).success);
  const latest = owners.toSorted((a, b) => timeOf(a) - timeOf(b)).at(-1);
  if (latest?.manager === undefined) return undefined;
  const at = timeOf(latest);
  return { manager: latest.manager, ...(at === 0 ? {} : { at: new Date(at).toISOString() }) };
}

/** Who changed the object last, its status aside; undefined where it says nothing of it. */
export function lastChange(fields: readonly V1ManagedFieldsEntry[] = []): FieldSetter | undefined {
  const own = fields.filter(({ subresource }) => subresource !== 'status');
  const latest = own.toSorted((a, b) => timeOf(a) - timeOf(b)).at(-1);
  const at = latest === undefined ? 0 : timeOf(latest);
  return latest?.manager === undefined || at === 0
    ? undefined
    : { manager: latest.manager, at: new Date(at).toISOString() };
}

const ownsReplicas = z.looseObject({ 'f:spec': z.looseObject({ 'f:replicas': z.looseObject({}) }) });

/** A list through the custom-objects client has its times as text. */
function timeOf({ time }: V1ManagedFieldsEntry): number {
  return time === undefined ? 0 : new Date(time).getTime();
}
