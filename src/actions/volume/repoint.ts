import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { KintsugiError } from '../../errors.ts';
import { objectText } from '../../kubernetes/objects.ts';
import { readSnapshot, SNAPSHOT_GROUP } from '../../kubernetes/snapshots.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import { orNull, readClaim } from '../../kubernetes/volumes.ts';
import { readWorkload, type Workload } from '../../kubernetes/workloads.ts';
import { milliseconds } from '../../recovery/durations.ts';
import type { Change, Plan } from '../../recovery/values.ts';
import type { ActionContext, ApplyOutcome, RevertResult, WriteContext } from '../action.ts';
import { readTarget } from '../plan/subject.ts';
import { ownership } from '../rules/ownership.ts';
import { FINE, judged, refuse, together, type Verdict } from '../rules/verdict.ts';
import { checkTarget } from '../write/created.ts';
import { applyFields, revertFields } from '../write/fields.ts';
import { isOwnStep } from '../write/guard.ts';
import { isOwn } from './live.ts';
import { claimManifest } from './manifest.ts';
import { createClaim } from './replace.ts';
import { manifestEffect, type Restore } from './restore.ts';

const POLL_MS = 500;
const LONGEST_NAME = 63;

const repointArgs = z.object({
  as: z.literal('new'),
  namespace: z.string(),
  name: z.string(),
  snapshot: z.string(),
  made: claimManifest,
  timeoutSeconds: z.number(),
});
type RepointArgs = z.infer<typeof repointArgs>;

/** The restored claim's own name: the former's with the snapshot's, the same each time. */
export function newClaimName(claim: string, snapshot: string): string {
  return `${claim}-from-${snapshot}`.slice(0, LONGEST_NAME).replace(/[-.]+$/, '');
}

/** A new claim beside the former one, and the Deployment's template led to it. */
export async function planRepoint(
  context: ActionContext,
  restore: Restore & { action: string; summary: string; dataLoss: string; verdict: Verdict },
): Promise<Plan> {
  const { action, given, name, snapshot, manifest, summary, dataLoss } = restore;
  const { workload } = await readTarget(context);
  const { namespace } = workload;
  const timeoutSeconds = milliseconds(given.timeout) / 1000;
  const existing = await readClaim(context.kubernetes, { namespace, name }, context.signal);
  const fields = mountChanges(workload, given.claim, name);
  const verdict = together(
    restore.verdict,
    canBeRepointed(workload, given.claim, fields),
    existing === null ? FINE : refuse('name-taken', `there is a claim ${name} already`),
    await ownership(context, workload),
  );
  return {
    action,
    summary,
    dataLoss,
    risk: 'medium',
    undo: 'on-failure',
    changes: [
      { type: 'create', object: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name } },
      ...fields,
      manifestEffect(name, manifest),
    ],
    args: {
      as: 'new',
      namespace,
      name,
      snapshot: snapshot.name,
      made: JSON.parse(JSON.stringify(manifest)),
      timeoutSeconds,
    },
    waitSeconds: timeoutSeconds,
    ...judged(verdict),
  };
}

export function isRepoint({ args }: Plan): boolean {
  return repointArgs.safeParse(args).success;
}

/** Makes the claim, waits for its data, and leads the template to it: each part is done once, whoever begins it. */
export async function applyRepoint(context: WriteContext, plan: Plan): Promise<ApplyOutcome> {
  const args = repointArgs.parse(plan.args);
  if (!(await isRepointed(context, plan))) {
    await makeOnce(context, args);
    await untilBound(context, args);
  }
  await applyFields(context, plan);
  return {
    outcome: 'applied',
    saw: [`the former claim is kept beside ${args.name}, which the pods mount now; a person deletes it`],
  };
}

/** Leads the template back; the restored claim stays, with what was written to it. */
export async function revertRepoint(context: WriteContext, plan: Plan): Promise<RevertResult> {
  const { namespace, name } = repointArgs.parse(plan.args);
  const result = await revertFields(context, plan);
  const made = await readClaim(context.kubernetes, { namespace, name }, context.signal);
  if (made === null || !isOwn(context, made.metadata?.annotations)) return result;
  return { ...result, stands: `claim ${name} is kept: kubectl delete pvc -n ${namespace} ${name} removes it` };
}

