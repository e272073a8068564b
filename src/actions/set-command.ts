import type { V1Container } from '@kubernetes/client-node';
import { z } from 'zod';
import { objectText } from '../kubernetes/objects.ts';
import type { OwnedWorkload } from '../kubernetes/revisions.ts';
import { canonicalText, toJson } from '../kubernetes/template.ts';
import type { Action, ActionContext } from './action.ts';
import { templateChanges } from './plan/changes.ts';
import { containerIn, containerName, goesBack, readHealthy, withContainer } from './plan/from-baseline.ts';
import { PATCH_WORKLOAD, READ_REFERENCES, READ_WORKLOAD } from './plan/permissions.ts';
import { refusedPlan } from './plan/refused-plan.ts';
import { readTarget } from './plan/subject.ts';
import { applyTemplate, revertTemplate, type TemplateProposal, templatePlan } from './plan/template-plan.ts';
import { sameImages } from './rules/image.ts';
import { portTakenElsewhere } from './rules/port-conflict.ts';
import { servingPods } from './rules/rollout.ts';

const NAME = 'set-command';

const params = z.strictObject({
  container: z.string().optional().describe("Whose command; by default the finding's, else the target's container"),
  from: z
    .enum(['baseline', 'runbook'])
    .default('baseline')
    .describe('baseline: what it was when the target was last seen healthy; runbook: `target.command`'),
});

/** A container's command and arguments as they shall be, with what speaks for and against it. */
type Wanted =
  | Pick<TemplateProposal, 'template' | 'source' | 'verdicts'>
  | { refusal: { code: string; reason: string } };

/** Restores the command of one container: of two that start the same server, the second finds its port in use. */
const setCommand: Action<z.infer<typeof params>> = {
  name: NAME,
  summary: "Restores a container's command and arguments to the healthy ones, or to the runbook's",
  params,
  disruptive: true,
  harm: () => null,
  permissions: () => [...READ_WORKLOAD, ...PATCH_WORKLOAD, ...READ_REFERENCES],
  async plan(context, { container, from }) {
    const owned = await readTarget(context);
    const name = containerName(context, container);
    const summary = `Set the command of ${name} in ${objectText(owned.workload.ref)} to ${sourceText(from)}`;
    const present = containerIn(owned.workload.template, name);
    if (present === undefined)
      return refusedPlan(NAME, summary, { code: 'not-found', reason: `there is no container ${name}` });
    const wanted =
      from === 'baseline' ? await ofBaseline(context, owned, present) : await ofRunbook(context, owned, present);
    if ('refusal' in wanted) return refusedPlan(NAME, summary, wanted.refusal);
    return templatePlan(context, owned, {
      action: NAME,
      summary,
      risk: 'low',
      undo: 'on-failure',
      ...wanted,
      changes: templateChanges(context, owned, wanted.template, wanted.source),
      args: { container: name, from },
      verdicts: [portTakenElsewhere(context, owned.workload), ...wanted.verdicts],
    });
  },
  apply: applyTemplate,
  revert: revertTemplate,
};
export default setCommand;

async function ofBaseline(context: ActionContext, owned: OwnedWorkload, present: V1Container): Promise<Wanted> {
  const healthy = await readHealthy(context, owned);
  if ('refusal' in healthy) return healthy;
  const { baseline, revision } = healthy;
  const then = containerIn(revision.template, present.name);
  if (then === undefined || sameCommand(present, then))
    return refused('not-changed', `the command of ${present.name} is the one with which it was healthy`);
  const template = withContainer(owned.workload.template, present.name, (container) => withCommandOf(container, then));
  return { template, source: revision, verdicts: [await goesBack(context, owned, baseline, template)] };
}

/** The runbook's command replaces only one that the template itself sets: the image's own is the Dockerfile's matter. */
async function ofRunbook(context: ActionContext, owned: OwnedWorkload, present: V1Container): Promise<Wanted> {
  const { command } = context.runbook.spec.target;
  if (command === undefined) return refused('no-command', 'the runbook names no command of its target');
  if (present.command === undefined && present.args === undefined)
    return refused(
      'image-command',
      `the template leaves the command of ${present.name} to its image: what starts there is mended in the Dockerfile ` +
        `(CMD ${JSON.stringify(command)})`,
    );
  const wanted = { name: present.name, command };
  if (sameCommand(present, wanted)) return refused('not-changed', `the command of ${present.name} is the runbook's`);
  const template = withContainer(owned.workload.template, present.name, (container) =>
    withCommandOf(container, wanted),
  );
  return { template, verdicts: [servingPods(owned), await sameImages(context, owned.pods)] };
}

function withCommandOf({ command: _, args: _a, ...rest }: V1Container, { command, args }: V1Container): V1Container {
  return { ...rest, ...(command === undefined ? {} : { command }), ...(args === undefined ? {} : { args }) };
}

function sameCommand(a: V1Container, b: V1Container): boolean {
  const text = ({ command = [], args = [] }: V1Container) => canonicalText(toJson([command, args]));
  return text(a) === text(b);
}

function sourceText(from: 'baseline' | 'runbook'): string {
  return from === 'baseline' ? 'the one with which it was last seen healthy' : "the runbook's";
}

function refused(code: string, reason: string): Wanted {
  return { refusal: { code, reason } };
}
