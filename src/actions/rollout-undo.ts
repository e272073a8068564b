import { z } from 'zod';
import { objectText } from '../kubernetes/objects.ts';
import { missingReferences } from '../kubernetes/references.ts';
import type { Revision } from '../kubernetes/revisions.ts';
import { templateInPlaceOf } from '../kubernetes/template.ts';
import type { Action } from './action.ts';
import { templateChanges } from './plan/changes.ts';
import { PATCH_WORKLOAD, READ_REFERENCES, READ_WORKLOAD } from './plan/permissions.ts';
import { refusedPlan } from './plan/refused-plan.ts';
import { readTarget } from './plan/subject.ts';
import { applyTemplate, revertTemplate, templatePlan } from './plan/template-plan.ts';
import { chooseRevision } from './rules/healthy-revision.ts';
import { sameImagesIn } from './rules/image.ts';
import { noMigrations } from './rules/migrations.ts';
import { ask, FINE, refuse, type Verdict } from './rules/verdict.ts';

const NAME = 'rollout-undo';

const params = z.strictObject({
  to: z
    .union([z.literal('last-healthy'), z.int().positive()])
    .default('last-healthy')
    .describe("The last revision with evidence of health, or a revision's number"),
});

/**
 * Puts the pod template of an earlier revision back, and nothing else of the object: `kubectl rollout undo` would also drop
 * annotations added since. By itself only to a revision with evidence of health (safety 3, 6).
 */
const rolloutUndo: Action<z.infer<typeof params>> = {
  name: NAME,
  summary: 'Puts the pod template of the last healthy revision back',
  params,
  disruptive: true,
  harm: () => null,
  permissions: () => [
    ...READ_WORKLOAD,
    ...PATCH_WORKLOAD,
    ...READ_REFERENCES,
    { group: 'batch', resource: 'jobs', verbs: ['list'] },
  ],
  async plan(context, { to }) {
    const owned = await readTarget(context);
    const { workload } = owned;
    const what = objectText(workload.ref);
    const baseline = await context.baselines.read(context.target);
    const choice = chooseRevision(owned, to, baseline);
    if ('refusal' in choice) return refusedPlan(NAME, `Roll ${what} back`, choice.refusal);
    const { revision, evidence } = choice;
    const template = templateInPlaceOf(workload.template, revision.template);
    const changes = templateChanges(context, owned, template, revision);
    const missing = await missingReferences(context.kubernetes, workload.namespace, template, context.signal);
    return templatePlan(context, owned, {
      action: NAME,
      summary: `Roll ${what} back to revision ${revision.revision} (${evidence ?? 'not known to have been healthy'})`,
      risk: 'medium',
      undo: 'on-failure',
      template,
      source: revision,
      changes,
      args: { revision: revision.revision, templateHash: revision.templateHash },
      verdicts: [
        changes.length === 0 ? refuse('no-difference', `revision ${revision.revision} has the present template`) : FINE,
        missing.length === 0
          ? FINE
          : refuse('reference-missing', `revision ${revision.revision}: ${missing.join('; ')}`),
        withEvidence(revision, evidence),
        await noMigrations(context, owned, revision),
        await sameImagesIn(context, owned, revision, baseline),
      ],
    });
  },
  apply: applyTemplate,
  revert: revertTemplate,
};
export default rolloutUndo;

function withEvidence(revision: Revision, evidence: string | null): Verdict {
  return evidence === null ? ask(`nothing shows that revision ${revision.revision} was ever healthy`) : FINE;
}
