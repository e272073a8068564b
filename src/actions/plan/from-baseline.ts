import type { V1Container } from '@kubernetes/client-node';
import type { Baseline } from '../../activities/baseline.ts';
import { objectText } from '../../kubernetes/objects.ts';
import type { OwnedWorkload, Revision } from '../../kubernetes/revisions.ts';
import { templateHash } from '../../kubernetes/template.ts';
import type { Workload } from '../../kubernetes/workloads.ts';
import type { ActionContext } from '../action.ts';
import { changedInBetween, sameContents, sameDigests } from '../rules/baseline.ts';
import { servingPods } from '../rules/rollout.ts';
import { ask, together, type Verdict } from '../rules/verdict.ts';

/** The healthy baseline with the revision that still keeps its whole template, or why a field cannot be taken from it. */
export type Healthy = { baseline: Baseline; revision: Revision } | { refusal: { code: string; reason: string } };

/** Finds the template with which the target was last seen healthy (safety 3): a baseline records it, a revision keeps it. */
export async function readHealthy(context: ActionContext, owned: OwnedWorkload): Promise<Healthy> {
  const what = objectText(owned.workload.ref);
  const baseline = await context.baselines.read(context.target);
  if (baseline === null) return refused('no-baseline', `${what} was never seen healthy by Kintsugi`);
  const revision = owned.revisions.find((candidate) => candidate.templateHash === baseline.templateHash);
  if (revision !== undefined) return { baseline, revision };
  return refused('value-unknown', `no revision keeps the template any more with which ${what} was healthy`);
}

/**
 * What the rules say to a part of the template that goes back to the healthy one's: as for a variable (safety 7) the image and
 * the contents are those of then and the change came in between. Where more than that part differs, what results was never
 * seen healthy: a person decides, and ready pods are not given up for it (safety 5).
 */
export async function goesBack(
  context: ActionContext,
  owned: OwnedWorkload,
  baseline: Baseline,
  template: Workload['template'],
): Promise<Verdict> {
  const conditions = together(
    sameDigests(owned, baseline),
    changedInBetween(owned, baseline, context.brokenSince),
    await sameContents(context, owned, baseline),
  );
  if (templateHash(template) === baseline.templateHash) return conditions;
  return together(ask('more than that differs from the template last seen healthy'), servingPods(owned), conditions);
}

/** A container of a template by its name. */
export function containerIn(template: Workload['template'], name: string): V1Container | undefined {
  return template.spec?.containers.find((container) => container.name === name);
}

/** The template with one container changed. */
export function withContainer(
  template: Workload['template'],
  name: string,
  change: (container: V1Container) => V1Container,
): Workload['template'] {
  if (template.spec === undefined) return template;
  const containers = template.spec.containers.map((container) =>
    container.name === name ? change(container) : container,
  );
  return { ...template, spec: { ...template.spec, containers } };
}

/** The container that an action is about: the one it names, else the finding's, else the runbook's. */
export function containerName(context: ActionContext, named: string | undefined): string {
  return named ?? context.finding.container ?? context.runbook.spec.target.container ?? '';
}

function refused(code: string, reason: string): Healthy {
  return { refusal: { code, reason } };
}
