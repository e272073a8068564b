import { z } from 'zod';
import { replicasSetBy } from '../kubernetes/managed-fields.ts';
import { objectText } from '../kubernetes/objects.ts';
import type { Workload } from '../kubernetes/workloads.ts';
import { duration } from '../runbook/schema/scalars.ts';
import type { Dependency } from '../runbook/schema.ts';
import type { Action, ActionContext } from './action.ts';
import { type Autoscaler, autoscalerOf } from './plan/autoscaler.ts';
import { changesOf } from './plan/changes.ts';
import { PATCH_WORKLOAD, READ_WORKLOAD, STOP_WRITERS, TRY_POD } from './plan/permissions.ts';
import { type CountBefore, countBefore } from './plan/replicas.ts';
import { dependencyNamed, readSubject } from './plan/subject.ts';
import { admitsPod } from './rules/admission.ts';
import { dataOutlivesPods, ownedByNobody } from './rules/dependency.ts';
import { ownership } from './rules/ownership.ts';
import { rolloutState } from './rules/rollout.ts';
import { ask, FINE, judged, refuse, together, type Verdict } from './rules/verdict.ts';
import { bringBackPlan, revertBringBack } from './volume/bring-back.ts';
import { applyQuiesce, quiescePlan } from './volume/quiesce.ts';
import { applyFields, fieldChanges, revertFields } from './write/fields.ts';
import { applySeveral, hasWrittenAny, revertSeveral } from './write/several.ts';

const NAME = 'scale';

const params = z
  .strictObject({
    replicas: z
      .int()
      .min(0)
      .optional()
      .describe('How many; of a dependency that was scaled to 0, by default as many as it had'),
    of: z.string().optional().describe('A dependency to scale instead of the target'),
    to: z
      .union([z.literal(0), z.literal('before')])
      .optional()
      .describe(
        '0: stop all that writes to its claims (CronJobs too) and wait until nothing holds them; before: bring that back',
      ),
    also: z
      .array(z.string().regex(/^(Deployment|StatefulSet)\/.+$/, 'a workload as Deployment/NAME'))
      .default([])
      .describe('With `to: 0`: other workloads that mount the same claims and are stopped too'),
    timeout: duration.default('120s').describe('With `to: 0`: how long the claims are waited for'),
  })
  .refine(({ replicas, of, to }) => replicas !== undefined || of !== undefined || to !== undefined, {
    message: 'say how many replicas the target shall have',
    path: ['replicas'],
  })
  .refine(({ replicas, of, to }) => to === undefined || (replicas === undefined && of === undefined), {
    message: '`to` is about the target alone, without a number',
    path: ['to'],
  });

const ways = z.looseObject({ to: z.union([z.literal(0), z.literal('before')]).optional() });

