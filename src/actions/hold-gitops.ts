import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { KintsugiError } from '../errors.ts';
import { ownerRef } from '../gitops/in-git.ts';
import { type HelmRelease, type Kustomization, readFlux } from '../kubernetes/flux.ts';
import { findGitOpsOwner, type GitOpsOwner, HELD, heldBy, helmReleaseOf } from '../kubernetes/gitops.ts';
import { type LiveObject, objectText } from '../kubernetes/objects.ts';
import { pointer, REQUESTED_AT } from '../kubernetes/template.ts';
import type { Workload } from '../kubernetes/workloads.ts';
import { milliseconds } from '../recovery/durations.ts';
import type { ObjectRef, Plan } from '../recovery/values.ts';
import { duration } from '../runbook/schema/scalars.ts';
import type { Action, ActionContext, WriteContext } from './action.ts';
import { PATCH_WORKLOAD, READ_WORKLOAD } from './plan/permissions.ts';
import { readTarget } from './plan/subject.ts';
import { nothingToDo } from './plan/template-plan.ts';
import { pendingUpgrade } from './rules/release.ts';
import { ask, FINE, judged, refuse, type Verdict } from './rules/verdict.ts';
import { applyFields, fieldChanges, revertFields } from './write/fields.ts';
import { readRecipe } from './write/guard.ts';
import { patchObject } from './write/patch.ts';

const NAME = 'hold-gitops';
/** A recovery is over after 24 h: its hold has ended before, and people know an hour ahead. */
const LONGEST_MS = 23 * 3_600_000;
/** An undo has 15 s: what is left of it is spent on seeing the owner reconcile. */
const RECONCILED_WITHIN_MS = 8_000;

const params = z.strictObject({
  expires: duration
    .refine((text) => milliseconds(text) > 0 && milliseconds(text) <= LONGEST_MS, 'at most 23h, and more than nothing')
    .default('12h')
    .describe('How long after the recovery the hold stands at most; a person is paged before it ends'),
});

/**
 * Keeps Flux from writing over the target while a remedy stands that Git does not have: the object is held, never its owner
 * (safety 11). Nothing to do where no GitOps tool would write over it.
 * https://fluxcd.io/flux/components/kustomize/kustomizations/#controlling-the-apply-behavior-of-resources
 * https://fluxcd.io/flux/components/helm/helmreleases/#drift-detection
 */
const holdGitops: Action<z.infer<typeof params>> = {
  name: NAME,
  summary: 'Keeps Flux from writing over the target, until Git has the change or the hold expires',
  params,
  disruptive: false,
  harm: () => null,
  permissions: () => [
    ...READ_WORKLOAD,
    ...PATCH_WORKLOAD,
    { group: 'helm.toolkit.fluxcd.io', resource: 'helmreleases', verbs: ['get', 'patch'] },
    { group: 'kustomize.toolkit.fluxcd.io', resource: 'kustomizations', verbs: ['get', 'patch'] },
  ],
  async plan(context, { expires }) {
    const { workload } = await readTarget(context);
    const owner = await findGitOpsOwner(context.kubernetes, workload, context.signal);
    if (owner === null) return withVerdict(nothingToDo(NAME, whyNothing(workload)), await upgradeOf(context, workload));
    const what = objectText(workload.ref);
    const { hold } = owner;
    if (hold === undefined)
      return withVerdict(
        nothingToDo(NAME, `Hold ${owner.owner} off ${what}`),
        refuse('no-hold', whyNoHold(owner, what)),
      );
    return withVerdict(holdPlan(workload, owner, { ...hold, expires }), await upgradeOf(context, workload));
  },
  async apply(context, plan) {
    return fieldChanges(plan).length === 0 ? 'unchanged' : applyFields(context, plan);
  },
  async revert(context, plan) {
    if (fieldChanges(plan).length === 0 || plan.hold === undefined) return { outcome: 'not-needed' };
    const result = await revertFields(context, plan);
    if (result.outcome !== 'undone') return result;
    return { ...result, saw: await reconcileOnce(context, ownerRef(plan.hold)) };
  },
};
export default holdGitops;

