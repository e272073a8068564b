import type { Kubernetes } from '../kubernetes/client.ts';
import { readPodMetrics } from '../kubernetes/pod-metrics.ts';
import { parseQuantity } from '../kubernetes/quantity.ts';
import type { Judgement } from './readiness.ts';
import type { TargetState } from './target-state.ts';

/** What metrics-server measured of one container. */
export interface MemorySample {
  pod: string;
  container: string;
  /** The end of the measured interval, RFC 3339: the same time is the same measurement. */
  at: string;
  bytes: number;
}

/** Of the limit: where the working set must level off, and how much it may still grow from one sample to the last. */
const CEILING = 0.8;
const GROWTH = 0.05;

/** The working sets of the target's containers now; the reason as a text where they cannot be read. */
export async function readWorkingSets(
  kubernetes: Kubernetes,
  { workload }: { workload: Pick<TargetState['workload'], 'namespace' | 'selector'> },
  signal?: AbortSignal,
): Promise<MemorySample[] | string> {
  const measured = await readPodMetrics(kubernetes, workload, signal);
  if (typeof measured === 'string') return measured;
  return measured.map(({ pod, container, at, memoryBytes }) => ({ pod, container, at, bytes: memoryBytes }));
}

/**
 * Whether the working set has levelled off below 80 % of the limit (safety 19), for every container of the current revision
 * that has one. Two measurements of an instance are needed: over the later half of them it may grow by 5 % of the limit.
 */
export function levelledOff(state: TargetState, samples: readonly MemorySample[], container?: string): Judgement {
  const judgements = state.current.flatMap((pod) =>
    (pod.spec?.containers ?? [])
      .filter(({ name }) => container === undefined || name === container)
      .flatMap(({ name, resources }) => {
        const limit = resources?.limits?.memory;
        if (limit === undefined) return [];
        const own = samples.filter((sample) => sample.pod === pod.metadata?.name && sample.container === name);
        return [judge(`${name} of ${pod.metadata?.name}`, limit, own)];
      }),
  );
  if (judgements.length === 0) return { result: 'unknown', saw: 'no container has a memory limit' };
  const worst =
    judgements.find(({ result }) => result === 'fail') ?? judgements.find(({ result }) => result === 'unknown');
  return worst ?? { result: 'pass', saw: judgements.map(({ saw }) => saw).join('; ') };
}

function judge(who: string, limit: string, samples: readonly MemorySample[]): Judgement {
  const limitBytes = Number(parseQuantity(limit) / 1_000_000_000n);
  const distinct = [...new Map(samples.map((sample) => [sample.at, sample])).values()].sort(
    (left, right) => Date.parse(left.at) - Date.parse(right.at),
  );
  const last = distinct.at(-1);
  if (last === undefined) return { result: 'unknown', saw: `${who}: metrics.k8s.io has no measurement yet` };
  const share = `${who} uses ${percent(last.bytes / limitBytes)} of ${limit}`;
  if (last.bytes >= CEILING * limitBytes) return { result: 'fail', saw: `${share}, over ${percent(CEILING)}` };
  const earlier = distinct[Math.floor((distinct.length - 1) / 2)];
  if (earlier === undefined || earlier === last) return { result: 'unknown', saw: `${share}, measured only once` };
  const growth = (last.bytes - earlier.bytes) / limitBytes;
  if (growth > GROWTH) return { result: 'fail', saw: `${share} and still grows, by ${percent(growth)} of it` };
  return { result: 'pass', saw: `${share} and has levelled off` };
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
