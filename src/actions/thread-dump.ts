import type { V1Pod } from '@kubernetes/client-node';
import { z } from 'zod';
import { KintsugiError } from '../errors.ts';
import { execInPod } from '../kubernetes/exec.ts';
import { objectText } from '../kubernetes/objects.ts';
import { containerStatus, isReady, isTerminating } from '../kubernetes/pods.ts';
import { callOptions } from '../kubernetes/transport.ts';
import type { Workload } from '../kubernetes/workloads.ts';
import type { Change } from '../recovery/values.ts';
import type { Action, ActionContext, WriteContext } from './action.ts';
import { type Dump, type Inside, takeDump } from './dump/take.ts';
import { boundedLines } from './plan/bounded.ts';
import { containerName } from './plan/from-baseline.ts';
import { READ_WORKLOAD } from './plan/permissions.ts';
import { readTarget } from './plan/subject.ts';
import { ask, judged } from './rules/verdict.ts';
import { putBeside } from './write/ephemeral.ts';

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
  image: z
    .string()
    .optional()
    .describe(
      'An image with py-spy and `sleep`, put beside a container that has no py-spy: asks, and stays in the pod',
    ),
});

const args = z.object({
  pods: z.array(z.object({ namespace: z.string(), name: z.string(), uid: z.string(), container: z.string() })),
  image: z.string().optional(),
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
  harm: () => null,
  permissions: ({ image }: { image?: string | undefined } = {}) => [
    ...READ_WORKLOAD,
    { group: '', resource: 'pods', subresource: 'log', verbs: ['get'] },
    { group: '', resource: 'pods', subresource: 'exec', verbs: ['get', 'create'] },
    ...(image === undefined
      ? []
      : [{ group: '', resource: 'pods', subresource: 'ephemeralcontainers', verbs: ['patch' as const] }]),
  ],
  async plan(context, { container: named, image }) {
    const { workload, pods } = await readTarget(context);
    const container = containerName(context, named) || (workload.template.spec?.containers[0]?.name ?? '');
    const hanging = pods.filter((pod) => isSilent(context, pod, container)).slice(0, MOST_PODS);
    const what = objectText(workload.ref);
    const names = hanging.map(({ metadata }) => metadata?.name ?? '');
    const beside = image === undefined ? '' : `, by ${image} beside it where it has no py-spy`;
    const summary =
      names.length === 0
        ? `No thread dump of ${what}: no container of it runs without answering`
        : `Keep the stacks, threads and sockets of ${container} in ${names.join(', ')}${beside}`;
    return {
      action: NAME,
      summary,
      risk: 'none',
      undo: 'none',
      changes: names.length === 0 ? [] : changesOf(workload, container, image === undefined ? [] : names),
      args: {
        pods: hanging.map(({ metadata }) => ({
          namespace: workload.namespace,
          name: metadata?.name ?? '',
          uid: metadata?.uid ?? '',
          container,
        })),
        ...(image === undefined ? {} : { image }),
      },
      waitSeconds: names.length * POD_SECONDS,
      ...judged(
        ask(
          ...(image === undefined ? [] : names).map(
            (pod) => `a container of ${image} may be added to ${pod} and stays in it`,
          ),
        ),
      ),
    };
  },
  async apply(context, plan) {
    const lines: string[] = [];
    const { pods, image } = args.parse(plan.args);
    for (const place of pods) {
      context.heartbeat(`looking into pod ${place.name}`);
      lines.push(...(await dumpOf(context, place, image)));
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

async function dumpOf(context: WriteContext, place: Place, image: string | undefined): Promise<string[]> {
  const told = (line: string): string => `${place.name}: ${line}`;
  try {
    const inside = await insideOf(context, place, image);
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
async function insideOf(context: WriteContext, place: Place, image: string | undefined): Promise<Inside | string> {
  const { kubernetes, signal } = context;
  const { namespace, name, uid, container } = place;
  const pod = await kubernetes.core.readNamespacedPod({ namespace, name }, callOptions({ signal }));
  if (pod.metadata?.uid !== uid) return 'another pod has its name by now';
  const { env = [] } = pod.spec?.containers.find((candidate) => candidate.name === container) ?? {};
  const runIn = (where: string) => (command: string[]) => {
    const limits = { timeoutMs: EXEC_MS, mostBytes: MOST_BYTES };
    return execInPod(kubernetes, { namespace, pod: name, container: where, command, ...limits, signal });
  };
  return {
    environment: new Map(env.flatMap(({ name: variable, value }) => (value === undefined ? [] : [[variable, value]]))),
    run: runIn(container),
    readLog: (sinceSeconds) =>
      kubernetes.core.readNamespacedPodLog(
        { namespace, name, container, sinceSeconds, limitBytes: MOST_LOG_BYTES },
        callOptions({ signal }),
      ),
    ...(image === undefined
      ? {}
      : { beside: async () => runIn(await putBeside(context, { namespace, pod: name, uid, container, image })) }),
  };
}

/** It changes nothing, but for the containers that may be put into pods. */
function changesOf({ ref, namespace }: Workload, container: string, besides: readonly string[]): Change[] {
  return [
    { type: 'effect', what: `looks into ${container} of ${objectText(ref)} without stopping it` },
    ...besides.map(
      (pod): Change => ({
        type: 'create',
        object: { apiVersion: 'v1', kind: 'EphemeralContainer', namespace, name: `${pod}/kintsugi-look` },
      }),
    ),
  ];
}

/** The whole of it by its digest, without what redaction would cut. */
async function kept(context: WriteContext, { text }: Dump): Promise<string[]> {
  if (text === '') return [];
  const lines = text.split('\n').map((line) => redacted(context, line));
  const { sha256, bytes } = await context.artifacts.put(lines.join('\n'));
  return [`the whole dump (${bytes} bytes), on the worker's machine: kintsugi artifact get ${sha256}`];
}

/** Frames hold no values, but a command line may. */
function redacted({ secrets }: WriteContext, line: string): string {
  return secrets.isSecret('', line) ? '[a line that may hold a secret]' : line;
}
