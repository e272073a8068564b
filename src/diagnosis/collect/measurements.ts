import type { V1Pod } from '@kubernetes/client-node';
import { KintsugiError } from '../../errors.ts';
import type { Kubernetes } from '../../kubernetes/client.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import { type MemorySample, readWorkingSets } from '../../verification/working-set.ts';
import type { ContainerEvidence } from '../evidence/pod.ts';
import type { Attempt } from './collect.ts';
import type { Subject } from './subject.ts';

type Memory = ContainerEvidence['lastWorkingSet'];
type Throttling = ContainerEvidence['throttling'];

/** What was measured of containers, by `<pod>/<container>`. */
export interface Measurements {
  memory: Map<string, NonNullable<Memory>>;
  throttling: Map<string, NonNullable<Throttling>>;
}

/** Nodes whose kubelets are asked: each answers with all of its containers. */
const MOST_NODES = 2;

interface Request {
  kubernetes: Kubernetes;
  subject: Subject;
  /** The pods in trouble. */
  pods: readonly V1Pod[];
  attempt: Attempt;
  signal: AbortSignal;
}

/** The last working sets of OOM-killed containers and the CPU throttling of limited ones: at most three calls, none without need. */
export async function readMeasurements(request: Request): Promise<Measurements> {
  const [memory, throttling] = await Promise.all([lastWorkingSets(request), readThrottling(request)]);
  return { memory, throttling };
}

async function lastWorkingSets({
  kubernetes,
  subject,
  pods,
  attempt,
  signal,
}: Request): Promise<Measurements['memory']> {
  const killed = pods.flatMap((pod) =>
    [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])].flatMap((status) => {
      const end = [status.state?.terminated, status.lastState?.terminated].find((past) => past?.reason === 'OOMKilled');
      return end?.finishedAt === undefined
        ? []
        : [{ pod: pod.metadata?.name ?? '', container: status.name, at: end.finishedAt }];
    }),
  );
  if (killed.length === 0) return new Map();
  const samples = await attempt('working sets', () => workingSets(kubernetes, subject, signal), []);
  return new Map(killed.map((end) => [`${end.pod}/${end.container}`, lastBefore(samples, end)]));
}

async function workingSets(kubernetes: Kubernetes, subject: Subject, signal: AbortSignal): Promise<MemorySample[]> {
  const samples = await readWorkingSets(kubernetes, subject, signal);
  if (typeof samples !== 'string') return samples;
  throw new KintsugiError('unavailable', samples, { where: 'metrics.k8s.io', fix: 'Install metrics-server.' });
}

/** A measurement made after the end is the next instance's. */
function lastBefore(
  samples: readonly MemorySample[],
  { pod, container, at }: { pod: string; container: string; at: Date },
): NonNullable<Memory> {
  const before = samples.find(
    (sample) => sample.pod === pod && sample.container === container && Date.parse(sample.at) <= at.getTime(),
  );
  if (before === undefined) return 'unknown';
  const ageSeconds = Math.round((at.getTime() - Date.parse(before.at)) / 1000);
  return { bytes: before.bytes, at: before.at, ageSeconds };
}

/** A container under a CPU limit, as its node's metrics name it. */
export interface Instance {
  pod: string;
  /** The pod's uid: its cgroup has the whole pod's quota. */
  uid: string;
  container: string;
  /** The runtime's id of the present instance, which is part of its cgroup's name; empty where none runs. */
  id: string;
}

async function readThrottling({ kubernetes, pods, attempt, signal }: Request): Promise<Measurements['throttling']> {
  const limited = pods.filter((pod) => limitedInstances(pod).length > 0);
  const nodes = [...new Set(limited.flatMap((pod) => pod.spec?.nodeName ?? []))].slice(0, MOST_NODES);
  const texts = await Promise.all(
    nodes.map((name) => attempt(`CPU throttling on node ${name}`, () => readCadvisor(kubernetes, name, signal), '')),
  );
  return throttlingOf(texts.join('\n'), limited.flatMap(limitedInstances));
}

/** The containers of a pod that have run under a CPU limit. */
function limitedInstances({ metadata, spec, status }: V1Pod): Instance[] {
  return (status?.containerStatuses ?? []).flatMap(({ name, state, restartCount, containerID = '' }) => {
    const limit = spec?.containers.find((container) => container.name === name)?.resources?.limits?.cpu;
    const isRunning = state?.running !== undefined;
    if (limit === undefined || (!isRunning && restartCount === 0)) return [];
    const id = isRunning ? (containerID.split('://').at(-1) ?? '') : '';
    return [{ pod: metadata?.name ?? '', uid: metadata?.uid ?? '', container: name, id }];
  });
}

/** The kubelet's own metrics of its containers, which only a user who may use nodes/proxy can read. */
function readCadvisor(kubernetes: Kubernetes, name: string, signal: AbortSignal): Promise<string> {
  return kubernetes.core.connectGetNodeProxyWithPath({ name, path: 'metrics/cadvisor' }, callOptions({ signal }));
}

const PERIODS = 'container_cpu_cfs_periods_total';
const THROTTLED = 'container_cpu_cfs_throttled_periods_total';
/** Periods (100 ms each) below which an instance is too young to be judged by. */
const FEWEST_PERIODS = 20;

/**
 * CPU periods by `<pod>/<container>` out of the kubelet's exposition
 * (https://github.com/google/cadvisor/blob/v0.52.1/docs/storage/prometheus.md): by cgroup, since not every runtime lets the
 * kubelet label it with the container's name. An instance that was just restarted is judged by its pod's cgroup, which stays.
 */
export function throttlingOf(text: string, instances: readonly Instance[]): Measurements['throttling'] {
  const byGroup = new Map<string, NonNullable<Throttling>>();
  for (const line of text.split('\n')) {
    const metric = line.startsWith(PERIODS) ? 'periods' : line.startsWith(THROTTLED) ? 'throttled' : undefined;
    const [, group, value] = /[{,]id="([^"]*)".*\} (\S+)/.exec(metric === undefined ? '' : line) ?? [];
    if (metric === undefined || group === undefined) continue;
    byGroup.set(group, { periods: 0, throttled: 0, ...byGroup.get(group), [metric]: Number(value) });
  }
  const groups = [...byGroup];
  return new Map(
    instances.flatMap(({ pod, uid, container, id }) => {
      const own = id === '' ? undefined : groups.find(([group]) => group.includes(id))?.[1];
      const seen =
        own !== undefined && own.periods >= FEWEST_PERIODS ? own : groups.find(([group]) => isOfPod(group, uid))?.[1];
      return seen === undefined ? [] : [[`${pod}/${container}`, seen]];
    }),
  );
}

/** `/kubepods/burstable/pod<uid>`, or `…-pod<uid with _>.slice` where systemd names the cgroups. */
function isOfPod(group: string, uid: string): boolean {
  return group.endsWith(`pod${uid}`) || group.endsWith(`pod${uid.replaceAll('-', '_')}.slice`);
}
