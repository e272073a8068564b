import type { V1Container, V1PodTemplateSpec } from '@kubernetes/client-node';
import { KintsugiError } from '../../errors.ts';
import { containerStatus, isReady } from '../../kubernetes/pods.ts';
import { currentRevision, type OwnedWorkload, readOwned, revisionOfPod } from '../../kubernetes/revisions.ts';
import { atPointer, templateHash, toJson } from '../../kubernetes/template.ts';
import type { Plan } from '../../recovery/values.ts';
import { digestOfImageId, parseImage } from '../../registry/reference.ts';
import { tagMoved } from '../../registry/tag-moved.ts';
import type { ActionContext, ApplyOutcome, RevertResult, WriteContext } from '../action.ts';
import { readTarget } from '../plan/subject.ts';
import { templatePlan } from '../plan/template-plan.ts';
import { ask, FINE, refuse, type Verdict } from '../rules/verdict.ts';
import { applyFields, type FieldChange, fieldChanges, revertFields } from '../write/fields.ts';
import {
  COLLECT_SECONDS,
  containerOf,
  type SessionArgs,
  START_SECONDS,
  sessionArgs,
  type Wanted,
} from './arguments.ts';
import { readSessionWorkload } from './mark.ts';
import { sessionFindings } from './reach.ts';
import { untilRunning } from './running.ts';

/**
 * A debug session in the place of the workload, as the written runbook has it: image and command of the Deployment are changed,
 * and the recorded template is put back whatever happens (safety 25).
 */

export async function planInPlace(context: ActionContext, wanted: Wanted): Promise<Plan> {
  const owned = await readTarget(context);
  const { workload } = owned;
  const container = containerOf(context, workload, wanted.container);
  const { image, seconds } = wanted;
  const template = sleepingTemplate(workload.template, { container, image, seconds });
  const args = {
    mode: 'in-place' as const,
    workload: { ...workload.ref },
    container,
    image,
    seconds,
    templateHash: templateHash(workload.template),
    original: await originalOf(context, owned, container),
  } satisfies SessionArgs;
  const plan = await templatePlan(context, owned, {
    action: 'debug-session',
    summary: `Run ${image} in place of container ${container} of ${workload.kind} ${workload.namespace}/${workload.name}, for ${seconds} s`,
    risk: 'medium',
    undo: 'at-end',
    template,
    args,
    verdicts: [
      isDeployment(owned),
      servesNobody(owned),
      ask('nothing of it runs meanwhile, and only a person has use of that'),
    ],
  });
  return {
    ...plan,
    waitSeconds: START_SECONDS + COLLECT_SECONDS,
    standsSeconds: seconds,
  };
}

/** With all that the API server would add: what it adds itself would look like another hand's change. */
const NEVER_READY = {
  exec: { command: ['false'] },
  periodSeconds: 30,
  timeoutSeconds: 1,
  successThreshold: 1,
  failureThreshold: 3,
};

/** Only sleeps; never alive enough to be restarted for it, never ready enough to be sent anything. */
function sleepingTemplate(
  template: V1PodTemplateSpec,
  { container, image, seconds }: { container: string; image: string; seconds: number },
): V1PodTemplateSpec {
  if (template.spec === undefined) return template;
  const containers = template.spec.containers.map((candidate): V1Container => {
    if (candidate.name !== container) return candidate;
    const { args: _args, livenessProbe: _live, startupProbe: _start, lifecycle: _hooks, ...rest } = candidate;
    return {
      ...rest,
      image,
      imagePullPolicy: 'IfNotPresent',
      command: ['sleep', String(seconds)],
      readinessProbe: NEVER_READY,
    };
  });
  return { ...template, spec: { ...template.spec, containers } };
}

function isDeployment({ workload }: OwnedWorkload): Verdict {
  return workload.kind === 'Deployment'
    ? FINE
    : refuse('not-a-deployment', `only a Deployment; ${workload.kind}: use a copy`);
}

function servesNobody({ pods }: OwnedWorkload): Verdict {
  const ready = pods.filter(isReady).length;
  return ready === 0 ? FINE : refuse('serves', `${ready} of its pods are ready: it would take them away; use a copy`);
}

