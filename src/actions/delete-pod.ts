import type { V1Pod } from '@kubernetes/client-node';
import { z } from 'zod';
import { askPod } from '../dependencies/ask.ts';
import { objectText } from '../kubernetes/objects.ts';
import { isFinished, isReady, isTerminating, podState } from '../kubernetes/pods.ts';
import { type Forward, forwardPort } from '../kubernetes/port-forward.ts';
import type { OwnedWorkload } from '../kubernetes/revisions.ts';
import { readWorkload } from '../kubernetes/workloads.ts';
import type { Plan } from '../recovery/values.ts';
import type { Dependency } from '../runbook/schema.ts';
import type { Action, ActionContext, WriteContext } from './action.ts';
import { READ_WORKLOAD } from './plan/permissions.ts';
import { readDependency, readTarget } from './plan/subject.ts';
import { ownedByNobody } from './rules/dependency.ts';
import { sameImages } from './rules/image.ts';
import { portTakenElsewhere } from './rules/port-conflict.ts';
import { rolloutUnderWay } from './rules/replacement.ts';
import { ask, FINE, judged, refuse, together, type Verdict } from './rules/verdict.ts';
import { checkGuard } from './write/guard.ts';
import { deletePods, podRef } from './write/pods.ts';

const NAME = 'delete-pod';
const REDIS_PORT = 6379;

const params = z.strictObject({
  of: z
    .string()
    .optional()
    .describe("A dependency whose pod that does not answer is replaced, instead of the target's"),
});

const args = z.object({
  owners: z.array(z.object({ namespace: z.string(), kind: z.string(), name: z.string() })),
});

/** Deletes the pods that are not ready, each that very one and with its grace period: their controller makes new ones. */
const deletePod: Action<z.infer<typeof params>> = {
  name: NAME,
  summary: 'Replaces the pods that are not ready; ready ones are never touched',
  params,
  disruptive: true,
  harm: () => null,
  permissions: () => [
    ...READ_WORKLOAD,
    { group: '', resource: 'pods', verbs: ['delete'] },
    { group: '', resource: 'pods', subresource: 'portforward', verbs: ['get', 'create'] },
  ],
  async plan(context, { of }) {
    const { workloads, unowned, dependency } = await subjects(context, of);
    const pods = workloads.flatMap(({ pods: owned }) => owned).filter((pod) => !isFinished(pod) && !isTerminating(pod));
    const unready = pods.filter((pod) => !isReady(pod));
    const loading = dependency === undefined ? [] : await loadingPods(context, dependency, unready);
    const doomed = unready.filter((pod) => !loading.includes(pod));
    if (doomed.length === 0 && loading.length > 0) return waited(loading);
    const what = workloads.map(({ workload }) => objectText(workload.ref)).join(', ') || dependency?.name || 'nothing';
    const verdict = together(
      isAnyoneToReplace(what, doomed, unowned),
      ...workloads.map(({ workload }) => (of === undefined ? portTakenElsewhere(context, workload) : FINE)),
      dependency === undefined ? FINE : sharedDependency(dependency, workloads, doomed),
      ...workloads.map((owned) => rolloutUnderWay(context, owned)),
      doomed.length === 0 ? FINE : await sameImages(context, doomed),
    );
    const states = doomed.map((pod) => `${pod.metadata?.name} (${podState(pod)})`).join(', ');
    return {
      action: NAME,
      summary: `Replace the pods of ${what} that are not ready: ${states || 'none'}`,
      risk: 'low',
      undo: 'none',
      changes: doomed.map((pod) => ({ type: 'delete', object: podRef(pod) })),
      args: {
        owners: workloads.map(({ workload: { namespace, kind, name } }) => ({ namespace, kind, name })),
      },
      waitSeconds: 0,
      ...judged(verdict),
    };
  },
  async apply(context, plan) {
    for (const owner of args.parse(plan.args).owners) await checkOwner(context, owner);
    return deletePods(context, plan);
  },
  revert: async () => ({ outcome: 'not-needed' }),
};
export default deletePod;

/** A Redis that reads its data answers soon by itself; a new pod would begin anew. */
async function loadingPods(context: ActionContext, dependency: Dependency, pods: readonly V1Pod[]): Promise<V1Pod[]> {
  if (dependency.type !== 'redis') return [];
  const { kubernetes, signal } = context;
  const forward: Forward = (to, options) => forwardPort(kubernetes, to, options);
  const asked = await Promise.all(
    pods.map(async (pod) => {
      if (pod.status?.phase !== 'Running') return false;
      const { namespace = '', name = '' } = pod.metadata ?? {};
      const to = { namespace, pod: name, port: dependency.port ?? REDIS_PORT };
      // Who loads answers at once; whoever does not is replaced anyway.
      const patience = { openMs: 2_000, answerMs: 1_000 };
      const answer = await askPod(forward, { type: 'redis', to, address: null }, signal, patience);
      return answer.state === 'loading';
    }),
  );
  return pods.filter((_, index) => asked[index]);
}

function waited(loading: readonly V1Pod[]): Plan {
  const names = loading.map((pod) => pod.metadata?.name).join(', ');
  return {
    action: NAME,
    summary: `No pod is replaced: ${names} reads its data and answers when it has`,
    risk: 'none',
    undo: 'none',
    changes: [],
    args: { owners: [] },
    waitSeconds: 0,
  };
}

interface Subjects {
  workloads: OwnedWorkload[];
  unowned: V1Pod[];
  dependency?: Dependency;
}

async function subjects(context: ActionContext, of: string | undefined): Promise<Subjects> {
  if (of === undefined) return { workloads: [await readTarget(context)], unowned: [] };
  return readDependency(context, of);
}

function isAnyoneToReplace(what: string, doomed: readonly V1Pod[], unowned: readonly V1Pod[]): Verdict {
  const alone = unowned.find((pod) => !isReady(pod));
  if (alone !== undefined)
    return refuse('no-controller', `no workload owns pod ${alone.metadata?.name}: nothing would make a new one`);
  if (doomed.length === 0) return refuse('none-unready', `no pod of ${what} is there that is not ready`);
  return FINE;
}

/**
 * A shared dependency's pod is replaced by itself only if no release owns the workload, and its data outlives the pod
 * (safety 10); otherwise a person decides.
 */
function sharedDependency(
  dependency: Dependency,
  workloads: readonly OwnedWorkload[],
  doomed: readonly V1Pod[],
): Verdict {
  const losing = doomed.filter((pod) => dependency.data !== 'disposable' && !keepsData(pod));
  const lost = losing.map((pod) => `pod ${pod.metadata?.name} keeps its data on no claim: replacing it may lose it`);
  return together(ownedByNobody(workloads.map(({ workload }) => workload)), ask(...lost));
}

function keepsData(pod: V1Pod): boolean {
  const volumes = pod.spec?.volumes ?? [];
  return volumes.some(({ persistentVolumeClaim }) => persistentVolumeClaim !== undefined);
}

/** A delete leaves no guard of its own, but obeys the one on the workload (durability 3). */
async function checkOwner(
  context: WriteContext,
  owner: { namespace: string; kind: string; name: string },
): Promise<void> {
  await checkGuard(context, await readWorkload(context.kubernetes, owner, context.signal));
}
