import { z } from 'zod';
import type { Baseline } from '../activities/baseline.ts';
import { TEMPLATE_ONLY } from '../diagnosis/facts/variables.ts';
import { findHelmRelease } from '../kubernetes/gitops.ts';
import { objectText } from '../kubernetes/objects.ts';
import type { OwnedWorkload } from '../kubernetes/revisions.ts';
import type { Plan } from '../recovery/values.ts';
import type { Action, ActionContext } from './action.ts';
import { templateChanges } from './plan/changes.ts';
import { PATCH_WORKLOAD, READ_REFERENCES, READ_WORKLOAD } from './plan/permissions.ts';
import { refusedPlan } from './plan/refused-plan.ts';
import { readTarget } from './plan/subject.ts';
import { applyTemplate, revertTemplate, templatePlan } from './plan/template-plan.ts';
import { declaredValue, type Restoration, restoration } from './plan/variable.ts';
import { changedInBetween, sameContents, sameDigests } from './rules/baseline.ts';
import { ask, FINE } from './rules/verdict.ts';

const NAME = 'restore-env';

const params = z.strictObject({
  container: z.string().optional().describe("Whose variable; by default the finding's, else the target's container"),
  variable: z.string().optional().describe('Which variable; by default the one that the finding is about'),
  declared: z
    .boolean()
    .default(false)
    .describe("Where no healthy value can be restored, the runbook's `value` is set without asking; else it asks"),
});

/** Gives one variable the value back with which the target was healthy, under every condition of safety 7. */
const restoreEnv: Action<z.infer<typeof params>> = {
  name: NAME,
  summary: 'Restores one environment variable to its last healthy value, where nothing else differs',
  params,
  disruptive: true,
  harm: () => null,
  permissions: () => [...READ_WORKLOAD, ...PATCH_WORKLOAD, ...READ_REFERENCES],
  async plan(context, { container, variable, declared }) {
    const name = container ?? context.finding.container ?? context.runbook.spec.target.container ?? '';
    const wanted = variable ?? context.finding.subject ?? '';
    const owned = await readTarget(context);
    const what = objectText(owned.workload.ref);
    const summary = `Restore ${wanted || 'a variable'} in ${what}`;
    const where = { container: name, variable: wanted };
    const restored = await healthyValue(context, owned, where);
    if ('refusal' in restored) {
      const given = context.runbook.spec.variables.find((one) => one.name === wanted)?.value;
      if (given !== undefined) return planDeclared(context, owned, { ...where, given, declared });
      return refusedPlan(NAME, summary, restored.refusal);
    }
    const { baseline } = restored;
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
        namedByTheCrash(context, name, wanted),
        ofHelm(owned.workload),
      ],
    });
  },
  apply: applyTemplate,
  revert: revertTemplate,
};
export default restoreEnv;

/** The template with the variable as it was healthy, and the baseline that says so. */
async function healthyValue(
  context: ActionContext,
  owned: OwnedWorkload,
  where: { container: string; variable: string },
): Promise<
  (Exclude<Restoration, { refusal: unknown }> & { baseline: Baseline }) | Extract<Restoration, { refusal: unknown }>
> {
  const baseline = await context.baselines.read(context.target);
  if (baseline === null) {
    const reason = `${objectText(owned.workload.ref)} was never seen healthy by Kintsugi`;
    return { refusal: { code: 'no-baseline', reason } };
  }
  const restored = restoration(context.secrets, owned, baseline, where);
  return 'refusal' in restored ? restored : { ...restored, baseline };
}

/** The runbook's own value, where the healthy one is not known or is not what differs: asks unless the remedy declares it. */
async function planDeclared(
  context: ActionContext,
  owned: OwnedWorkload,
  asked: { container: string; variable: string; given: string; declared: boolean },
): Promise<Plan> {
  const { container, variable, given, declared } = asked;
  const what = objectText(owned.workload.ref);
  const set = declaredValue(owned.workload.template, { container, variable }, given);
  if ('refusal' in set) return refusedPlan(NAME, `Set ${variable} in ${what}`, set.refusal);
  return templatePlan(context, owned, {
    action: NAME,
    summary: `Set ${variable} of container ${container} in ${what} to the value that the runbook gives it`,
    risk: 'low',
    undo: 'on-failure',
    template: set.template,
    changes: templateChanges(context, owned, set.template),
    args: { container, variable },
    verdicts: [
      declared ? FINE : ask(`no healthy value of ${variable} can be restored: the runbook's is another`),
      namedByTheCrash(context, container, variable),
      ofHelm(owned.workload),
    ],
  });
}

function namedByTheCrash({ finding }: ActionContext, container: string, variable: string) {
  if (finding.container !== undefined && finding.container !== container)
    return ask(`container ${finding.container} crashes, not ${container}`);
  const silent = finding.quotes.length > 0 && finding.quotes.every(({ source }) => source === TEMPLATE_ONLY);
  if (silent) return ask(`the program says nothing of ${variable}: only its value speaks for it`);
  if (finding.subject === variable) return FINE;
  return ask(`the crash does not name ${variable} (it is about ${finding.subject ?? finding.cause})`);
}

function ofHelm(workload: Parameters<typeof findHelmRelease>[0]) {
  const release = findHelmRelease(workload);
  return release === null ? FINE : ask(`Helm release ${release} owns the value: its next upgrade sets it again`);
}
