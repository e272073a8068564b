import type { V1Container } from '@kubernetes/client-node';
import { z } from 'zod';
import type { Baseline } from '../activities/baseline.ts';
import { objectText } from '../kubernetes/objects.ts';
import { pointer } from '../kubernetes/template.ts';
import type { Json, Plan } from '../recovery/values.ts';
import { parseImage, repositoryName } from '../registry/reference.ts';
import type { Action, ActionContext } from './action.ts';
import { plannedBuild } from './plan/built.ts';
import { changesOf } from './plan/changes.ts';
import { PATCH_WORKLOAD, READ_REFERENCES, READ_WORKLOAD } from './plan/permissions.ts';
import { readTarget } from './plan/subject.ts';
import { applyTemplate, revertTemplate, templatePlan } from './plan/template-plan.ts';
import { imageIsThere, sameImagesAfter } from './rules/image.ts';
import { bringsBack, builtFrom, isRunning } from './rules/pin.ts';
import { servingPods } from './rules/rollout.ts';
import type { Verdict } from './rules/verdict.ts';
import { withFields } from './write/patch.ts';

const NAME = 'set-image';

const params = z.strictObject({
  container: z.string().optional().describe("Whose image; by default the finding's container, else the target's"),
  to: z
    .union([
      z.literal('last-healthy'),
      z.literal('built'),
      z.string().regex(/^sha256:[0-9a-f]{64}$/, 'a digest: sha256:…'),
    ])
    .default('last-healthy')
    .describe(
      'The digest that ran when the target was last seen healthy; what an earlier rebuild-image of the remedy built; or a given digest of the same repository',
    ),
});

/**
 * Pins a container's image to a digest (safety 4): a tag may move, or not exist. Only to a digest of the same repository that
 * the registry still has and lets the pods pull.
 */
const setImage: Action<z.infer<typeof params>> = {
  name: NAME,
  summary: "Pins a container's image to the digest last seen healthy, to what was built, or to a given one",
  params,
  disruptive: true,
  harm: () => null,
  permissions: () => [...READ_WORKLOAD, ...PATCH_WORKLOAD, ...READ_REFERENCES],
  async plan(context, { container: named, to }) {
    const name = named ?? context.finding.container ?? context.runbook.spec.target.container ?? '';
    const owned = await readTarget(context);
    const { workload } = owned;
    const what = objectText(workload.ref);
    const index = workload.template.spec?.containers.findIndex((container) => container.name === name) ?? -1;
    const container = workload.template.spec?.containers[index];
    if (container === undefined) return refusedPlan(what, refused('not-found', `there is no container ${name}`));
    const baseline = await context.baselines.read(context.target);
    const pin = await choosePin(context, container, to, baseline);
    if ('refusal' in pin) return refusedPlan(what, pin);
    const before = container.image ?? '';
    const path = pointer('spec', 'template', 'spec', 'containers', index, 'image');
    const { template } = withFields(workload, [{ path, value: pin.image }]);
    const { later } = pin;
    const fields = changesOf(context, owned, [{ path, before, after: pin.image }]);
    const changes = later === undefined ? fields : fields.map((field) => ({ ...field, after: { later } }));
    return templatePlan(context, owned, {
      action: NAME,
      summary: `Pin the image of ${name} in ${what}: ${before} -> ${later ?? pin.image}`,
      risk: 'low',
      undo: 'on-failure',
      template,
      changes: before === pin.image ? [] : changes,
      args: { container: name, ...(later === undefined ? { image: pin.image } : {}) },
      verdicts: [
        ...(await verdictsOn(context, { owned, baseline, pin, container: name, index, to })),
        ...(later === undefined ? [await imageIsThere(context, owned, template, pin.image)] : []),
        await sameImagesAfter(context, owned, template, baseline),
      ],
    });
  },
  apply: applyTemplate,
  revert: revertTemplate,
};
export default setImage;

/** The image by its digest; with `later` it is not known yet, and `image` only stands for one that is pinned. */
interface Pin {
  image: string;
  later?: string;
  /** The commit that was to be built. */
  commit?: string;
}
interface Refused {
  refusal: { code: string; reason: string };
}

const NOT_YET = `sha256:${'0'.repeat(64)}`;

/** The image to pin to, in the repository that the template names now. */
async function choosePin(
  context: ActionContext,
  container: V1Container,
  to: string,
  baseline: Baseline | null,
): Promise<Pin | Refused> {
  const repository = repositoryName(container.image ?? '');
  if (to === 'built') return builtPin(context, container.name, repository);
  if (to !== 'last-healthy') return { image: `${repository}@${to}` };
  if (baseline === null) return refused('no-baseline', 'it was never seen healthy by Kintsugi');
  const healthy = baseline.containers.find(({ name }) => name === container.name);
  if (healthy === undefined || healthy.digest === '')
    return refused('digest-unknown', `which digest of ${container.name} ran when it was healthy is not known`);
  if (sameRepository(container.image ?? '', healthy.image)) return { image: `${repository}@${healthy.digest}` };
  const reason = `${container.image} and ${healthy.image}, which was healthy, are of different repositories`;
  return refused('other-repository', reason);
}

function sameRepository(a: string, b: string): boolean {
  const [left, right] = [parseImage(a), parseImage(b)];
  return left !== null && right !== null && left.registry === right.registry && left.repository === right.repository;
}

async function builtPin(context: ActionContext, container: string, repository: string): Promise<Pin | Refused> {
  const build = plannedBuild(context.earlier, container);
  if (build === undefined)
    return refused('no-build', `no earlier action of this remedy builds an image for ${container}`);
  const note = await context.builds.notes.read(build.key);
  const { commit } = build;
  if (note?.digest !== undefined) return { image: `${repository}@${note.digest}`, commit };
  const later = `${repository} by the digest that build ${build.key} of commit ${commit} gives`;
  return { image: `${repository}@${NOT_YET}`, later, commit };
}

/** What was built for this is judged by where it comes from; anything else by whether it was seen healthy. */
async function verdictsOn(
  context: ActionContext,
  asked: Parameters<typeof bringsBack>[0] & { pin: Pin; container: string; to: string },
): Promise<Verdict[]> {
  const { owned, pin, container, to } = asked;
  if (pin.commit === undefined) return [isRunning(owned, container, pin.image, to), bringsBack(asked)];
  const { image, commit, later } = pin;
  return [servingPods(owned), ...(later === undefined ? [await builtFrom(context, owned, image, commit)] : [])];
}

function refused(code: string, reason: string): Refused {
  return { refusal: { code, reason } };
}

function refusedPlan(what: string, { refusal }: Refused): Plan {
  const args: { [key: string]: Json } = {};
  const summary = `Pin the image of ${what}`;
  return { action: NAME, summary, risk: 'low', undo: 'none', changes: [], args, waitSeconds: 0, refusal };
}
