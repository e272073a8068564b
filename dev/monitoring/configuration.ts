/** The product's Prometheus rules and Alertmanager route (deploy/) with a development machine's durations and addresses. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const DEPLOY = join(import.meta.dirname, '..', '..', 'deploy');

/** Where development differs from production. Times are Prometheus durations. */
export interface Durations {
  /** How often Prometheus scrapes and evaluates. */
  interval: string;
  /** What an alert looks back on: 15m in production. */
  window: string;
  /** For how long every probe has to fail: 1m in production. */
  probeWindow: string;
  /** Seconds that a container runs before it counts as unresponsive: 120 in production. */
  unresponsiveAfterSeconds: number;
  /** Seconds after which an alert that Kintsugi does not cover pages: 1020 in production. */
  silentAfterSeconds: number;
  /** How long Alertmanager collects alerts of a group at first, and between two posts of it. */
  groupWait: string;
  groupInterval: string;
  /** After which an alert that goes on is posted again. */
  repeatInterval: string;
}

export const DEVELOPMENT_DURATIONS: Durations = {
  interval: '2s',
  window: '5m',
  probeWindow: '20s',
  unresponsiveAfterSeconds: 15,
  silentAfterSeconds: 1020,
  groupWait: '1s',
  groupInterval: '2s',
  repeatInterval: '1m',
};

const ruleSchema = z.union([
  z.looseObject({ alert: z.string(), expr: z.string() }),
  z.looseObject({ record: z.string(), expr: z.string() }),
]);
const rulesSchema = z.object({ groups: z.array(z.looseObject({ name: z.string(), rules: z.array(ruleSchema) })) });

/** Where the workloads are that the rules look at: names or regular expressions (RE2) in place of the published names. */
export interface WatchedNamespaces {
  bruno?: string[];
  kosmos?: string[];
}

/** The rules for the given namespaces; those about a workload that is nowhere are left out. */
export function renderRules({ bruno, kosmos }: WatchedNamespaces, durations: Durations): { groups: unknown[] } {
  const kintsugi = rulesSchema.parse(read('prometheus', 'kintsugi-rules.yaml')).groups;
  const own = bruno === undefined ? kintsugi.filter(({ name }) => name !== 'agent-bruno') : kintsugi;
  const agents = kosmos === undefined ? [] : rulesSchema.parse(read('prometheus', 'kosmos-rules.yaml')).groups;
  const adapt = (expression: string) =>
    expression
      .replaceAll('namespace="bruno"', `namespace=~"${anyOf(bruno)}"`)
      .replaceAll('namespace="kosmos"', `namespace=~"${anyOf(kosmos)}"`)
      .replaceAll('[15m]', `[${durations.window}]`)
      .replaceAll('[1m]', `[${durations.probeWindow}]`)
      .replaceAll('> 120\n', `> ${durations.unresponsiveAfterSeconds}\n`)
      .replaceAll('> 1020', `> ${durations.silentAfterSeconds}`);
  return {
    groups: [...own, ...agents].map((group) => ({
      ...group,
      rules: group.rules.map((rule) => ({
        ...rule,
        expr: adapt(rule.expr),
        ...('alert' in rule ? { for: '0s' } : {}),
      })),
    })),
  };
}

/** A regular expression in a string of PromQL. */
function anyOf(namespaces: string[] = []): string {
  return namespaces.join('|').replaceAll('\\', '\\\\').replaceAll('"', '\\"');
}

/** What Prometheus scrapes and whom it tells. Addresses are host:port. */
export interface PrometheusTargets {
  exporter: string;
  alertmanagers: string[];
  /** Metrics of Kintsugi's gateways and workers, with kintsugi_covered. */
  kintsugi: string[];
}

/** Prometheus' configuration file; only pods of those namespaces are scraped and probed. */
export function renderPrometheus(
  rulesFile: string,
  { bruno = [], kosmos = [] }: WatchedNamespaces,
  targets: PrometheusTargets,
  durations: Durations,
): unknown {
  // The labels that service discovery gives kube-state-metrics' own pod; honor_labels stays off, as in the field.
  const discovered = (path: string) => ({
    http_sd_configs: [{ url: `http://${targets.exporter}/${path}`, refresh_interval: durations.interval }],
    relabel_configs: [{ source_labels: ['namespace'], regex: [...bruno, ...kosmos].join('|'), action: 'keep' }],
  });
  const ownLabels = { namespace: 'monitoring', pod: 'kube-state-metrics-0', container: 'kube-state-metrics' };
  return {
    global: { scrape_interval: durations.interval, evaluation_interval: durations.interval },
    rule_files: [rulesFile],
    alerting: { alertmanagers: [{ static_configs: [{ targets: targets.alertmanagers }] }] },
    scrape_configs: [
      { job_name: 'kube-state-metrics', static_configs: [{ targets: [targets.exporter], labels: ownLabels }] },
      { job_name: 'programs', ...discovered('targets') },
      { job_name: 'probes', ...discovered('probes') },
      // As in deploy/prometheus/scrape.yaml, whose service discovery Debian's Prometheus lacks.
      { job_name: 'kintsugi', honor_labels: true, static_configs: [{ targets: targets.kintsugi }] },
    ],
  };
}

const receiverSchema = z.looseObject({ name: z.string(), webhook_configs: z.array(z.looseObject({})) });
const alertmanagerSchema = z.object({
  route: z.looseObject({ routes: z.array(z.looseObject({})) }),
  receivers: z.array(receiverSchema),
});

/** Where Alertmanager posts to. A receiver without an address takes its alerts and tells nobody. */
export interface Receivers {
  kintsugi: { url: string; tokenFile: string };
  silentUrl?: string | undefined;
  teamUrl?: string | undefined;
}

/** Alertmanager's configuration file. */
export function renderAlertmanager(receivers: Receivers, durations: Durations): unknown {
  const { route, receivers: written } = alertmanagerSchema.parse(read('alertmanager', 'alertmanager.yaml'));
  const urls = new Map([
    ['kintsugi', receivers.kintsugi.url],
    ['kintsugi-silent', receivers.silentUrl],
    ['team', receivers.teamUrl],
  ]);
  const times = { group_wait: durations.groupWait, group_interval: durations.groupInterval };
  const repeated = { repeat_interval: durations.repeatInterval };
  return {
    route: { ...route, ...times, ...repeated, routes: route.routes.map((child) => withoutTimes(child)) },
    receivers: written.map((receiver) => ({
      name: receiver.name,
      webhook_configs: receiver.webhook_configs.flatMap((webhook) => {
        const url = urls.get(receiver.name);
        return url === undefined ? [] : [withAddress(webhook, url, receivers.kintsugi.tokenFile)];
      }),
    })),
  };
}

/** A child route with the times of its parent, which are shorter here than any that production gives it. */
function withoutTimes(route: Record<string, unknown>): Record<string, unknown> {
  const { group_wait: _wait, group_interval: _interval, repeat_interval: _repeat, ...rest } = route;
  return rest;
}

function withAddress(webhook: Record<string, unknown>, url: string, tokenFile: string): Record<string, unknown> {
  if (webhook.http_config === undefined) return { ...webhook, url };
  return { ...webhook, url, http_config: { authorization: { type: 'Bearer', credentials_file: tokenFile } } };
}

function read(folder: string, file: string): unknown {
  return parse(readFileSync(join(DEPLOY, folder, file), 'utf8'));
}
