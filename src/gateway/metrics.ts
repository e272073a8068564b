import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
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

export function createMetrics(): GatewayMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const posts = new Counter({
    name: 'kintsugi_alert_posts_total',
    help: 'Posts of alerts by the status that they were answered with',
    labelNames: ['status'],
    registers,
  });
  const alerts = new Counter({
    name: 'kintsugi_alerts_total',
    help: 'Alerts by what became of them: started, joined, recorded, unmatched, refused',
    labelNames: ['status'],
    registers,
  });
  const truncated = new Counter({
    name: 'kintsugi_alerts_truncated_total',
    help: "Alerts that the sender left out of its posts (Alertmanager's max_alerts)",
    registers,
  });
  const covered = new Gauge({
    name: 'kintsugi_covered',
    help: '1 if people were told of the alert, its target is healthy or its deadline lies ahead; read from Temporal at most 30 s ago',
    labelNames: ['alertname', 'namespace'],
    registers,
  });
  const known = new Gauge({
    name: 'kintsugi_coverage_known',
    help: '1 if Temporal could be read in the last 30 s',
    registers,
  });
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
