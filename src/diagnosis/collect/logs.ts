import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { KintsugiError } from '../../errors.ts';
import type { Kubernetes } from '../../kubernetes/client.ts';
import { isFinished, isReady } from '../../kubernetes/pods.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import { isKubeletsOwnFailure } from '../classify.ts';
import type { LogEvidence } from '../evidence/pod.ts';
import type { Attempt } from './collect.ts';
import { isOfCurrentTemplate } from './pods.ts';
import type { Subject } from './subject.ts';

/** Lines that are asked for, and again when these are more bytes than the limit: the kubelet cuts the end, which matters most. */
const LINES = [1000, 100, 10];
const LIMIT_BYTES = 1024 * 1024;
/** What is kept of one log. */
const KEPT_CHARS = 256 * 1024;
/** Pods whose logs are read: others crash for the same reason. */
const MOST_PODS = 3;

/** Logs of one container: of the instance that runs or ended last, and of the one before. */
export interface ContainerLogs {
  current?: LogEvidence;
  previous?: LogEvidence;
}

/** By `<pod>/<container>`. */
export type Logs = Map<string, ContainerLogs>;

/** The pods whose logs tell most: those that are not ready, of the current template first, then those that restarted. */
export function troubledPods(subject: Subject): V1Pod[] {
  const worth = (pod: V1Pod): number =>
    (isReady(pod) ? 0 : 4) +
    (isOfCurrentTemplate(pod, subject) ? 2 : 0) +
    (restarts(pod) > 0 ? 1 : 0) -
    (isFinished(pod) ? 3 : 0) -
    (pod.status?.phase === 'Succeeded' ? 3 : 0);
  return subject.pods.toSorted((a, b) => worth(b) - worth(a)).slice(0, MOST_PODS);
}

function restarts(pod: V1Pod): number {
  return Math.max(0, ...(pod.status?.containerStatuses ?? []).map((status) => status.restartCount));
}

/** Reads the logs of every container of these pods, init containers too, that has ever run. */
export async function readLogs(request: {
  kubernetes: Kubernetes;
  pods: readonly V1Pod[];
  attempt: Attempt;
  signal: AbortSignal;
}): Promise<Logs> {
  const logs: Logs = new Map();
  const reads = request.pods.flatMap((pod) =>
    [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])].map(async (status) => {
      const { name = '', namespace = '' } = pod.metadata ?? {};
      const own: ContainerLogs = {};
      for (const which of instancesOf(status)) {
        const place = { name, namespace, container: status.name, previous: which === 'previous' };
        const source = `log of ${name}/${status.name}${place.previous ? ' (previous)' : ''}`;
        const read = await request.attempt(source, () => readLog(request.kubernetes, place, request.signal), null);
        if (read !== null) own[which] = read;
      }
      logs.set(`${name}/${status.name}`, own);
    }),
  );
  await Promise.all(reads);
  return logs;
}

/**
 * Which instances have a log. For a container in back-off both reads answer with the same instance (kubernetes
 * pkg/kubelet/kubelet_pods.go, validateContainerLogStatus), so one is enough.
 */
function instancesOf({ state, lastState, restartCount }: V1ContainerStatus): (keyof ContainerLogs)[] {
  if (state?.running !== undefined) return lastState?.terminated === undefined ? ['current'] : ['previous', 'current'];
  if (state?.terminated !== undefined) return ['current'];
  return restartCount > 0 || lastState?.terminated !== undefined ? ['previous'] : [];
}

async function readLog(
  kubernetes: Kubernetes,
  place: { name: string; namespace: string; container: string; previous: boolean },
  signal: AbortSignal,
): Promise<LogEvidence | null> {
  for (const [attempt, tailLines] of LINES.entries()) {
    const text = await readText(kubernetes, { ...place, tailLines, limitBytes: LIMIT_BYTES }, signal);
    if (text === null) return null;
    if (isKubeletsOwnFailure(text))
      throw new KintsugiError('unavailable', `the kubelet could not read it: ${text.slice(0, 200)}`, {
        where: `${place.name}/${place.container}`,
        fix: 'Read it on the node, if it is still there.',
      });
    const full = Buffer.byteLength(text) >= LIMIT_BYTES;
    if (full && attempt < LINES.length - 1) continue;
    return {
      text: text.slice(-KEPT_CHARS),
      cut: full || text.length > KEPT_CHARS || text.split('\n').length > tailLines,
    };
  }
  return null;
}

/** The log's text; null where there was no such instance (the API server answers 400). */
async function readText(
  kubernetes: Kubernetes,
  parameters: {
    name: string;
    namespace: string;
    container: string;
    previous: boolean;
    tailLines: number;
    limitBytes: number;
  },
  signal: AbortSignal,
): Promise<string | null> {
  try {
    return await kubernetes.core.readNamespacedPodLog(parameters, callOptions({ signal }));
  } catch (thrown) {
    if (thrown instanceof KintsugiError && (thrown.code === 'invalid' || thrown.code === 'not-found')) return null;
    throw thrown;
  }
}
