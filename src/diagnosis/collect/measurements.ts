import type { V1Pod } from '@kubernetes/client-node';
import { KintsugiError } from '../../errors.ts';
import type { Kubernetes } from '../../kubernetes/client.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import { type MemorySample, readWorkingSets } from '../../verification/working-set.ts';
import type { ContainerEvidence } from '../evidence.ts';
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

async function readThrottling({ kubernetes, pods, attempt, signal }: Request): Promise<Measurements['throttling']> {
  const limited = pods.filter((pod) =>
    pod.spec?.containers.some(({ name, resources }) => resources?.limits?.cpu !== undefined && hasStarted(pod, name)),
  );
  const nodes = [...new Set(limited.flatMap((pod) => pod.spec?.nodeName ?? []))].slice(0, MOST_NODES);
  const texts = await Promise.all(
    nodes.map((name) => attempt(`CPU throttling on node ${name}`, () => readCadvisor(kubernetes, name, signal), '')),
  );
  return throttlingOf(
    texts.join('\n'),
    new Map(limited.map((pod) => [pod.metadata?.name ?? '', pod.metadata?.namespace ?? ''])),
  );
}

function hasStarted(pod: V1Pod, container: string): boolean {
  const status = pod.status?.containerStatuses?.find(({ name }) => name === container);
  return status?.state?.running !== undefined || (status?.restartCount ?? 0) > 0;
}

/** The kubelet's own metrics of its containers, which only a user who may use nodes/proxy can read. */
function readCadvisor(kubernetes: Kubernetes, name: string, signal: AbortSignal): Promise<string> {
  return kubernetes.core.connectGetNodeProxyWithPath({ name, path: 'metrics/cadvisor' }, callOptions({ signal }));
}

const PERIODS = 'container_cpu_cfs_periods_total';
const THROTTLED = 'container_cpu_cfs_throttled_periods_total';

/**
 * CPU periods by `<pod>/<container>` out of the kubelet's exposition
 * (https://github.com/google/cadvisor/blob/v0.52.1/docs/storage/prometheus.md); of two instances the later counts.
 * @param pods name to namespace
 */
export function throttlingOf(text: string, pods: ReadonlyMap<string, string>): Measurements['throttling'] {
  const found: Measurements['throttling'] = new Map();
  for (const line of text.split('\n')) {
    const metric = line.startsWith(PERIODS) ? 'periods' : line.startsWith(THROTTLED) ? 'throttled' : undefined;
    if (metric === undefined) continue;
    const label = (name: string): string => new RegExp(`[{,]${name}="([^"]*)"`).exec(line)?.[1] ?? '';
    const pod = label('pod');
    const container = label('container');
    const value = /\} (\S+)/.exec(line)?.[1];
    if (container === '' || value === undefined || pods.get(pod) !== label('namespace')) continue;
    const key = `${pod}/${container}`;
    found.set(key, { periods: 0, throttled: 0, ...found.get(key), [metric]: Number(value) });
  }
  return found;
}
