import { gatewayMetrics } from '../../src/gateway/metrics.ts';
import type { MetricDefinition } from '../../src/metrics.ts';
import { page, table } from './markdown.ts';

/** The page of all numbers that are Kintsugi's own, made from where they are defined. */
export function metricsPage(): string {
  return page(
    'Metrics',
    "What Prometheus can read of Kintsugi. Each replica of the gateway has its own counters, and its own view of what is covered. What to do about which: `docs/operating.md`, 'Who watches Kintsugi'.",
    [
      '## Gateway',
      'At `/metrics` of KINTSUGI_GATEWAY_ADDRESS, beside the numbers of its process (`process_...`, `nodejs_...`, as prom-client names them).',
      metricsTable(Object.values(gatewayMetrics)),
      '## Worker',
      "At `/metrics` of KINTSUGI_METRICS_ADDRESS: those of Temporal's SDK (`temporal_...`, listed in Temporal's SDK metrics reference), by its task queues. It has none of its own: what a recovery does stands in its events.",
    ],
  );
}

/** Each number with its type, its labels and when it moves. */
export function metricsTable(definitions: readonly MetricDefinition[]): string {
  const rows = definitions.map(({ name, type, labels, help, moves }) => [
    `\`${name}\``,
    type,
    labels.map((label) => `\`${label}\``).join(', '),
    help,
    moves,
  ]);
  return table(['Name', 'Type', 'Labels', 'Meaning', 'When it moves'], rows);
}
