import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Pod } from '@kubernetes/client-node';
import { z } from 'zod';
import { type BuildHook, type BuildOrder, buildKey } from '../builds/build.ts';
import type { BuildNote } from '../builds/notes.ts';
import { KintsugiError } from '../errors.ts';
import { objectText } from '../kubernetes/objects.ts';
import { containerStatus, isReady } from '../kubernetes/pods.ts';
import type { OwnedWorkload } from '../kubernetes/revisions.ts';
import type { Plan } from '../recovery/values.ts';
import { REVISION_LABEL, readImageConfiguration } from '../registry/image-configuration.ts';
import { namedPullSecrets, textsOf } from '../registry/pull-secrets.ts';
import { digestOfImageId, repositoryName } from '../registry/reference.ts';
import type { Action, ActionContext, WriteContext } from './action.ts';
import { buildArgs, REBUILD_IMAGE } from './plan/built.ts';
import { READ_WORKLOAD } from './plan/permissions.ts';
import { readTarget } from './plan/subject.ts';
import { olderServes } from './rules/rollout.ts';
import { ask, FINE, judged, together, type Verdict } from './rules/verdict.ts';
import { checkTarget, guardTarget } from './write/created.ts';

/** A CI system or an API server that is away is asked again for so long before a build that never began is given up. */
const START_MS = 60_000;
const START_PAUSE_MS = 3_000;

const params = z.strictObject({
  hook: z.string().describe('The build hook, by its name under `builds` in the configuration file'),
  container: z.string().optional().describe("Whose image; by default the finding's container, else the target's"),
  commit: z
    .string()
    .regex(/^[0-9A-Za-z][\w./-]{0,99}$/, 'a commit')
    .optional()
    .describe('Another commit than the one that the running image was built from; it always asks (safety 12)'),
});

/**
 * Builds the image again from the commit that the running one was built from, by a hook of the configuration (safety 12), and
 * waits for it. It changes nothing of the workload: `set-image: {to: built}` after it rolls the digest out.
 */
const rebuildImage: Action<z.infer<typeof params>> = {
  name: REBUILD_IMAGE,
  summary: "Builds the running image's commit again by a build hook, and waits for its digest",
  params,
  disruptive: false,
  harm: () => null,
  permissions: () => READ_WORKLOAD,
  async plan(context, { hook: hookName, container: named, commit: wanted }) {
    const container = named ?? context.finding.container ?? context.runbook.spec.target.container ?? '';
    const owned = await readTarget(context);
    const what = `${container} in ${objectText(owned.workload.ref)}`;
    const hook = context.builds.hook(hookName);
    if (hook === undefined) return refusedPlan(what, noHook(context, hookName));
    const running = await runningImage(context, owned, container);
    if ('refusal' in running) return refusedPlan(what, running.refusal);
    const commit = wanted ?? running.commit;
    if (commit === undefined) return refusedPlan(what, unknownCommit(running));
    const order = orderOf(context, { hook: hookName, container, commit, running });
    // Nothing of the workload changes: who owns it is asked where the digest is rolled out.
    const verdict = together(olderServes(owned), commit === running.commit ? FINE : otherCommit(commit, running));
    return {
      action: REBUILD_IMAGE,
      summary: `Build ${order.image} again from commit ${commit} by hook ${hookName}`,
      risk: 'low',
      undo: 'on-failure',
      changes: [hook.describe(order)],
      args: { hook: hookName, key: order.key, container, image: order.image, commit },
      waitSeconds: hook.timeoutSeconds + START_MS / 1000,
      ...judged(verdict),
    };
  },
  async apply(context, plan) {
    const { hook, order } = planned(context, plan);
    const note = await context.builds.notes.read(order.key);
    if (note?.digest !== undefined) return 'applied';
    await checkTarget(context);
    const begun = note ?? (await begin(context, order));
    const handle = await start(context, hook, order, begun);
    const digest = await untilDone(context, hook, order, { ...begun, handle });
    await context.builds.notes.write(order.key, { ...begun, handle, digest });
    return 'applied';
  },
  async revert(context, plan) {
    const { hook, order } = planned(context, plan);
    try {
      await guardTarget(context);
      const saw = await hook.stop(context, order);
      return saw === null ? { outcome: 'not-needed' } : { outcome: 'undone', saw };
    } catch (error) {
      if (error instanceof KintsugiError && !error.retryable) return { outcome: 'refused', saw: error.message };
      throw error;
    }
  },
  // Whoever takes the step over goes on with the same build; what it would do is planned again first.
  hasWritten: async () => false,
};
export default rebuildImage;

interface RunningImage {
  /** The repository, without tag and digest. */
  image: string;
  digest: string;
  commit?: string;
}

/** The image that the failing pod really runs, by its digest, and the commit that its configuration names. */
async function runningImage(
  context: ActionContext,
  { pods, workload }: OwnedWorkload,
  container: string,
): Promise<RunningImage | { refusal: { code: string; reason: string } }> {
  const written = workload.template.spec?.containers.find(({ name }) => name === container)?.image;
  if (written === undefined) return refused('not-found', `there is no container ${container}`);
  const named = pods.find(({ metadata }) => metadata?.name === context.finding.pod);
  const pod = named ?? pods.findLast((candidate) => !isReady(candidate)) ?? pods.at(-1);
  const digest = digestOfImageId(pod === undefined ? undefined : containerStatus(pod, container)?.imageID);
  if (pod === undefined || digest === undefined)
    return refused('digest-unknown', `no pod tells which digest of ${written} runs as ${container}`);
  const image = repositoryName(written);
  const configuration = await configurationOf(context, pod, `${image}@${digest}`);
  if ('problem' in configuration)
    return refused('commit-unknown', `the commit of ${written} cannot be read: ${configuration.problem.saw}`);
  const commit = configuration.labels[REVISION_LABEL];
  return { image, digest, ...(commit === undefined || commit === '' ? {} : { commit }) };
}

