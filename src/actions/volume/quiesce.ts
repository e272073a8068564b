import type { V1CronJob } from '@kubernetes/client-node';
import { z } from 'zod';
import { findGitOpsOwner } from '../../kubernetes/gitops.ts';
import { objectText } from '../../kubernetes/objects.ts';
import { podState } from '../../kubernetes/pods.ts';
import { readOwned } from '../../kubernetes/revisions.ts';
import { atPointer, toJson } from '../../kubernetes/template.ts';
import type { Workload } from '../../kubernetes/workloads.ts';
import { milliseconds } from '../../recovery/durations.ts';
import type { Change, ObjectRef, Plan, Value } from '../../recovery/values.ts';
import type { ActionContext, ApplyOutcome, WriteContext } from '../action.ts';
import { autoscalerOf } from '../plan/autoscaler.ts';
import { readTarget } from '../plan/subject.ts';
import { ownership } from '../rules/ownership.ts';
import { ask, FINE, judged, refuse, together, type Verdict } from '../rules/verdict.ts';
import { applySeveral } from '../write/several.ts';
import { type Mounters, readMounters } from './mounters.ts';
import { untilStill } from './still.ts';

/** What a stop needs besides the changes, and what later actions know it by. */
export const stopArgs = z.object({
  to: z.literal(0),
  namespace: z.string(),
  claims: z.array(z.string()),
  volumes: z.array(z.string()),
  timeoutSeconds: z.number(),
});

const SUSPEND = '/spec/suspend';
const REPLICAS = '/spec/replicas';
const WHEN_SCALED = '/spec/persistentVolumeClaimRetentionPolicy/whenScaled';

/**
 * Stops everybody who writes to the target's claims: CronJobs are suspended, the target (and what the runbook names besides)
 * goes to 0, which is also what an autoscaler leaves alone; then it is waited until nothing holds the volumes (safety 24).
 * https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#implicit-maintenance-mode-deactivation
 */
export async function quiescePlan(
  context: ActionContext,
  { action, also, timeout }: { action: string; also: readonly string[]; timeout: string },
): Promise<Plan> {
  const owned = await readTarget(context);
  const { workload } = owned;
  const mounters = await readMounters(context, owned);
  const named = mounters.workloads.filter((other) => also.includes(`${other.kind}/${other.name}`));
  const autoscaler = await autoscalerOf(context, workload);
  const timeoutSeconds = milliseconds(timeout) / 1000;
  const verdict = together(
    ...[workload, ...named].map(isScalable),
    await ownership(context, workload),
    ...(await Promise.all(named.map((other) => ownership(context, other)))),
    ...(await Promise.all(mounters.cronJobs.map((cronJob) => nobodyResumes(context, cronJob)))),
    nobodyElse(mounters, named),
    ask(`it stops every pod of ${objectText(workload.ref)}`),
  );
  return {
    action,
    summary: await summaryOf(context, [workload, ...named], mounters, autoscaler),
    risk: 'medium',
    undo: 'on-failure',
    changes: [
      ...mounters.cronJobs.flatMap((cronJob) => suspension(workload.namespace, toJson(cronJob))),
      ...[workload, ...named].flatMap(stopped),
      ...mounters.claims.map((claim): Change => ({ type: 'effect', what: `no pod mounts claim ${claim.name}` })),
    ],
    args: {
      to: 0,
      namespace: workload.namespace,
      claims: mounters.claims.map(({ name }) => name),
      volumes: mounters.claims.flatMap(({ volume }) => volume ?? []),
      timeoutSeconds,
    },
    waitSeconds: timeoutSeconds,
    ...judged(verdict),
  };
}

/** Stops, then waits; a stop that was made already is only waited for. */
export async function applyQuiesce(context: WriteContext, plan: Plan): Promise<ApplyOutcome> {
  const { namespace, claims, volumes, timeoutSeconds } = stopArgs.parse(plan.args);
  const outcome = await applySeveral(context, plan);
  if (claims.length > 0)
    await untilStill(context, { namespace, claims, volumes }, { seconds: timeoutSeconds, retryable: false });
  return outcome;
}