/** Sets the number of replicas, unless a HorizontalPodAutoscaler does; stops the target and brings it back. */
const scale: Action<z.infer<typeof params>> = {
  name: NAME,
  summary: 'Sets the number of replicas, where no autoscaler does',
  params,
  disruptive: true,
  harm: ({ replicas, to }) => (to === 0 || replicas === 0 ? 'stops-workload' : null),
  permissions: (given) => [
    ...READ_WORKLOAD,
    ...PATCH_WORKLOAD,
    ...TRY_POD,
    { group: 'autoscaling', resource: 'horizontalpodautoscalers', verbs: ['list'] },
    // Asked without parameters too, for what the action may need at all; a number of pods alone needs none of it.
    ...(given !== undefined && given.to === undefined ? [] : STOP_WRITERS),
  ],
  async plan(context, { replicas: given, of, to, also, timeout }) {
    if (to === 0) return quiescePlan(context, { action: NAME, also, timeout });
    if (to === 'before') return bringBackPlan(context, NAME);
    const owned = await readSubject(context, of);
    const { workload } = owned;
    const autoscaler = await autoscalerOf(context, workload);
    const before = workload.replicas;
    const wanted = await countOf(context, { given, of, workload, autoscaler });
    const after = wanted?.replicas ?? before;
    const changed = after !== before && workload.kind !== 'DaemonSet';
    const verdict = together(
      workload.kind === 'DaemonSet' ? refuse('not-scalable', 'a DaemonSet runs one pod a node') : FINE,
      wanted === null ? noCount(workload) : FINE,
      await ownership(context, workload),
      withinBounds(autoscaler, workload, after),
      rolloutState(owned),
      after === 0 ? ask('it would stop every pod') : FINE,
      of === undefined ? FINE : sharedDependency(dependencyNamed(context, of), workload),
      after > before ? await admitsPod(context, owned) : FINE,
    );
    return {
      action: NAME,
      summary: `Scale ${objectText(workload.ref)} from ${before}${setText(workload)} to ${after} pods${wanted?.source ?? ''}`,
      risk: after < before ? 'medium' : 'low',
      undo: 'on-failure',
      changes: changed ? changesOf(context, owned, [{ path: '/spec/replicas', before, after }]) : [],
      args: { replicas: after },
      waitSeconds: 0,
      ...judged(verdict),
    };
  },
  async apply(context, plan) {
    const { to } = ways.parse(plan.args);
    if (to === 0) return applyQuiesce(context, plan);
    if (to === 'before') return applySeveral(context, plan);
    return fieldChanges(plan).length === 0 ? 'unchanged' : applyFields(context, plan);
  },
  async revert(context, plan) {
    const { to } = ways.parse(plan.args);
    if (to === 0) return revertSeveral(context, plan);
    if (to === 'before') return revertBringBack(context, plan);
    return fieldChanges(plan).length === 0 ? { outcome: 'not-needed' } : revertFields(context, plan);
  },
  hasWritten: hasWrittenAny,
};
export default scale;

/** As the runbook says; of a dependency that was scaled to 0, as many as it had. */
async function countOf(
  context: ActionContext,
  asked: { given: number | undefined; of: string | undefined; workload: Workload; autoscaler: Autoscaler },
): Promise<CountBefore | null> {
  const { given, of, workload, autoscaler } = asked;
  if (given !== undefined) return { replicas: given, source: '' };
  return workload.replicas > 0 ? null : countBefore(context, { of, workload, autoscaler });
}

function noCount({ ref, replicas }: Workload): Verdict {
  if (replicas > 0) return refuse('not-scaled-down', `${objectText(ref)} wants ${replicas} pods already`);
  return refuse('replicas-unknown', `how many pods ${objectText(ref)} had is nowhere recorded`);
}

/** Others depend on it too (safety 10). */
function sharedDependency(dependency: Dependency, workload: Workload): Verdict {
  return together(ownedByNobody([workload]), dataOutlivesPods(dependency, workload));
}

/**
 * An autoscaler would set its own number at once. Only a workload at 0, where it rests, is scaled, and within its bounds.
 * https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#implicit-maintenance-mode-deactivation
 */
function withinBounds(autoscaler: Autoscaler, workload: Workload, replicas: number): Verdict {
  if (autoscaler === null) return FINE;
  const { min, max } = autoscaler;
  const name = `HorizontalPodAutoscaler ${autoscaler.name} (${min} to ${max})`;
  if (workload.replicas > 0) return refuse('autoscaled', `${name} sets its replicas`);
  if (replicas >= min && replicas <= max) return FINE;
  return refuse('autoscaled', `${replicas} lies outside of ${name}`);
}

/** Who brought it to 0, where the object's managed fields tell. */
function setText({ replicas, managedFields }: Workload): string {
  const setter = replicas === 0 ? replicasSetBy(managedFields) : undefined;
  return setter === undefined ? '' : ` (set by ${setter.manager}${setter.at === undefined ? '' : ` at ${setter.at}`})`;
}
