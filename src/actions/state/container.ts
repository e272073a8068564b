import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Pod } from '@kubernetes/client-node';
import { KintsugiError } from '../../errors.ts';
import type { Execution } from '../../executions/notes.ts';
import type { ContainerShell } from '../../kubernetes/container-files.ts';
import type { ExecInPod, ExecResult } from '../../kubernetes/exec.ts';
import { objectText } from '../../kubernetes/objects.ts';
import { containerStatus, isReady, isTerminating, podState } from '../../kubernetes/pods.ts';
import { type OwnedWorkload, readOwned } from '../../kubernetes/revisions.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import type { WriteContext } from '../action.ts';

/** One instance of a container that runs. */
export type RunningContainer = Execution['container'];

/** Which container is meant. */
export interface Wanted {
  /** A pod's name; without it the only one that can be meant. */
  pod?: string | undefined;
  container: string;
}

/** The one running container that is meant, or why there is none. */
export function chooseContainer(
  { workload, pods }: OwnedWorkload,
  { pod: named, container }: Wanted,
): RunningContainer | { refusal: { code: string; reason: string } } {
  const what = `container ${container} of ${objectText(workload.ref)}`;
  const candidates = pods.filter((pod) => named === undefined || pod.metadata?.name === named);
  if (named !== undefined && candidates.length === 0)
    return refused('not-found', `pod ${named} is none of ${objectText(workload.ref)}`);
  const running = candidates.flatMap((pod) => runningIn(pod, container) ?? []);
  const [only] = running;
  if (only === undefined) {
    const states = candidates.map((pod) => `${pod.metadata?.name} ${podState(pod)}`).join(', ') || 'it has no pod';
    return refused('not-possible', `${what} does not run now, so that nothing can be run in it: ${states}`);
  }
  if (running.length === 1) return only;
  const ready = candidates.filter(isReady).flatMap((pod) => runningIn(pod, container) ?? []);
  const [serving] = ready;
  // An old pod that goes and a new one that serves: the new one is meant.
  if (serving !== undefined && ready.length === 1) return serving;
  const names = running.map(({ pod }) => pod).join(', ');
  return refused('several-pods', `${what} runs in several pods, each with a state of its own: name one of ${names}`);
}

function runningIn(pod: V1Pod, container: string): RunningContainer | null {
  const status = containerStatus(pod, container);
  if (status?.state?.running === undefined || status.containerID === undefined || isTerminating(pod)) return null;
  const { namespace = '', name = '' } = pod.metadata ?? {};
  return { namespace, pod: name, container, id: status.containerID };
}

function refused(code: string, reason: string) {
  return { refusal: { code, reason } };
}

/** The container that is meant now. @throws KintsugiError `refused` when there is none, with the reason */
export async function findContainer(context: WriteContext, wanted: Wanted): Promise<RunningContainer> {
  const chosen = chooseContainer(await readOwned(context.kubernetes, context.target, context.signal), wanted);
  if (!('refusal' in chosen)) return chosen;
  throw new KintsugiError('refused', chosen.refusal.reason, {
    where: `pods of ${context.target.namespace}/${context.target.name}`,
    fix: 'Wait until it runs, or name the pod.',
  });
}

/** How often the kubelet is asked what became of a container whose program was killed; it says so within a second or two. */
const LOOKS = 6;
const LOOK_PAUSE_MS = 500;

/** Runs programs in that very instance: when it has ended in between, that is said, and not the connection's end. */
export function shellIn(context: WriteContext, place: RunningContainer, exec: ExecInPod): ContainerShell {
  const { namespace, pod, container } = place;
  const where = `pod ${namespace}/${pod}, container ${container}`;
  return {
    where,
    async run(command, { timeoutMs, signal, ...streams }) {
      context.heartbeat(`running ${command[0]} in ${where}`);
      const either = signal === undefined ? context.signal : AbortSignal.any([context.signal, signal]);
      try {
        const request = { namespace, pod, container, command, timeoutMs, signal: either };
        const result = await exec(context.kubernetes, request, streams);
        if (wasKilled(result)) await throwIfEnded(context, place, where);
        return result;
      } catch (error) {
        if (either.aborted || !mayHaveEnded(error)) throw error;
        await throwIfEnded(context, place, where);
        throw error;
      }
    },
  };
}

/** SIGKILL and SIGTERM: what a container's programs end by when it ends. */
function wasKilled({ exitCode }: ExecResult): boolean {
  return exitCode === 137 || exitCode === 143;
}

function mayHaveEnded(error: unknown): boolean {
  if (!(error instanceof KintsugiError)) return false;
  return error.code === 'unavailable' || (error.code === 'not-found' && !/in the image/.test(error.message));
}

async function throwIfEnded(context: WriteContext, place: RunningContainer, where: string): Promise<void> {
  for (let looked = 1; looked <= LOOKS; looked += 1) {
    const became = await whatBecame(context, place);
    if (became !== null)
      throw new KintsugiError('not-found', `the container ended in between: ${became}`, {
        where,
        fix: 'Look why it ends; try again when it runs.',
      });
    await sleep(LOOK_PAUSE_MS, undefined, { signal: context.signal });
  }
}

/** What became of an instance; null while it runs. */
async function whatBecame(
  { kubernetes, signal }: WriteContext,
  { namespace, pod: name, container, id }: RunningContainer,
): Promise<string | null> {
  try {
    const pod = await kubernetes.core.readNamespacedPod({ name, namespace }, callOptions({ signal }));
    if (runningIn(pod, container)?.id === id) return null;
    return isTerminating(pod) ? 'its pod is being deleted' : `its pod ${podState(pod)}`;
  } catch (error) {
    if (error instanceof KintsugiError && error.code === 'not-found') return 'its pod is gone';
    throw error;
  }
}
