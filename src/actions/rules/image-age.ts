import type { V1Container } from '@kubernetes/client-node';
import { containerStatus } from '../../kubernetes/pods.ts';
import type { OwnedWorkload } from '../../kubernetes/revisions.ts';
import type { Workload } from '../../kubernetes/workloads.ts';
import { readImageConfiguration } from '../../registry/image-configuration.ts';
import { namedPullSecrets, textsOf } from '../../registry/pull-secrets.ts';
import type { ActionContext } from '../action.ts';
import { asPod } from './image.ts';
import { ask, FINE, together, type Verdict } from './verdict.ts';

/**
 * An image older than the one that runs asks, and so does another one of which nobody can tell (safety 4): by the digest
 * that runs where a pod tells it, and by the day on which each was built, as the registry's configuration of it says.
 */
export async function noOlderImage(
  context: ActionContext,
  owned: OwnedWorkload,
  template: Workload['template'],
): Promise<Verdict> {
  const now = owned.workload.template.spec?.containers ?? [];
  const verdicts = (template.spec?.containers ?? []).map((container) => {
    const before = now.find(({ name }) => name === container.name);
    return before === undefined || before.image === container.image
      ? FINE
      : compared(context, owned, { before, after: container });
  });
  return together(...(await Promise.all(verdicts)));
}

async function compared(
  context: ActionContext,
  owned: OwnedWorkload,
  { before, after }: { before: V1Container; after: V1Container },
): Promise<Verdict> {
  const running = runningImage(owned, before);
  const [was, will] = await Promise.all([builtAt(context, owned, running), builtAt(context, owned, after.image ?? '')]);
  const change = `${after.name}: ${before.image} -> ${after.image}`;
  if (was === undefined || will === undefined)
    return ask(`a different image of ${change}; which of them is older cannot be told`);
  if (Date.parse(will) >= Date.parse(was)) return FINE;
  return ask(`an older image than the one that runs, of ${change} (built ${will}, the one that runs ${was})`);
}

/** By digest where a pod tells it: its tag may have moved. */
function runningImage({ pods }: OwnedWorkload, { name, image = '' }: V1Container): string {
  const ids = pods.map((pod) => containerStatus(pod, name)?.imageID ?? '');
  return ids.find((id) => /@sha256:/.test(id))?.replace(/^.*:\/\//, '') ?? image;
}

async function builtAt(context: ActionContext, owned: OwnedWorkload, image: string): Promise<string | undefined> {
  const { kubernetes, mirrors, signal } = context;
  const pod = asPod(owned, owned.workload.template);
  const pullSecrets = textsOf(await namedPullSecrets(kubernetes, pod, { signal }));
  const read = await readImageConfiguration(image, { pullSecrets, mirrors, signal });
  return 'problem' in read ? undefined : read.created;
}
