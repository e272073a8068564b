import { z } from 'zod';
import { findHelmRelease } from '../kubernetes/gitops.ts';
import { objectText } from '../kubernetes/objects.ts';
import type { Action, ActionContext } from './action.ts';
import { templateChanges } from './plan/changes.ts';
import { PATCH_WORKLOAD, READ_REFERENCES, READ_WORKLOAD } from './plan/permissions.ts';
import { refusedPlan } from './plan/refused-plan.ts';
import { readTarget } from './plan/subject.ts';
import { applyTemplate, revertTemplate, templatePlan } from './plan/template-plan.ts';
import { restoration } from './plan/variable.ts';
import { changedInBetween, sameContents, sameDigests } from './rules/baseline.ts';
import { ask, FINE } from './rules/verdict.ts';

const NAME = 'restore-env';

const params = z.strictObject({
  container: z.string().optional().describe("Whose variable; by default the finding's, else the target's container"),
  variable: z.string().optional().describe('Which variable; by default the one that the finding is about'),
});

/** Gives one variable the value back with which the target was healthy, under every condition of safety 7. */
const restoreEnv: Action<z.infer<typeof params>> = {
  name: NAME,
  summary: 'Restores one environment variable to its last healthy value, where nothing else differs',
  params,
  disruptive: true,
  permissions: () => [...READ_WORKLOAD, ...PATCH_WORKLOAD, ...READ_REFERENCES],
  async plan(context, { container, variable }) {
    const name = container ?? context.finding.container ?? context.runbook.spec.target.container ?? '';
    const wanted = variable ?? context.finding.subject ?? '';
    const owned = await readTarget(context);
    const what = objectText(owned.workload.ref);
    const summary = `Restore ${wanted || 'a variable'} in ${what}`;
    const baseline = await context.baselines.read(context.target);
    if (baseline === null)
      return refusedPlan(NAME, summary, { code: 'no-baseline', reason: `${what} was never seen healthy by Kintsugi` });
    const restored = restoration(context.secrets, owned, baseline, { container: name, variable: wanted });
    if ('refusal' in restored) return refusedPlan(NAME, summary, restored.refusal);
    return templatePlan(context, owned, {
      action: NAME,
      summary: `Restore ${wanted} of container ${name} in ${what} to its value of ${baseline.seenAt}`,
      risk: 'low',
      undo: 'on-failure',
      template: restored.template,
      ...(restored.source === undefined ? {} : { source: restored.source }),
      changes: templateChanges(context, owned, restored.template, restored.source),
      args: { container: name, variable: wanted },
      verdicts: [
        sameDigests(owned, baseline),
        changedInBetween(owned, baseline, context.brokenSince),
        await sameContents(context, owned, baseline),
        namedByTheCrash(context, wanted),
        ofHelm(owned.workload),
      ],
    });
  },
  apply: applyTemplate,
  revert: revertTemplate,
};
export default restoreEnv;

function namedByTheCrash({ finding }: ActionContext, variable: string) {
  if (finding.subject === variable) return FINE;
  return ask(`the crash does not name ${variable} (it is about ${finding.subject ?? finding.cause})`);
}

function ofHelm(workload: Parameters<typeof findHelmRelease>[0]) {
  const release = findHelmRelease(workload);
  return release === null ? FINE : ask(`Helm release ${release} owns the value: its next upgrade sets it again`);
}
