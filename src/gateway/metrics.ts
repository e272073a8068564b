import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { MetricDefinition } from '../metrics.ts';
import type { Covered } from './coverage.ts';
import type { AlertResult } from './receive.ts';

/** The gateway's own numbers, in a registry of their own so that several gateways can live in one process. */
export interface GatewayMetrics {
  countPost(status: number): void;
  countAlert(status: AlertResult['status']): void;
  countTruncated(alerts: number): void;
  /** The text of /metrics; `covered` is null when nothing was read from Temporal lately. */
  render(covered: Covered[] | null): Promise<{ contentType: string; text: string }>;
}

/** Every number of the gateway's own; docs/reference/metrics.md is made from this. */
export const gatewayMetrics = {
  posts: {
    name: 'kintsugi_alert_posts_total',
    type: 'counter',
    help: 'Posts of alerts by the status that they were answered with',
    labels: ['status'],
    moves:
      'By one for each request to `/api/v1/alerts` that was answered, refused ones too; `status` is the HTTP status. 503 is Temporal being away: the sender repeats.',
  },
  alerts: {
    name: 'kintsugi_alerts_total',
    type: 'counter',
    help: 'Alerts by what became of them: started, joined, recorded, unmatched, refused',
    labels: ['status'],
    moves: 'By one for each alert of a post that was taken, a repeat too; not for a post that was answered with 503.',
  },
  truncated: {
    name: 'kintsugi_alerts_truncated_total',
    type: 'counter',
    help: "Alerts that the sender left out of its posts (Alertmanager's max_alerts)",
    labels: [],
    moves:
      'By as many as a post says that it lacks (`truncatedAlerts`). Anything but 0 is alerts that nobody looked at.',
  },
  covered: {
    name: 'kintsugi_covered',
    type: 'gauge',
    help: '1 if people were told of the alert, its target is healthy or its deadline lies ahead; read from Temporal at most 30 s ago',
    labels: ['alertname', 'namespace'],
    moves:
      'There for each firing alert of an open recovery, read every 10 s; of several recoveries with one alert the worst counts. 0 when the deadline has passed, no provider has the page, nobody has it in hand, no silence of the last three minutes holds and the target is not healthy. Gone when nothing was read for 30 s.',
  },
  known: {
    name: 'kintsugi_coverage_known',
    type: 'gauge',
    help: '1 if Temporal could be read in the last 30 s',
    labels: [],
    moves: 'To 0 when the open recoveries could not be read for 30 s, as long as that lasts.',
  },
} as const satisfies Record<string, MetricDefinition>;

export function createMetrics(): GatewayMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const posts = new Counter(made(gatewayMetrics.posts, registry));
  const alerts = new Counter(made(gatewayMetrics.alerts, registry));
  const truncated = new Counter(made(gatewayMetrics.truncated, registry));
  const covered = new Gauge(made(gatewayMetrics.covered, registry));
  const known = new Gauge(made(gatewayMetrics.known, registry));
  return {
    countPost: (status) => posts.inc({ status }),
    countAlert: (status) => alerts.inc({ status }),
    countTruncated: (count) => truncated.inc(count),
    async render(entries) {
      covered.reset();
      known.set(entries === null ? 0 : 1);
      for (const entry of entries ?? []) {
        covered.set({ alertname: entry.alertname, namespace: entry.namespace }, entry.covered ? 1 : 0);
      }
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}

function made<L extends string>(
  { name, help, labels }: MetricDefinition & { labels: readonly L[] },
  registry: Registry,
) {
  return { name, help, labelNames: labels, registers: [registry] };
}
