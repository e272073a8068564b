import { z } from 'zod';
import { objectText } from '../kubernetes/objects.ts';
import type { Plan } from '../recovery/values.ts';
import type { Action, RevertResult, WriteContext } from './action.ts';
import { belongsToTarget, inOrder } from './manifests/allowed.ts';
import { deletedClaim } from './manifests/deleted-claim.ts';
import { keepManifests, readKeptManifests } from './manifests/record.ts';
import { rehearseAll, settleReplicas } from './manifests/rehearsal.ts';
import { placeOf, readManifests, SOURCE } from './manifests/source.ts';
import { type Allowed, byServerSideApply, created, createMissing, hasMadeAny, removeMade } from './manifests/write.ts';
import { APPLY_MANIFESTS, READ_REFERENCES, READ_WORKLOAD } from './plan/permissions.ts';
import { refusedPlan } from './plan/refused-plan.ts';
import { readTarget } from './plan/subject.ts';
import { judged, together } from './rules/verdict.ts';
import { guardUndo } from './write/created.ts';
import { fieldChanges } from './write/fields.ts';
import { applySeveral, hasWrittenAny, revertSeveral } from './write/several.ts';

const NAME = 'apply-manifests';

const params = z.strictObject({
  from: z
    .string()
    .regex(SOURCE, 'a folder, configMap:NAMESPACE/NAME, or live')
    .describe(
      "A folder beside the runbooks' own (`k8s/agents/$name/`, where `$name` is the target), a ConfigMap as `configMap:NAMESPACE/NAME`, or `live`: the target and what belongs to it as they are when this is planned",
    ),
});

const applyArgs = z.object({
  /** The artifact that holds the manifests as they were planned. */
  manifests: z.string(),
  conflicts: z.array(z.object({ object: z.string(), manager: z.string(), field: z.string() })),
  /** Claims whose undo is that of the action that deleted their forerunners. */
  successors: z.array(z.string()),
});

/**
 * Redeploys the target from its manifests by server-side apply. The API server says beforehand what that changes, and whose
 * fields it takes; exactly that is applied, and put back field by field.
 */
const applyManifests: Action<z.infer<typeof params>> = {
  name: NAME,
  summary: 'Redeploys the target from the manifests that the runbook names, by server-side apply',
  params,
  disruptive: true,
  harm: () => 'redeploys',
  permissions: () => [...READ_WORKLOAD, ...READ_REFERENCES, ...APPLY_MANIFESTS],
  async plan(context, { from }) {
    const owned = await readTarget(context);
    const { workload } = owned;
    const summary = `Apply the manifests of ${placeOf(context, from)} to ${objectText(workload.ref)}`;
    const read = inOrder(await readManifests(context, from));
    const belonging = belongsToTarget(read, workload);
    if (belonging.refusal !== undefined) return refusedPlan(NAME, summary, belonging.refusal);
    const settled = await settleReplicas(context, workload, read);
    const { changes, conflicts, verdict } = await rehearseAll(context, owned, settled.manifests);
    const list = settled.manifests.map(({ ref, where }) => `${ref.kind} ${ref.name} (${where})`).join(', ');
    return {
      action: NAME,
      summary: `${summary}: ${list}${settled.note}; ${countText(changes.length)}`,
      risk: 'high',
      undo: 'on-failure',
      changes,
      args: {
        manifests: await keepManifests(context, settled.manifests),
        conflicts: conflicts.map(({ object, manager, field }) => ({ object, manager, field })),
        successors: settled.manifests
          .filter(({ ref }) => ref.kind === 'PersistentVolumeClaim' && deletedClaim(context.earlier, ref.name))
          .map(({ ref }) => ref.name),
      },
      waitSeconds: 0,
      ...judged(together(belonging, settled.verdict, verdict)),
    };
  },
  async apply(context, plan) {
    const allowed = await allowedBy(context, plan);
    const made = await createMissing(context, allowed);
    const written = await applySeveral(context, plan, byServerSideApply(allowed));
    return made ? 'applied' : written;
  },
  async revert(context, plan) {
    const { successors } = applyArgs.parse(plan.args);
    const guarded = await guardUnlessWritten(context, plan);
    if (guarded !== null) return guarded;
    const fields = await revertSeveral(context, plan);
    if (fields.outcome === 'refused') return fields;
    const mine = created(plan).filter(
      ({ kind, name }) => kind !== 'PersistentVolumeClaim' || !successors.includes(name),
    );
    const { removed, foreign } = await removeMade(context, mine);
    if (foreign.length > 0) return { outcome: 'refused', saw: foreign.join('; ') };
    return removed ? { outcome: 'undone' } : fields;
  },
  hasWritten: async (context, plan) => (await hasMadeAny(context, plan)) || (await hasWrittenAny(context, plan)),
};
export default applyManifests;

async function allowedBy(context: WriteContext, plan: Plan): Promise<Allowed> {
  const { manifests, conflicts } = applyArgs.parse(plan.args);
  return { plan, conflicts, manifests: await readKeptManifests(context, manifests) };
}

/** Where the target's own fields stay as they are, its guard is left all the same: it stands for what is made. */
async function guardUnlessWritten(context: WriteContext, plan: Plan): Promise<RevertResult | null> {
  const { kind, name } = context.target;
  if (fieldChanges(plan).some(({ object }) => object.kind === kind && object.name === name)) return null;
  return guardUndo(context);
}

function countText(count: number): string {
  if (count === 0) return 'nothing differs from what is there';
  return count === 1 ? '1 change' : `${count} changes`;
}
