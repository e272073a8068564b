/** Prometheus and Alertmanager for the development cluster, with the rules and the route of deploy/. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import type { Progress } from '../build/cache.ts';
import { freePort } from '../cluster/ports.ts';
import { waitUntil } from '../cluster/processes.ts';
import { ensureDebianPackages } from '../debian/packages.ts';
import {
  DEVELOPMENT_DURATIONS,
  type Durations,
  renderAlertmanager,
  renderPrometheus,
  renderRules,
  type WatchedNamespaces,
} from './configuration.ts';
import { startExporter } from './exporter.ts';
import { makeFolder } from './folder.ts';
import { type Program, type StartedProgram, startProgram } from './process.ts';

/** Less than Prometheus waits for a scrape, so that the exporter can answer with what it last knew. */
const SCRAPE_TIMEOUT_MS = 1000;

export interface MonitoringOptions {
  /** Path of a kubeconfig that may list pods and Deployments and read through pods' proxies. */
  kubeconfig: string;
  namespaces: WatchedNamespaces;
  /** Kintsugi's `POST /api/v1/alerts`, and its bearer token. */
  webhookUrl: string;
  webhookToken: string;
  /** Where KintsugiSilent goes, and the team's own copy of the related alerts; without them nobody is told. */
  silentUrl?: string;
  teamUrl?: string;
  /** Where Kintsugi's gateways and workers serve `/metrics`: host:port. */
  kintsugiMetrics?: string[];
  /** How many Alertmanagers, each of which posts every alert: 1 if not given. */
  alertmanagers?: number;
  durations?: Partial<Durations>;
  /** Where Prometheus listens, where that has to be known before: host:port; else a free one of the loopback. */
  prometheusAddress?: string;
  progress?: Progress;
  /** Told of every process as soon as it runs, so that a state file can list it before anything can go wrong. */
  onProcess?: (started: { name: string; pid: number; startTime: string }) => void;
  signal?: AbortSignal;
}

export interface Monitoring {
  prometheusUrl: string;
  alertmanagerUrl: string;
  /** All of them, where more than one was asked for. */
  alertmanagerUrls: string[];
  pids: number[];
  /** Ends every process and removes their files. */
  stop(): Promise<void>;
}

/**
 * Starts everything on free loopback ports and returns once Prometheus and every Alertmanager are ready.
 * When a part does not start, what did is stopped again.
 * @throws KintsugiError with the end of the log of the program that did not start
 */