function holdPlan(
  { ref, annotations }: Workload,
  { owner, tool }: GitOpsOwner,
  { annotation, expires }: { annotation: string; expires: string },
): Plan {
  const before = annotations[annotation];
  return {
    action: NAME,
    summary: `Hold ${owner} off ${objectText(ref)} (${annotation}: ${HELD}), for ${expires} after the recovery at most`,
    risk: 'low',
    undo: 'at-end',
    changes: [
      {
        type: 'field',
        object: ref,
        path: pointer('metadata', 'annotations', annotation),
        before: before === undefined ? { absent: true } : { value: before },
        after: { value: HELD },
      },
    ],
    args: {},
    waitSeconds: 0,
    ...(tool === 'argo-cd' ? {} : { hold: { object: ref, owner, tool, expires } }),
  };
}

function withVerdict(plan: Plan, verdict: Verdict): Plan {
  return { ...plan, ...judged(verdict) };
}

function whyNothing(workload: Workload): string {
  const held = heldBy(workload);
  const what = objectText(workload.ref);
  const by = readRecipe(workload.annotations)?.plans.some(({ action }) => action === NAME);
  const whose = by === true ? `, by recovery ${readRecipe(workload.annotations)?.recoveryId}` : '';
  if (held.length > 0) return `No hold on ${what}: it is held already (${held.join(', ')}: ${HELD}${whose})`;
  return `No hold on ${what}: nothing writes over a change made in the cluster`;
}

/** Argo CD can only be told about a whole Application, and that belongs to people. */
function whyNoHold({ tool, owner, reason }: GitOpsOwner, what: string): string {
  if (tool !== 'argo-cd') return reason;
  return `${reason}, and can be held off only as a whole (its self-heal, or ignoreDifferences for ${what}): change it in Git, or tell ${owner} by hand`;
}

/** A hold stops the correction of drift, not an upgrade: that writes everything of the release anew. */
async function upgradeOf({ kubernetes, signal }: ActionContext, workload: Workload): Promise<Verdict> {
  const ref = helmReleaseOf(workload);
  if (ref === null) return FINE;
  try {
    const { raw } = await readFlux<HelmRelease>(kubernetes, ref, signal);
    const pending = await pendingUpgrade(kubernetes, raw, signal);
    return pending === null ? FINE : ask(`an upgrade of ${objectText(ref)} would write over the change: ${pending}`);
  } catch (error) {
    if (error instanceof KintsugiError && error.code === 'not-found') return FINE;
    throw error;
  }
}

/** Lets the owner reconcile at once what is its again; says what was seen. Where that is not possible its interval does it. */
async function reconcileOnce(context: WriteContext, ref: ObjectRef): Promise<string> {
  const what = objectText(ref);
  const token = `${context.recoveryId}#${context.step}`;
  const until = Date.now() + RECONCILED_WITHIN_MS;
  try {
    const live = await readFlux<HelmRelease | Kustomization>(context.kubernetes, ref, context.signal);
    if (live.raw.spec.suspend === true) return `released; ${what} is suspended and reconciles when it is resumed`;
    await request(context, live, token);
    while (Date.now() < until) {
      const { raw } = await readFlux<HelmRelease | Kustomization>(context.kubernetes, ref, context.signal);
      if (raw.status?.lastHandledReconcileAt === token) return `released, and ${what} has reconciled once`;
      await sleep(500, undefined, { signal: context.signal });
    }
    return `released; ${what} was asked to reconcile and has not yet`;
  } catch (error) {
    if (!(error instanceof KintsugiError)) throw error;
    return `released; ${what} was not asked to reconcile, its interval does it: ${error.message}`;
  }
}

async function request({ kubernetes, signal }: WriteContext, live: LiveObject, token: string): Promise<void> {
  await patchObject(kubernetes, live, { fields: [], annotations: { [REQUESTED_AT]: token } }, signal);
}
