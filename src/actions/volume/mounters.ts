import type { V1CronJob, V1Pod } from '@kubernetes/client-node';
import { findPodOwner } from '../../kubernetes/owner.ts';
import type { OwnedWorkload } from '../../kubernetes/revisions.ts';
import { toJson } from '../../kubernetes/template.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import { claimsIn, podsMounting } from '../../kubernetes/volumes.ts';
import { listWorkloads, type Workload } from '../../kubernetes/workloads.ts';
import type { WriteContext } from '../action.ts';

/** A claim that the target's pods mount. */
export interface MountedClaim {
  name: string;
  size: string;
  accessModes: string[];
  /** The bound volume; absent for one that waits for it. */
  volume?: string;
}

/** Who writes, or may write, to the target's claims. */
export interface Mounters {
  claims: MountedClaim[];
  /** The pods that mount any of them, whoever owns them. */
  pods: V1Pod[];
  /** Workloads besides the target that would mount them and want pods. */
  workloads: Workload[];
  /** CronJobs that would mount them at their next time. */
  cronJobs: V1CronJob[];
  /** Pods of none of these: a Job's, or nobody's. Said by their owner. */
  strangers: string[];
}

/** Everybody who mounts the target's claims, or will (safety 24). Five calls, and one for each pod of others. */
export async function readMounters(context: WriteContext, owned: OwnedWorkload): Promise<Mounters> {
  const { kubernetes, signal } = context;
  const { workload } = owned;
  const { namespace } = workload;
  const claims = await claimsOf(context, owned);
  const names = claims.map(({ name }) => name);
  if (names.length === 0) return { claims, pods: [], workloads: [], cronJobs: [], strangers: [] };
  const [pods, all, cronJobs] = await Promise.all([
    podsMounting(kubernetes, namespace, names, signal),
    listWorkloads(kubernetes, { namespace, kinds: ['Deployment', 'StatefulSet', 'DaemonSet'] }, signal),
    kubernetes.batch.listNamespacedCronJob({ namespace }, callOptions({ signal })),
  ]);
  const mounts = (found: readonly string[]) => found.some((claim) => names.includes(claim));
  const others = all.filter((other) => other.uid !== workload.uid && other.replicas > 0);
  return {
    claims,
    pods,
    workloads: others.filter((other) => mounts(claimsIn(other.template.spec)) || mountsByTemplate(other, names)),
    cronJobs: cronJobs.items.filter(({ spec }) => mounts(claimsIn(spec?.jobTemplate.spec?.template.spec))),
    strangers: await strangersAmong(context, pods, cronJobs.items),
  };
}

/** The claims that the workload's template and pods name, and those that its claim templates have made. */
async function claimsOf(
  { kubernetes, signal }: WriteContext,
  { workload, pods }: OwnedWorkload,
): Promise<MountedClaim[]> {
  const { namespace } = workload;
  const { items } = await kubernetes.core.listNamespacedPersistentVolumeClaim({ namespace }, callOptions({ signal }));
  const named = new Set([
    ...claimsIn(workload.template.spec),
    ...pods.flatMap(({ spec, metadata }) => claimsIn(spec, metadata?.name)),
  ]);
  return items
    .filter(({ metadata }) => named.has(metadata?.name ?? '') || isFromTemplate(workload, metadata?.name ?? ''))
    .map(({ metadata, spec, status }) => ({
      name: metadata?.name ?? '',
      size: status?.capacity?.storage ?? spec?.resources?.requests?.storage ?? 'of unknown size',
      accessModes: spec?.accessModes ?? [],
      ...(spec?.volumeName === undefined ? {} : { volume: spec.volumeName }),
    }));
}

/** Whether a StatefulSet's claim templates give that claim to one of its pods: `TEMPLATE-SET-ORDINAL`. */
export function isFromTemplate(workload: Workload, claim: string): boolean {
  return claimTemplates(workload).some((template) => {
    const prefix = `${template}-${workload.name}-`;
    return claim.startsWith(prefix) && /^\d+$/.test(claim.slice(prefix.length));
  });
}

function claimTemplates({ kind, raw }: Workload): string[] {
  if (kind !== 'StatefulSet') return [];
  const spec: { volumeClaimTemplates?: { metadata?: { name?: string } }[] } = JSON.parse(
    JSON.stringify(toJson(raw.spec)),
  );
  return (spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata?.name ?? '');
}

function mountsByTemplate(workload: Workload, claims: readonly string[]): boolean {
  return claims.some((claim) => isFromTemplate(workload, claim));
}

/** A pod of a workload, or of a CronJob's Job, is counted with its owner; every other one is a stranger. */
async function strangersAmong(
  { kubernetes, signal }: WriteContext,
  pods: readonly V1Pod[],
  cronJobs: readonly V1CronJob[],
): Promise<string[]> {
  const strangers: string[] = [];
  for (const { metadata } of pods) {
    const { namespace = '', name = '', ownerReferences = [] } = metadata ?? {};
    const job = ownerReferences.find(({ kind, controller }) => kind === 'Job' && controller === true);
    // A CronJob's Job is named after it and its time, as its pods are.
    if (job !== undefined && cronJobs.some((owner) => job.name.startsWith(`${owner.metadata?.name}-`))) continue;
    const owner = await findPodOwner(kubernetes, { namespace, name }, signal);
    if (owner.found === 'other') strangers.push(`pod ${name} (${owner.saw})`);
  }
  return strangers;
}