export async function startMonitoring(options: MonitoringOptions): Promise<Monitoring> {
  const progress = options.progress ?? (() => {});
  await ensureDebianPackages(['prometheus', 'prometheus-alertmanager'], progress, options.signal);
  const { folder, remove } = makeFolder();
  const undo: (() => Promise<void>)[] = [remove];
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    return { ...(await startAll(options, folder, undo)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startAll(
  options: MonitoringOptions,
  folder: string,
  undo: (() => Promise<void>)[],
): Promise<Omit<Monitoring, 'stop'>> {
  const durations = { ...DEVELOPMENT_DURATIONS, ...options.durations };
  const start = async (program: Program) => {
    const started = await startProgram(program);
    undo.push(started.stop);
    options.onProcess?.({ name: started.name, pid: started.pid, startTime: started.startTime });
    return started;
  };
  const exporter = await startExporter(
    connectKubernetes({ kubeconfig: options.kubeconfig, timeoutMs: SCRAPE_TIMEOUT_MS }),
  );
  undo.push(exporter.stop);

  const route = alertmanagerConfiguration(options, folder, durations);
  const addresses: string[] = [];
  const programs: StartedProgram[] = [];
  for (let index = 1; index <= (options.alertmanagers ?? 1); index++) {
    const address = `127.0.0.1:${await freePort('127.0.0.1')}`;
    programs.push(await start(alertmanager(`alertmanager-${index}`, address, route, folder)));
    addresses.push(address);
  }
  const rules = writeYaml(folder, 'rules.yaml', renderRules(options.namespaces, durations));
  const targets = { exporter: exporter.address, alertmanagers: addresses, kintsugi: options.kintsugiMetrics ?? [] };
  const scrapes = writeYaml(folder, 'prometheus.yaml', renderPrometheus(rules, options.namespaces, targets, durations));
  const address = options.prometheusAddress ?? `127.0.0.1:${await freePort('127.0.0.1')}`;
  programs.push(await start(prometheus(address, scrapes, durations, folder)));

  const urls = [...addresses, address].map((host) => `http://${host}`);
  await waitUntil(
    { what: 'Prometheus and Alertmanager to be ready', seconds: 60, signal: options.signal, needs: programs },
    async () => (await Promise.all(urls.map(isReady))).every(Boolean),
  );
  return {
    prometheusUrl: `http://${address}`,
    alertmanagerUrl: urls[0] ?? '',
    alertmanagerUrls: urls.slice(0, -1),
    pids: programs.map((program) => program.pid),
  };
}

/** One Alertmanager alone, which tells nobody of any alert: for its silences. Its files are in `folder`. */
export async function startAlertmanager(folder: string): Promise<{ url: string; stop: () => Promise<void> }> {
  await ensureDebianPackages(['prometheus-alertmanager'], () => {});
  const address = `127.0.0.1:${await freePort('127.0.0.1')}`;
  const nobody = { route: { receiver: 'nobody' }, receivers: [{ name: 'nobody' }] };
  const configuration = writeYaml(folder, 'alertmanager.yaml', nobody);
  const program = await startProgram(alertmanager('alertmanager', address, configuration, folder));
  const url = `http://${address}`;
  try {
    await waitUntil({ what: 'Alertmanager to be ready', seconds: 60, signal: undefined, needs: [program] }, () =>
      isReady(url),
    );
  } catch (thrown) {
    await program.stop();
    throw thrown;
  }
  return { url, stop: program.stop };
}

function alertmanagerConfiguration(options: MonitoringOptions, folder: string, durations: Durations): string {
  const tokenFile = join(folder, 'gateway-token');
  writeFileSync(tokenFile, options.webhookToken, { mode: 0o600 });
  const receivers = {
    kintsugi: { url: options.webhookUrl, tokenFile },
    silentUrl: options.silentUrl,
    teamUrl: options.teamUrl,
  };
  return writeYaml(folder, 'alertmanager.yaml', renderAlertmanager(receivers, durations));
}

/** Without a cluster address: two of them know nothing of each other, as when their network is split. */
function alertmanager(name: string, address: string, configuration: string, folder: string): Program {
  return {
    name,
    program: 'prometheus-alertmanager',
    args: [
      `--config.file=${configuration}`,
      `--storage.path=${join(folder, name)}`,
      `--web.listen-address=${address}`,
      `--web.external-url=http://${address}`,
      '--cluster.listen-address=',
      '--log.level=warn',
    ],
    logFile: join(folder, `${name}.log`),
  };
}

/** The external URL is what every alert carries as its generatorURL. */
function prometheus(address: string, configuration: string, durations: Durations, folder: string): Program {
  return {
    name: 'prometheus',
    program: 'prometheus',
    args: [
      `--config.file=${configuration}`,
      `--storage.tsdb.path=${join(folder, 'prometheus')}`,
      '--storage.tsdb.retention.time=6h',
      `--web.listen-address=${address}`,
      `--web.external-url=http://${address}`,
      `--rules.alert.resend-delay=${durations.interval}`,
      '--log.level=warn',
    ],
    logFile: join(folder, 'prometheus.log'),
  };
}

function writeYaml(folder: string, name: string, content: unknown): string {
  const file = join(folder, name);
  writeFileSync(file, stringify(content));
  return file;
}

/** Both programs answer `/-/ready` with 200 once they serve. */
async function isReady(url: string): Promise<boolean> {
  return fetch(`${url}/-/ready`, { signal: AbortSignal.timeout(2000) }).then(
    (answer) => answer.ok,
    () => false,
  );
}