/** The image as it is written, and the digest that ran: what must come back. */
async function originalOf(
  context: ActionContext,
  { workload, revisions, pods }: OwnedWorkload,
  container: string,
): Promise<{ image: string; digest?: string }> {
  const image = workload.template.spec?.containers.find(({ name }) => name === container)?.image ?? '';
  const current = currentRevision(workload, revisions);
  const own = pods.filter((pod) => revisionOfPod(pod, revisions)?.uid === current?.uid);
  const ran = own.flatMap((pod) => digestOfImageId(containerStatus(pod, container)?.imageID) ?? []);
  const baseline = await context.baselines.read(context.target).catch(() => null);
  const healthy = baseline?.containers.find((known) => known.name === container && known.image === image)?.digest;
  const digest = ran.at(-1) ?? (healthy === '' ? undefined : healthy);
  return { image, ...(digest === undefined ? {} : { digest }) };
}

/** Writes the template, waits until the container sleeps, and tells what it reaches. */
export async function applyInPlace(context: WriteContext, plan: Plan): Promise<ApplyOutcome> {
  const args = sessionArgs.parse(plan.args);
  const before = await readSessionWorkload(context, args.workload);
  const outcome = await applyFields(context, plan);
  const pod = await untilRunning(context, args, async () => {
    const { workload, revisions, pods } = await readOwned(context.kubernetes, before, context.signal);
    const current = currentRevision(workload, revisions);
    return pods.findLast((candidate) => revisionOfPod(candidate, revisions)?.uid === current?.uid) ?? null;
  });
  return { outcome, saw: await sessionFindings(context, args, { workload: before, pod }) };
}

/**
 * Puts the recorded template back. Where the image's tag has moved meanwhile, the digest that ran is pinned in its place, and
 * named as what stands: by the tag another program would come.
 */
export async function revertInPlace(context: WriteContext, plan: Plan): Promise<RevertResult> {
  const args = sessionArgs.parse(plan.args);
  try {
    const pinned = (await isAsItWas(context, plan, args)) ? null : await pinnedImage(context, args);
    if (pinned === null) return await revertFields(context, plan);
    const result = await revertFields(context, plan, withImage(plan, pinned));
    const stands = `${args.original?.image} now stands for another image: container ${args.container} stays pinned to ${pinned}`;
    return result.outcome === 'undone' ? { ...result, stands } : result;
  } catch (error) {
    if (error instanceof KintsugiError && error.code === 'not-found') return { outcome: 'refused', saw: error.message };
    throw error;
  }
}

/** The original image by its digest, if its tag stands for another one now; null where it does not, or nobody knows. */
async function pinnedImage(
  context: WriteContext,
  { workload, container, original }: SessionArgs,
): Promise<string | null> {
  const reference = original === undefined ? null : parseImage(original.image);
  if (original?.digest === undefined || reference === null || reference.digest !== undefined) return null;
  const { image, digest } = original;
  const { template, namespace } = await readSessionWorkload(context, workload);
  const spec = template.spec === undefined ? { containers: [] } : template.spec;
  const { moved } = await tagMoved(context.kubernetes, {
    pod: { metadata: { namespace }, spec: { ...spec, containers: [{ name: container, image }] } },
    container,
    healthyDigest: digest,
    mirrors: context.mirrors,
    signal: context.signal,
  });
  return moved === true ? `${image.replace(/:[^:/]+$/, '')}@${digest}` : null;
}

function withImage(plan: Plan, image: string): FieldChange[] {
  return fieldChanges(plan).map((change) =>
    change.path.endsWith('/image') ? { ...change, before: { value: image } } : change,
  );
}

/** Whether nothing was ever changed, or it was put back by the tag: then nothing is pinned. */
async function isAsItWas(context: WriteContext, plan: Plan, { workload, original }: SessionArgs): Promise<boolean> {
  const change = fieldChanges(plan).find(({ path }) => path.endsWith('/image'));
  if (change === undefined || original === undefined) return true;
  return atPointer(toJson((await readSessionWorkload(context, workload)).raw), change.path) === original.image;
}