async function configurationOf(
  { kubernetes, mirrors, signal }: ActionContext,
  pod: V1Pod,
  image: string,
): ReturnType<typeof readImageConfiguration> {
  const pullSecrets = textsOf(await namedPullSecrets(kubernetes, pod, { signal }));
  return readImageConfiguration(image, { pullSecrets, mirrors, signal });
}

function refused(code: string, reason: string) {
  return { refusal: { code, reason } };
}

function noHook({ builds }: ActionContext, name: string): { code: string; reason: string } {
  const known = builds.names.length === 0 ? 'none is configured' : `there are ${builds.names.join(', ')}`;
  return { code: 'no-hook', reason: `no build hook is named ${name}: ${known} (\`builds\` in the configuration file)` };
}

function unknownCommit({ image, digest }: RunningImage): { code: string; reason: string } {
  const reason = `${image}@${digest.slice(0, 19)} does not say which commit it was built from (label ${REVISION_LABEL})`;
  return { code: 'commit-unknown', reason };
}

function otherCommit(commit: string, { commit: running }: RunningImage): Verdict {
  return ask(`it would be built from commit ${commit}, and the running image is of ${running ?? 'an unknown one'}`);
}

function orderOf(
  { recoveryId, target }: Pick<ActionContext, 'recoveryId' | 'target'>,
  parts: { hook: string; container: string; commit: string; running: RunningImage },
): BuildOrder {
  const { hook, container, commit, running } = parts;
  const key = buildKey({ recoveryId, hook, commit, container, replaces: running.digest });
  return { hook, key, image: running.image, commit, recoveryId, target };
}

function planned(context: WriteContext, plan: Plan): { hook: BuildHook; order: BuildOrder } {
  const { hook: name, key, image, commit } = buildArgs.parse(plan.args);
  const { recoveryId, target } = context;
  const hook = context.builds.hook(name);
  if (hook !== undefined) return { hook, order: { hook: name, key, image, commit, recoveryId, target } };
  throw new KintsugiError('refused', `there is no build hook ${name} any more`, {
    where: '`builds` in the configuration file',
    fix: 'Put the hook back, or try another remedy.',
  });
}

async function begin({ builds }: WriteContext, { key, hook, image, commit }: BuildOrder): Promise<BuildNote> {
  const note: BuildNote = { hook, image, commit, startedAt: new Date().toISOString() };
  await builds.notes.write(key, note);
  return note;
}

/** Starts the build, and notes where its status is asked before anything is waited for. */
async function start(context: WriteContext, hook: BuildHook, order: BuildOrder, note: BuildNote): Promise<string> {
  const until = Date.parse(note.startedAt) + START_MS;
  for (;;) {
    context.heartbeat(`starting build ${order.key} by hook ${hook.name}`);
    try {
      const handle = await hook.start(context, order, note.handle ?? null);
      if (handle !== note.handle) await context.builds.notes.write(order.key, { ...note, handle });
      return handle;
    } catch (error) {
      throwUnlessPassing(error, until);
    }
    await sleep(START_PAUSE_MS, undefined, { signal: context.signal });
  }
}

async function untilDone(
  context: WriteContext,
  hook: BuildHook,
  order: BuildOrder,
  { startedAt, handle = '' }: BuildNote,
): Promise<string> {
  const until = Date.parse(startedAt) + hook.timeoutSeconds * 1000;
  let saw = 'it was just started';
  for (;;) {
    try {
      const state = await hook.look(context, order, handle);
      if (state.is === 'done') return state.digest;
      if (state.is === 'failed') throw failure('refused', `build ${order.key} failed: ${state.saw}`, hook);
      saw = state.saw;
    } catch (error) {
      throwUnlessPassing(error, until);
    }
    if (Date.now() >= until)
      throw failure('timeout', `build ${order.key} is not done after ${hook.timeoutSeconds} s: ${saw}`, hook);
    context.heartbeat(`build ${order.key}: ${saw}`);
    await sleep(hook.pollSeconds * 1000, undefined, { signal: context.signal });
  }
}

/** What passes is waited for until the time is over; then it is a failure for good, and the next remedy has its turn. */
function throwUnlessPassing(error: unknown, until: number): void {
  if (!(error instanceof KintsugiError) || !error.retryable) throw error;
  if (Date.now() < until) return;
  const { code, message, where, fix } = error;
  throw new KintsugiError(code, message, { where, fix, retryable: false, cause: error });
}

function failure(code: 'refused' | 'timeout', message: string, hook: BuildHook): KintsugiError {
  const where = `build hook ${hook.name}`;
  return new KintsugiError(code, message, {
    where,
    fix: 'Look at the build; nothing was rolled out.',
    retryable: false,
  });
}

function refusedPlan(what: string, refusal: { code: string; reason: string }): Plan {
  return {
    action: REBUILD_IMAGE,
    summary: `Build the image of ${what} again`,
    risk: 'low',
    undo: 'none',
    changes: [],
    args: {},
    waitSeconds: 0,
    refusal,
  };
}
