import { z } from 'zod';
import { replicasSetBy } from '../kubernetes/managed-fields.ts';
import { objectText } from '../kubernetes/objects.ts';
import { callOptions } from '../kubernetes/transport.ts';
import type { Workload } from '../kubernetes/workloads.ts';
import type { Dependency } from '../runbook/schema.ts';
import type { Action, ActionContext } from './action.ts';
import { changesOf } from './plan/changes.ts';
import { PATCH_WORKLOAD, READ_WORKLOAD, TRY_POD } from './plan/permissions.ts';
import { type CountBefore, countBefore } from './plan/replicas.ts';
import { dependencyNamed, readSubject } from './plan/subject.ts';
import { admitsPod } from './rules/admission.ts';
import { dataOutlivesPods, ownedByNobody } from './rules/dependency.ts';
import { ownership } from './rules/ownership.ts';
import { rolloutState } from './rules/rollout.ts';
import { ask, FINE, judged, refuse, together, type Verdict } from './rules/verdict.ts';
import { applyFields, fieldChanges, revertFields } from './write/fields.ts';

const NAME = 'scale';

const params = z
  .strictObject({
    replicas: z
      .int()
      .min(0)
      .optional()
      .describe('How many; of a dependency that was scaled to 0, by default as many as it had'),
    of: z.string().optional().describe('A dependency to scale instead of the target'),
  })
  .refine(({ replicas, of }) => replicas !== undefined || of !== undefined, {
    message: 'say how many replicas the target shall have',
    path: ['replicas'],
  });

/** Sets the number of replicas, unless a HorizontalPodAutoscaler does. */
const scale: Action<z.infer<typeof params>> = {
  name: NAME,
  summary: 'Sets the number of replicas, where no autoscaler does',
  params,
  disruptive: true,
  permissions: () => [
    ...READ_WORKLOAD,
    ...PATCH_WORKLOAD,
    ...TRY_POD,
    { group: 'autoscaling', resource: 'horizontalpodautoscalers', verbs: ['list'] },
  ],
  async plan(context, { replicas: given, of }) {
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
    return fieldChanges(plan).length === 0 ? 'unchanged' : applyFields(context, plan);
  },
  async revert(context, plan) {
    return fieldChanges(plan).length === 0 ? { outcome: 'not-needed' } : revertFields(context, plan);
  },
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

type Autoscaler = { name: string; min: number; max: number } | null;

async function autoscalerOf({ kubernetes, signal }: ActionContext, workload: Workload): Promise<Autoscaler> {
  const { namespace, kind, name } = workload;
  const list = await kubernetes.autoscaling.listNamespacedHorizontalPodAutoscaler(
    { namespace },
    callOptions({ signal }),
  );
  const own = list.items.find(({ spec }) => spec?.scaleTargetRef.kind === kind && spec.scaleTargetRef.name === name);
  if (own?.spec === undefined) return null;
  return { name: own.metadata?.name ?? '', min: own.spec.minReplicas ?? 1, max: own.spec.maxReplicas };
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