/** Whether the claim is made, or the template written, by this recovery. */
export async function repointBegun(context: WriteContext, plan: Plan): Promise<boolean> {
  const { namespace, name } = repointArgs.parse(plan.args);
  const made = await readClaim(context.kubernetes, { namespace, name }, context.signal);
  return made !== null && isOwn(context, made.metadata?.annotations);
}

async function isRepointed(context: WriteContext, { changes }: Plan): Promise<boolean> {
  const field = changes.find(({ type }) => type === 'field');
  if (field?.type !== 'field') return false;
  const { namespace = '', kind, name } = field.object;
  return isOwnStep(context, await readWorkload(context.kubernetes, { namespace, kind, name }, context.signal));
}

function mountChanges({ template, ref }: Workload, from: string, to: string): Change[] {
  return (template.spec?.volumes ?? []).flatMap(({ persistentVolumeClaim }, index): Change[] => {
    if (persistentVolumeClaim?.claimName !== from) return [];
    const path = `/spec/template/spec/volumes/${index}/persistentVolumeClaim/claimName`;
    return [{ type: 'field', object: ref, path, before: { value: from }, after: { value: to } }];
  });
}

function canBeRepointed(workload: Workload, claim: string, fields: readonly Change[]): Verdict {
  if (workload.kind !== 'Deployment')
    return refuse(
      'not-repointable',
      `${objectText(workload.ref)} names its claims after its pods: restore claim ${claim} as the same`,
    );
  return fields.length > 0 ? FINE : refuse('not-mounted', `${objectText(workload.ref)} does not mount claim ${claim}`);
}

async function makeOnce(context: WriteContext, args: RepointArgs): Promise<void> {
  const existing = await readClaim(context.kubernetes, args, context.signal);
  if (existing !== null) {
    const source = existing.spec?.dataSource;
    const ours = source?.apiGroup === SNAPSHOT_GROUP && source.name === args.snapshot;
    if (ours && isOwn(context, existing.metadata?.annotations)) return;
    throw stopped(args, 'conflict', 'a claim of that name is there that was made by another hand');
  }
  await checkTarget(context);
  await usableSnapshot(context, args);
  context.heartbeat(`making claim ${args.name}`);
  await createClaim(context, args, args.made);
}

async function untilBound(context: WriteContext, args: RepointArgs): Promise<void> {
  const { kubernetes, signal } = context;
  const deadline = Date.now() + args.timeoutSeconds * 1000;
  const name = args.made.spec.storageClassName ?? '';
  const found = await orNull(kubernetes.storage.readStorageClass({ name }, callOptions({ signal })));
  if (found?.volumeBindingMode === 'WaitForFirstConsumer') return;
  for (;;) {
    const claim = await readClaim(kubernetes, args, signal);
    if (claim?.status?.phase === 'Bound') return;
    if (claim === null) throw stopped(args, 'conflict', 'the restored claim was deleted by another hand');
    await usableSnapshot(context, args);
    if (Date.now() >= deadline) throw stopped(args, 'timeout', `it is not bound after ${args.timeoutSeconds} s`);
    context.heartbeat(`waiting for claim ${args.name} to be bound`);
    await sleep(POLL_MS, undefined, { signal });
  }
}

async function usableSnapshot({ kubernetes, signal }: WriteContext, args: RepointArgs): Promise<void> {
  const { namespace, snapshot } = args;
  const found = await readSnapshot(kubernetes, { namespace, name: snapshot }, signal);
  if (found?.usable !== true)
    throw stopped(args, 'refused', `snapshot-gone: VolumeSnapshot ${snapshot} was deleted, or is not ready any more`);
}

function stopped(
  { namespace, name }: RepointArgs,
  code: 'conflict' | 'timeout' | 'refused',
  message: string,
): KintsugiError {
  return new KintsugiError(code, message, {
    where: `claim ${namespace}/${name}`,
    fix: 'What was done is undone; look at the events of the claim and of its snapshot.',
    retryable: false,
  });
}
