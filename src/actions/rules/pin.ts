import type { Baseline } from '../../activities/baseline.ts';
import { containerStatus } from '../../kubernetes/pods.ts';
import type { OwnedWorkload } from '../../kubernetes/revisions.ts';
import { pointer, templateHash } from '../../kubernetes/template.ts';
import { REVISION_LABEL, readImageConfiguration } from '../../registry/image-configuration.ts';
import { namedPullSecrets, textsOf } from '../../registry/pull-secrets.ts';
import { digestOfImageId, parseImage } from '../../registry/reference.ts';
import type { ActionContext } from '../action.ts';
import { withFields } from '../write/patch.ts';
import { asPod } from './image.ts';
import { servingPods } from './rollout.ts';
import { ask, FINE, refuse, type Verdict } from './verdict.ts';

/** A pin to what every pod runs already would restart them for nothing: something else is wrong. */
export function isRunning({ pods, workload }: OwnedWorkload, name: string, image: string, to: string): Verdict {
  const digest = parseImage(image)?.digest;
  const written = workload.template.spec?.containers.find((container) => container.name === name)?.image;
  if (written === image) return refuse('no-difference', `the image of ${name} is pinned to ${short(digest)} already`);
  const runs = pods.map((pod) => digestOfImageId(containerStatus(pod, name)?.imageID));
  if (runs.length === 0 || runs.some((one) => one !== digest)) return FINE;
  const which = to === 'last-healthy' ? 'the image that was healthy' : 'that image';
  return refuse('not-changed', `${name} runs ${which} (${short(digest)}): something else is wrong`);
}

/**
 * Where the pin alone makes the template that was healthy, it brings back what was healthy, and needs no asking while older
 * pods serve (safety 5). A digest that nobody has seen healthy always asks.
 */
export function bringsBack(asked: {
  owned: OwnedWorkload;
  baseline: Baseline | null;
  pin: { image: string };
  index: number;
}): Verdict {
  const { owned, baseline, pin, index } = asked;
  const digest = parseImage(pin.image)?.digest;
  const known = baseline?.containers.find((healthy) => healthy.digest === digest);
  if (known === undefined) return ask(`nothing shows that ${pin.image} was ever healthy`);
  const path = pointer('spec', 'template', 'spec', 'containers', index, 'image');
  const healthy = withFields(owned.workload, [{ path, value: known.image }]);
  return templateHash(healthy.template) === baseline?.templateHash ? FINE : servingPods(owned);
}

/** What was built says that it is of the commit that was asked for: anything else is not rolled out (safety 12). */
export async function builtFrom(
  context: ActionContext,
  owned: OwnedWorkload,
  image: string,
  commit: string,
): Promise<Verdict> {
  const { kubernetes, mirrors, signal } = context;
  const secrets = await namedPullSecrets(kubernetes, asPod(owned, owned.workload.template), { signal });
  const built = await readImageConfiguration(image, { pullSecrets: textsOf(secrets), mirrors, signal });
  if ('problem' in built) return refuse('not-built', `what was built cannot be read: ${built.problem.saw}`);
  const of = built.labels[REVISION_LABEL];
  if (of === commit) return FINE;
  return refuse('other-commit', `commit ${commit} was to be built, and ${image} is of ${of ?? 'none that it names'}`);
}

function short(digest: string | undefined): string {
  return digest?.slice(0, 'sha256:'.length + 12) ?? 'no digest';
}