function isScalable(workload: Workload): Verdict {
  return workload.kind === 'DaemonSet' ? refuse('not-scalable', 'a DaemonSet runs one pod a node') : FINE;
}

/** A CronJob that Git owns would be resumed at the next reconciliation, in the middle of the work on its volume. */
async function nobodyResumes(context: ActionContext, { metadata, spec }: V1CronJob): Promise<Verdict> {
  if (spec?.suspend === true) return FINE;
  const { namespace = '', name = '', labels = {}, annotations = {} } = metadata ?? {};
  const owner = await findGitOpsOwner(
    context.kubernetes,
    { kind: 'CronJob', namespace, name, labels, annotations },
    context.signal,
  );
  if (owner === null) return FINE;
  return refuse('gitops-owned', `CronJob ${name} mounts the claim: ${owner.reason}; suspend it in Git`);
}

/** Whoever else mounts a claim would go on writing, or keep it from being let go of. */
function nobodyElse({ workloads, strangers, claims }: Mounters, named: readonly Workload[]): Verdict {
  const others = [
    ...workloads.filter((other) => !named.includes(other)).map(({ ref }) => objectText(ref)),
    ...strangers,
  ];
  if (others.length === 0) return FINE;
  const modes = [...new Set(claims.flatMap(({ accessModes }) => accessModes))].join(', ');
  const names = claims.map(({ name }) => name).join(', ');
  return refuse(
    'claim-shared',
    `${others.join(', ')} mounts claim ${names} (${modes}) too: name it under 'also', or stop it by hand`,
  );
}

/** Every pod and claim that is hit, in one sentence. */
async function summaryOf(
  context: ActionContext,
  workloads: readonly Workload[],
  { claims, cronJobs }: Mounters,
  autoscaler: { name: string } | null,
): Promise<string> {
  const stops: string[] = [];
  for (const { ref, replicas, namespace, kind, name } of workloads) {
    const { pods } = await readOwned(context.kubernetes, { namespace, kind, name }, context.signal);
    const list = pods.map((pod) => `${pod.metadata?.name} ${podState(pod)}`).join(', ');
    stops.push(`${objectText(ref)} from ${replicas} to 0 pods (${list || 'none there now'})`);
  }
  const suspended = cronJobs.map(({ metadata }) => `CronJob ${metadata?.name}`).join(', ');
  const claimList = claims.map(({ name, size, volume }) => `${name} (${size}, ${volume ?? 'not bound'})`).join(', ');
  return [
    `Stop ${stops.join(' and ')}`,
    suspended === '' ? '' : `, suspend ${suspended}`,
    autoscaler === null ? '' : `; at 0 HorizontalPodAutoscaler ${autoscaler.name} lets it rest`,
    claimList === '' ? '; they mount no claim' : `; wait until nothing holds claim ${claimList}`,
  ].join('');
}

function suspension(namespace: string, cronJob: ReturnType<typeof toJson>): Change[] {
  if (atPointer(cronJob, SUSPEND) === true) return [];
  const name = String(atPointer(cronJob, '/metadata/name'));
  const uid = String(atPointer(cronJob, '/metadata/uid'));
  const object = { apiVersion: 'batch/v1', kind: 'CronJob', namespace, name, uid };
  return [fieldOf(object, SUSPEND, valueAt(cronJob, SUSPEND), true)];
}

/** The claims stay when their pods go, also where the StatefulSet would delete them; both in one write. */
function stopped({ ref, raw, replicas }: Workload): Change[] {
  const document = toJson(raw);
  const keeps = atPointer(document, WHEN_SCALED) !== 'Delete';
  return [
    ...(keeps ? [] : [fieldOf(ref, WHEN_SCALED, { value: 'Delete' }, 'Retain')]),
    ...(replicas === 0 ? [] : [fieldOf(ref, REPLICAS, valueAt(document, REPLICAS), 0)]),
  ];
}

function valueAt(document: ReturnType<typeof toJson>, path: string): Value {
  const value = atPointer(document, path);
  return value === undefined ? { absent: true } : { value };
}

function fieldOf(object: ObjectRef, path: string, before: Value, after: string | number | boolean): Change {
  return { type: 'field', object, path, before, after: { value: after } };
}
