import { containerStatus } from '../../kubernetes/pods.ts';
import type { OwnedWorkload } from '../../kubernetes/revisions.ts';
import type { Workload } from '../../kubernetes/workloads.ts';
import { readImageConfiguration } from '../../registry/image-configuration.ts';
import { readPullSecrets } from '../../registry/pull-secrets.ts';
import { digestOfImageId } from '../../registry/reference.ts';
import type { ActionContext } from '../action.ts';
import { containerIn } from '../plan/from-baseline.ts';
import { effectiveContext } from '../plan/security-context.ts';
import { ask, FINE, refuse, type Verdict } from './verdict.ts';

/**
 * Where no security context names a user any more the image's own runs, as its registry tells: never root (safety 9); where
 * that cannot be read a person decides.
 */
export async function imagesOwnUser(
  context: ActionContext,
  { workload, pods }: OwnedWorkload,
  then: Workload['template'],
  name: string,
): Promise<Verdict> {
  const effective = (template: Workload['template']) =>
    effectiveContext(template.spec?.securityContext, containerIn(template, name)?.securityContext);
  const { runAsUser, runAsNonRoot } = effective(then);
  const asNow = effective(workload.template).runAsUser === undefined;
  if (runAsUser !== undefined || runAsNonRoot || asNow) return FINE;
  const user = await userOfImage(context, pods, containerIn(then, name)?.image ?? '', name);
  if ('unknown' in user) return ask(`${name} would run as its image's own user, which may be root: ${user.unknown}`);
  if (/^(?:0|root)?(?::|$)/.test(user.name))
    return refuse('gains-privileges', `it would run as its image's own user, which is root: no remedy gives that`);
  return /^\d+/.test(user.name)
    ? FINE
    : ask(`${name} would run as its image's user ${user.name}, whose id is not known`);
}

/** `User` of the image's configuration: `1000:1000`, `node`, empty for root. */
async function userOfImage(
  { kubernetes, mirrors, signal }: ActionContext,
  pods: OwnedWorkload['pods'],
  image: string,
  name: string,
): Promise<{ name: string } | { unknown: string }> {
  const pod = pods.at(-1);
  const running = pods.map((candidate) => containerStatus(candidate, name)?.imageID ?? '');
  const pinned = running.find((imageId) => digestOfImageId(imageId) !== undefined && imageId.includes('@'));
  const pullSecrets = pod === undefined ? [] : await readPullSecrets(kubernetes, pod);
  const read = await readImageConfiguration(pinned ?? image, { pullSecrets, mirrors, signal });
  return 'problem' in read ? { unknown: read.problem.saw } : { name: read.user ?? '' };
}
