import type { V1Container } from '@kubernetes/client-node';
import { z } from 'zod';
import { objectText } from '../kubernetes/objects.ts';
import type { OwnedWorkload } from '../kubernetes/revisions.ts';
import type { Workload } from '../kubernetes/workloads.ts';
import type { Action, ActionContext } from './action.ts';
import { templateChanges } from './plan/changes.ts';
import { containerIn, containerName, goesBack, readHealthy } from './plan/from-baseline.ts';
import { PATCH_WORKLOAD, READ_REFERENCES, READ_WORKLOAD } from './plan/permissions.ts';
import { refusedPlan } from './plan/refused-plan.ts';
import { effectiveContext, gains, type Identity, withContextsOf, withIdentity } from './plan/security-context.ts';
import { readTarget } from './plan/subject.ts';
import { applyTemplate, revertTemplate, type TemplateProposal, templatePlan } from './plan/template-plan.ts';
import { deniedPath, groupOfVolumes } from './rules/file-access.ts';
import { sameImages } from './rules/image.ts';
import { imagesOwnUser } from './rules/image-user.ts';
import { servingPods } from './rules/rollout.ts';
import { FINE, refuse, type Verdict } from './rules/verdict.ts';

const NAME = 'set-security-context';

const id = z
  .int()
  .min(1, 'root (0) is never given (safety 9)')
  .max(2 ** 31 - 1);

const params = z
  .strictObject({
    container: z.string().optional().describe("Whose context; by default the finding's, else the target's container"),
    from: z.literal('baseline').optional().describe('The contexts with which the target was last seen healthy'),
    runAsUser: id.optional().describe('The user id of the container, never 0'),
    runAsGroup: id.optional().describe('The group id of the container, never 0'),
    fsGroup: id
      .optional()
      .describe("The group of the pod's volumes: a person is asked, since files change their group"),
  })
  .refine(({ from, runAsUser, runAsGroup, fsGroup }) => {
    const written = [runAsUser, runAsGroup, fsGroup].some((value) => value !== undefined);
    return (from === undefined) === written;
  }, 'either `from: baseline` or runAsUser, runAsGroup, fsGroup');

/** The contexts as they shall be, with what speaks for and against them. */
type Wanted =
  | Pick<TemplateProposal, 'template' | 'source' | 'verdicts'>
  | { refusal: { code: string; reason: string } };

/** Lets a container read and write what it needs, as another user or group; never as root or with more privileges (safety 9). */
const setSecurityContext: Action<z.infer<typeof params>> = {
  name: NAME,
  summary: 'Sets the user and groups of a container, or restores its healthy security context; never gains privileges',
  params,
  disruptive: true,
  harm: () => null,
  permissions: () => [...READ_WORKLOAD, ...PATCH_WORKLOAD, ...READ_REFERENCES],
  async plan(context, { container: named, from, ...identity }) {
    const owned = await readTarget(context);
    const name = containerName(context, named);
    const where = `the security context of ${name} in ${objectText(owned.workload.ref)}`;
    const summary = from === undefined ? `Set ${where}: ${identityText(identity)}` : `Restore ${where}`;
    const container = containerIn(owned.workload.template, name);
    if (container === undefined)
      return refusedPlan(NAME, summary, { code: 'not-found', reason: `there is no container ${name}` });
    const { refusal } = aboutPermissions(context, name);
    if (refusal !== undefined) return refusedPlan(NAME, summary, refusal);
    const wanted =
      from === undefined
        ? await asWritten(context, owned, container, identity)
        : await ofBaseline(context, owned, container);
    if ('refusal' in wanted) return refusedPlan(NAME, summary, wanted.refusal);
    return templatePlan(context, owned, {
      action: NAME,
      summary,
      risk: 'medium',
      undo: 'on-failure',
      ...wanted,
      changes: templateChanges(context, owned, wanted.template, wanted.source),
      args: { container: name },
      verdicts: [
        gainsNothing(owned.workload.template, wanted.template, name),
        groupOfVolumes(owned.workload.template, wanted.template),
        ...wanted.verdicts,
      ],
    });
  },
  apply: applyTemplate,
  revert: revertTemplate,
};
export default setSecurityContext;

function aboutPermissions({ finding }: ActionContext, container: string): Verdict {
  if (finding.cause !== 'permission-denied')
    return refuse('other-cause', `the cause found is ${finding.cause}, which no security context mends`);
  if (finding.container !== undefined && finding.container !== container)
    return refuse('other-container', `it is container ${finding.container} that is denied, not ${container}`);
  return FINE;
}

async function asWritten(
  context: ActionContext,
  owned: OwnedWorkload,
  container: V1Container,
  identity: Identity,
): Promise<Wanted> {
  const { refusal, asks } = deniedPath(context.finding, container);
  if (refusal !== undefined) return { refusal };
  const template = withIdentity(owned.workload.template, container.name, identity);
  const verdicts = [{ asks }, servingPods(owned), await sameImages(context, owned.pods)];
  return hasChanged(context, owned, template)
    ? { template, verdicts }
    : refused('not-changed', `${container.name} runs so already (${identityText(identity)})`);
}

async function ofBaseline(context: ActionContext, owned: OwnedWorkload, container: V1Container): Promise<Wanted> {
  const healthy = await readHealthy(context, owned);
  if ('refusal' in healthy) return healthy;
  const { baseline, revision } = healthy;
  const template = withContextsOf(owned.workload.template, container.name, revision.template);
  if (!hasChanged(context, owned, template))
    return refused('not-changed', `the security context of ${container.name} is the one with which it was healthy`);
  return {
    template,
    source: revision,
    verdicts: [
      await imagesOwnUser(context, owned, template, container.name),
      await goesBack(context, owned, baseline, template),
    ],
  };
}

function hasChanged(context: ActionContext, owned: OwnedWorkload, template: Workload['template']): boolean {
  return templateChanges(context, owned, template).length > 0;
}

function gainsNothing(now: Workload['template'], then: Workload['template'], name: string): Verdict {
  const context = (template: Workload['template']) =>
    effectiveContext(template.spec?.securityContext, containerIn(template, name)?.securityContext);
  const gained = gains(context(now), context(then));
  return gained === null ? FINE : refuse('gains-privileges', `${gained}: no remedy gives more than there is`);
}

function identityText(identity: Identity): string {
  return Object.entries(identity)
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key} ${value}`]))
    .join(', ');
}

function refused(code: string, reason: string): Wanted {
  return { refusal: { code, reason } };
}
