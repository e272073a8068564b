import { createHash } from 'node:crypto';
import type { V1Lease } from '@kubernetes/client-node';
import { V1MicroTime } from '@kubernetes/client-node';
import { KintsugiError } from '../errors.ts';
import type { Kubernetes } from '../kubernetes/client.ts';

/** What only one recovery at a time may mend (safety 1). */
export type Scope = { namespace: string } | { dependency: { namespace: string; name: string } };

/** Where the Leases are, and how a holder is known to have ended. */
export interface Leases {
  kubernetes: Kubernetes;
  /** KINTSUGI_NAMESPACE */
  namespace: string;
  /** Asks Temporal; throws a retryable KintsugiError when it cannot tell. */
  isRunOpen(recoveryId: string): Promise<boolean>;
}

export type Acquired = { held: true } | { held: false; by: string; scope: Scope };

/**
 * Takes the Leases of all scopes for a recovery, or none: one is broken only when Temporal says that its holder's run has
 * ended, never by time.
 */
export async function acquireLeases(leases: Leases, scopes: readonly Scope[], recoveryId: string): Promise<Acquired> {
  const taken: Scope[] = [];
  for (const scope of scopes) {
    const result = await acquire(leases, scope, recoveryId);
    if (result.held) {
      if (result.fresh) taken.push(scope);
      continue;
    }
    // Two recoveries that each hold half of what both need would hold each other back for ever.
    await releaseLeases(leases, taken, recoveryId);
    return { held: false, by: result.by, scope };
  }
  return { held: true };
}

/** Gives back those of the scopes' Leases that the recovery holds. */
export async function releaseLeases(leases: Leases, scopes: readonly Scope[], recoveryId: string): Promise<void> {
  for (const scope of scopes) await release(leases, scope, recoveryId);
}

export function scopeText(scope: Scope): string {
  if ('namespace' in scope) return `namespace ${scope.namespace}`;
  return `dependency ${scope.dependency.name} in namespace ${scope.dependency.namespace}`;
}

async function acquire(
  leases: Leases,
  scope: Scope,
  recoveryId: string,
): Promise<{ held: true; fresh: boolean } | { held: false; by: string }> {
  const name = leaseName(scope);
  for (;;) {
    const lease = await read(leases, name);
    const holder = lease?.spec?.holderIdentity;
    if (holder === recoveryId) return { held: true, fresh: false };
    if (holder !== undefined && holder !== '' && (await leases.isRunOpen(holder))) return { held: false, by: holder };
    try {
      await write(leases, name, scope, recoveryId, lease);
      return { held: true, fresh: true };
    } catch (error) {
      // Another recovery was quicker: look who holds it now.
      if (!(error instanceof KintsugiError) || error.code !== 'conflict') throw error;
    }
  }
}

async function release(leases: Leases, scope: Scope, recoveryId: string): Promise<void> {
  const name = leaseName(scope);
  const lease = await read(leases, name);
  if (lease?.spec?.holderIdentity !== recoveryId) return;
  const { uid = '', resourceVersion = '' } = lease.metadata ?? {};
  try {
    await leases.kubernetes.coordination.deleteNamespacedLease({
      name,
      namespace: leases.namespace,
      body: { preconditions: { uid, resourceVersion } },
    });
  } catch (error) {
    if (!(error instanceof KintsugiError) || (error.code !== 'conflict' && error.code !== 'not-found')) throw error;
  }
}

async function read({ kubernetes, namespace }: Leases, name: string): Promise<V1Lease | null> {
  try {
    return await kubernetes.coordination.readNamespacedLease({ name, namespace });
  } catch (error) {
    if (error instanceof KintsugiError && error.code === 'not-found') return null;
    throw error;
  }
}

/** Against the resourceVersion that was read; a Lease that is new is created. Both are a conflict when somebody was quicker. */
async function write(
  { kubernetes, namespace }: Leases,
  name: string,
  scope: Scope,
  recoveryId: string,
  former: V1Lease | null,
): Promise<void> {
  const now = new V1MicroTime();
  const body: V1Lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name,
      namespace,
      labels: { 'app.kubernetes.io/managed-by': 'kintsugi' },
      annotations: { 'kintsugi.dev/scope': scopeText(scope) },
      ...(former?.metadata?.resourceVersion === undefined ? {} : { resourceVersion: former.metadata.resourceVersion }),
    },
    spec: {
      holderIdentity: recoveryId,
      acquireTime: now,
      renewTime: now,
      leaseTransitions: (former?.spec?.leaseTransitions ?? -1) + 1,
    },
  };
  if (former === null) await kubernetes.coordination.createNamespacedLease({ namespace, body });
  else await kubernetes.coordination.replaceNamespacedLease({ name, namespace, body });
}

function leaseName(scope: Scope): string {
  const text = scopeText(scope);
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 8);
  return `remedy-${'namespace' in scope ? scope.namespace : scope.dependency.name}-${digest}`;
}
