import type { V1Pod } from '@kubernetes/client-node';
import { z } from 'zod';
import { KintsugiError } from '../errors.ts';
import { execInPod } from '../kubernetes/exec.ts';
import { objectText } from '../kubernetes/objects.ts';
import { containerStatus, isReady, isTerminating } from '../kubernetes/pods.ts';
import { callOptions } from '../kubernetes/transport.ts';
import type { Action, ActionContext, WriteContext } from './action.ts';
import { type Dump, type Inside, takeDump } from './dump/take.ts';
import { boundedLines } from './plan/bounded.ts';
import { containerName } from './plan/from-baseline.ts';
import { READ_WORKLOAD } from './plan/permissions.ts';
import { readTarget } from './plan/subject.ts';

const NAME = 'thread-dump';
/** Milliseconds for one program in the container, and for all of a pod. */
const EXEC_MS = 10_000;
const POD_SECONDS = 40;
/** Pods that are looked into: more of them hang for the same reason. */
const MOST_PODS = 2;
const MOST_BYTES = 256 * 1024;
const MOST_LOG_BYTES = 256 * 1024;

const params = z.strictObject({
  container: z.string().optional().describe("Which container; by default the finding's, else the target's"),
});

const args = z.object({
  pods: z.array(z.object({ namespace: z.string(), name: z.string(), uid: z.string(), container: z.string() })),
});
type Place = z.infer<typeof args>['pods'][number];

/**
 * Saves what a restart loses (safety 26): the stacks of a program that does not answer, where its threads wait in the kernel, and its
 * connections. It changes nothing and fails for nothing: what cannot be had is told as not possible.
 */
const threadDump: Action<z.infer<typeof params>> = {
  name: NAME,
  summary: 'Keeps stacks, waiting threads and sockets of a program that does not answer, before it is restarted',
  params,
  disruptive: false,
  permissions: () => [
    ...READ_WORKLOAD,
    { group: '', resource: 'pods', subresource: 'log', verbs: ['get'] },
    { group: '', resource: 'pods', subresource: 'exec', verbs: ['get', 'create'] },
  ],
  async plan(context, { container: named }) {
    const { workload, pods } = await readTarget(context);
    const container = containerName(context, named) || (workload.template.spec?.containers[0]?.name ?? '');
    const hanging = pods.filter((pod) => isSilent(context, pod, container)).slice(0, MOST_PODS);
    const what = objectText(workload.ref);
    const names = hanging.map(({ metadata }) => metadata?.name ?? '');
    return {
      action: NAME,
      summary:
        names.length === 0
          ? `No thread dump of ${what}: no container of it runs without answering`
          : `Keep the stacks, threads and sockets of ${container} in ${names.join(', ')}`,
      risk: 'none',
      undo: 'none',
      changes:
        names.length === 0 ? [] : [{ type: 'effect', what: `looks into ${container} of ${what} without stopping it` }],
      args: {
        pods: hanging.map(({ metadata }) => ({
          namespace: workload.namespace,
          name: metadata?.name ?? '',
          uid: metadata?.uid ?? '',
          container,
        })),
      },
      waitSeconds: names.length * POD_SECONDS,
    };
  },
  async apply(context, plan) {
    const lines: string[] = [];
    for (const place of args.parse(plan.args).pods) {
      context.heartbeat(`looking into pod ${place.name}`);
      lines.push(...(await dumpOf(context, place)));
    }
    if (lines.length === 0) return 'unchanged';
    return { outcome: 'applied', saw: boundedLines(lines, 'the artifact has them') };
  },
  revert: async () => ({ outcome: 'not-needed' }),
};
export default threadDump;

/** Its container runs, and it is not ready, or is the very pod that the finding is about. */
function isSilent({ finding }: ActionContext, pod: V1Pod, container: string): boolean {
  if (isTerminating(pod) || containerStatus(pod, container)?.state?.running === undefined) return false;
  return !isReady(pod) || pod.metadata?.name === finding.pod;
}

async function dumpOf(context: WriteContext, place: Place): Promise<string[]> {
  const told = (line: string): string => `${place.name}: ${line}`;
  try {
    const inside = await insideOf(context, place);
    if (typeof inside === 'string') return [told(`not possible: ${inside}`)];
    const dump = await takeDump(inside);
    return [...dump.lines.map((line) => told(redacted(context, line))), ...(await kept(context, dump)).map(told)];
  } catch (thrown) {
    context.signal.throwIfAborted();
    if (thrown instanceof KintsugiError) return [told(`not possible: ${thrown.message}`)];
    throw thrown;
  }
}

/** The container of that very pod; why not, where it is another by now. */
async function insideOf(context: WriteContext, place: Place): Promise<Inside | string> {
  const { kubernetes, signal } = context;
  const { namespace, name, uid, container } = place;
  const pod = await kubernetes.core.readNamespacedPod({ namespace, name }, callOptions({ signal }));
  if (pod.metadata?.uid !== uid) return 'another pod has its name by now';
  const { env = [] } = pod.spec?.containers.find((candidate) => candidate.name === container) ?? {};
  return {
    environment: new Map(env.flatMap(({ name: variable, value }) => (value === undefined ? [] : [[variable, value]]))),
    run: (command) =>
      execInPod(kubernetes, {
        namespace,
        pod: name,
        container,
        command,
        timeoutMs: EXEC_MS,
        mostBytes: MOST_BYTES,
        signal,
      }),
    readLog: (sinceSeconds) =>
      kubernetes.core.readNamespacedPodLog(
        { namespace, name, container, sinceSeconds, limitBytes: MOST_LOG_BYTES },
        callOptions({ signal }),
      ),
  };
}

/** The whole of it by its digest, without what redaction would cut. */
async function kept(context: WriteContext, { text }: Dump): Promise<string[]> {
  if (text === '') return [];
  const lines = text.split('\n').map((line) => redacted(context, line));
  const { sha256, bytes } = await context.artifacts.put(lines.join('\n'));
  return [`the whole dump is artifact ${sha256} (${bytes} bytes) on the worker's machine`];
}

/** Frames hold no values, but a command line may. */
function redacted({ secrets }: WriteContext, line: string): string {
  return secrets.isSecret('', line) ? '[a line that may hold a secret]' : line;
}
