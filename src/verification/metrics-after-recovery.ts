import { KintsugiError, messageOf } from '../errors.ts';
import { queryPrometheus, type Sample } from '../prometheus/query.ts';
import type { PostRecoveryItem } from '../recovery/values.ts';
import { filledQuery } from '../runbook/post-recovery.ts';
import type { PostRecoveryPoint } from '../runbook/schema.ts';

export type Answer = Pick<PostRecoveryItem, 'state' | 'saw'>;
export type MetricsQuery = (PostRecoveryPoint & { id: 'metrics' })['queries'][number];

/** Values of one query that are told. */
const MOST_TOLD = 4;

export interface MetricsContext {
  /** Undefined where no Prometheus is configured. */
  prometheusUrl: string | undefined;
  /** What `$name` stands for in the queries. */
  names: ReadonlyMap<string, string>;
  signal: AbortSignal;
}

/** Every query in its order: a value out of bounds outweighs one that is not there, and that outweighs the good ones. */
export async function judgeMetrics(context: MetricsContext, queries: readonly MetricsQuery[]): Promise<Answer> {
  const { prometheusUrl } = context;
  if (prometheusUrl === undefined)
    return { state: 'not-possible', saw: 'no Prometheus is configured (KINTSUGI_PROMETHEUS_URL)' };
  const answers: Answer[] = [];
  for (const query of queries) answers.push(await judgeQuery(prometheusUrl, context, query));
  const state = (['found', 'not-possible'] as const).find((one) => answers.some((answer) => answer.state === one));
  return { state: state ?? 'done', saw: answers.map(({ saw }) => saw).join('; ') };
}

async function judgeQuery(url: string, { names, signal }: MetricsContext, query: MetricsQuery): Promise<Answer> {
  try {
    return judgeSamples(query, await queryPrometheus(url, filledQuery(query.query, names), signal));
  } catch (thrown) {
    signal.throwIfAborted();
    if (!(thrown instanceof KintsugiError)) throw thrown;
    return { state: 'not-possible', saw: `${query.name}: ${messageOf(thrown)}` };
  }
}

/** What the series say; none of them says nothing, whatever the bounds are. */
export function judgeSamples({ name, min, max }: MetricsQuery, samples: readonly Sample[]): Answer {
  const known = samples.filter(({ value }) => !Number.isNaN(value));
  if (known.length === 0) return { state: 'not-possible', saw: `${name}: no series answers` };
  const asked = bounds(min, max);
  const out = known.filter(({ value }) => (min !== undefined && value < min) || (max !== undefined && value > max));
  if (out.length === 0) return { state: 'done', saw: `${name}: ${values(known)}${asked === '' ? '' : ` (${asked})`}` };
  return { state: 'found', saw: `${name}: ${values(out)}, and not ${asked}` };
}

function values(samples: readonly Sample[]): string {
  const told = samples.slice(0, MOST_TOLD).map(({ labels, value }) => `${rounded(value)}${whose(labels)}`);
  const more = samples.length > MOST_TOLD ? ` and ${samples.length - MOST_TOLD} more` : '';
  return `${told.join(', ')}${more}`;
}

function whose(labels: Record<string, string>): string {
  const who = labels.pod ?? labels.exported_pod;
  return who === undefined ? '' : ` of ${who}`;
}

function rounded(value: number): string {
  return String(Number.isFinite(value) ? Number(value.toPrecision(6)) : value);
}

function bounds(min: number | undefined, max: number | undefined): string {
  const parts = [...(min === undefined ? [] : [`at least ${min}`]), ...(max === undefined ? [] : [`at most ${max}`])];
  return parts.join(' and ');
}
