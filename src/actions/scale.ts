import { z } from 'zod';
import { objectText } from '../kubernetes/objects.ts';
import type { OwnedWorkload } from '../kubernetes/revisions.ts';
import { callOptions } from '../kubernetes/transport.ts';
import type { Action, ActionContext } from './action.ts';
import { changesOf } from './plan/changes.ts';
import { PATCH_WORKLOAD, READ_WORKLOAD, TRY_POD } from './plan/permissions.ts';
import { readSubject } from './plan/subject.ts';
import { admitsPod } from './rules/admission.ts';
import { ownership } from './rules/ownership.ts';
import { rolloutState } from './rules/rollout.ts';
import { ask, FINE, judged, refuse, together, type Verdict } from './rules/verdict.ts';
import { applyFields, fieldChanges, revertFields } from './write/fields.ts';

const NAME = 'scale';

const params = z.strictObject({
  replicas: z.int().min(0),
  of: z.string().optional().describe('A dependency to scale instead of the target'),
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
  async plan(context, { replicas, of }) {
    const owned = await readSubject(context, of);
    const { workload } = owned;
    const before = workload.replicas;
    const changed = replicas !== before && workload.kind !== 'DaemonSet';
    const verdict = together(
      workload.kind === 'DaemonSet' ? refuse('not-scalable', 'a DaemonSet runs one pod a node') : FINE,
      await ownership(context, workload),
      await autoscaling(context, owned, replicas),
      rolloutState(owned),
      replicas === 0 ? ask('it would stop every pod') : FINE,
      replicas > before ? await admitsPod(context, owned) : FINE,
    );
    return {
      action: NAME,
      summary: `Scale ${objectText(workload.ref)} from ${before} to ${replicas} pods`,
      risk: replicas < before ? 'medium' : 'low',
      undo: 'on-failure',
      changes: changed ? changesOf(context, owned, [{ path: '/spec/replicas', before, after: replicas }]) : [],
      args: { replicas },
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

/**
 * An autoscaler would set its own number at once. Only a workload at 0, where it rests, is scaled, and within its bounds.
 * https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#implicit-maintenance-mode-deactivation
 */
async function autoscaling(context: ActionContext, { workload }: OwnedWorkload, replicas: number): Promise<Verdict> {
  const { kubernetes, signal } = context;
  const list = await kubernetes.autoscaling.listNamespacedHorizontalPodAutoscaler(
    { namespace: workload.namespace },
    callOptions({ signal }),
  );
  const autoscaler = list.items.find(
    ({ spec }) => spec?.scaleTargetRef.kind === workload.kind && spec.scaleTargetRef.name === workload.name,
  );
  if (autoscaler?.spec === undefined) return FINE;
  const { minReplicas = 1, maxReplicas } = autoscaler.spec;
  const name = `HorizontalPodAutoscaler ${autoscaler.metadata?.name} (${minReplicas} to ${maxReplicas})`;
  if (workload.replicas > 0) return refuse('autoscaled', `${name} sets its replicas`);
  if (replicas >= minReplicas && replicas <= maxReplicas) return FINE;
  return refuse('autoscaled', `${replicas} lies outside of ${name}`);
}
