import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { publicKeyOf } from '../../src/orders/sign.ts';
import { freePort } from '../cluster/ports.ts';
import { waitUntil } from '../cluster/processes.ts';
import { type StartedProgram, startProgram } from '../monitoring/process.ts';

const PROGRAM = join(import.meta.dirname, '..', '..', 'bin', 'kintsugi.mjs');

export interface KintsugiOptions {
  /** Folder for its configuration, logs and artifacts. */
  folder: string;
  /** The user `kintsugi`, with the rights of deploy/. */
  kubeconfig: string;
  temporal: { address: string; uiUrl: string };
  runbooks: string;
  /** Its own namespace on the cluster: `kintsugi` if not given. */
  namespace?: string;
  /** The name of the cluster: of the task queue and of the workflow ids. */
  cluster: string;
  /** Namespaces in which remedies run by themselves. */
  auto: string[];
  /** `observe` or `approve` elsewhere; `observe` if not given. */
  mode?: 'observe' | 'approve';
  mirrors: Record<string, string>;
  /** `builds` of the configuration file. */
  builds?: object[];
  /** Where pages go. */
  webhookUrl: string;
  prometheusUrl?: string;
  /** Whose silences hold here too. */
  alertmanagerUrl?: string;
  signal?: AbortSignal;
}

/** Kintsugi itself, as two processes of the product's own command line. */
export interface RunningKintsugi {
  gatewayUrl: string;
  gatewayToken: string;
  /** host:port of what Prometheus scrapes: the gateway's and the worker's metrics. */
  metrics: string[];
  /** The environment with which `kintsugi` reaches this installation. */
  environment: Record<string, string>;
  worker: StartedProgram;
  gateway: StartedProgram;
  /** Starts another worker, e.g. in place of one that was killed; `own` is laid over its environment. */
  startWorker(own?: Record<string, string>): Promise<StartedProgram>;
  stop(): Promise<void>;
}

/** Starts gateway and worker and returns once both serve. */
export async function startKintsugi(options: KintsugiOptions): Promise<RunningKintsugi> {
  mkdirSync(options.folder, { recursive: true });
  const gatewayAddress = `127.0.0.1:${await freePort('127.0.0.1')}`;
  const metricsAddress = `127.0.0.1:${await freePort('127.0.0.1')}`;
  const gatewayToken = randomBytes(16).toString('hex');
  const orderKey = randomBytes(32).toString('hex');
  const environment = environmentOf(options, { gatewayAddress, metricsAddress, gatewayToken, orderKey });
  const programs: StartedProgram[] = [];
  const start = async (name: 'gateway' | 'worker', own: Record<string, string> = {}) => {
    const started = await startProgram({
      name: `kintsugi ${name}`,
      program: process.execPath,
      args: [PROGRAM, name],
      environment: { ...inherited(), ...environment, ...own },
      logFile: join(options.folder, `${name}.log`),
    });
    programs.push(started);
    return started;
  };
  const stop = async () => {
    await Promise.all(programs.splice(0).map((program) => program.stop()));
  };
  try {
    // The worker knows the public half alone.
    const gateway = await start('gateway', { KINTSUGI_ORDER_KEY: orderKey });
    const worker = await start('worker');
    await waitUntil(
      { what: 'the gateway and the worker to serve', seconds: 120, signal: options.signal, needs: [gateway, worker] },
      async () =>
        (await answers(`http://${gatewayAddress}/readyz`)) && (await answers(`http://${metricsAddress}/metrics`)),
    );
    return {
      gatewayUrl: `http://${gatewayAddress}`,
      gatewayToken,
      metrics: [gatewayAddress, metricsAddress],
      environment,
      gateway,
      worker,
      startWorker: (own) => start('worker', own),
      stop,
    };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

function environmentOf(
  options: KintsugiOptions,
  own: { gatewayAddress: string; metricsAddress: string; gatewayToken: string; orderKey: string },
): Record<string, string> {
  const { folder, auto, mirrors, builds = [] } = options;
  const configuration = join(folder, 'configuration.yaml');
  const file = { auto: auto.map((namespace) => ({ namespace })), registries: { mirrors }, builds };
  writeFileSync(configuration, stringify(file));
  return {
    KINTSUGI_CONFIG: configuration,
    KINTSUGI_HOME: folder,
    KINTSUGI_CLUSTER: options.cluster,
    KINTSUGI_NAMESPACE: options.namespace ?? 'kintsugi',
    KINTSUGI_RUNBOOKS: options.runbooks,
    KINTSUGI_MODE: options.mode ?? 'observe',
    KINTSUGI_GATEWAY_ADDRESS: own.gatewayAddress,
    KINTSUGI_METRICS_ADDRESS: own.metricsAddress,
    KINTSUGI_GATEWAY_TOKEN: own.gatewayToken,
    KINTSUGI_ORDER_PUBLIC_KEY: publicKeyOf(own.orderKey),
    KINTSUGI_REDACTION_KEY: randomBytes(32).toString('hex'),
    KINTSUGI_TEMPORAL_UI_URL: options.temporal.uiUrl,
    KINTSUGI_WEBHOOK_URL: options.webhookUrl,
    ...(options.prometheusUrl === undefined ? {} : { KINTSUGI_PROMETHEUS_URL: options.prometheusUrl }),
    ...(options.alertmanagerUrl === undefined ? {} : { KINTSUGI_ALERTMANAGER_URL: options.alertmanagerUrl }),
    TEMPORAL_ADDRESS: options.temporal.address,
    KUBECONFIG: options.kubeconfig,
  };
}

/** This process' environment without what would configure another Kintsugi. */
function inherited(): NodeJS.ProcessEnv {
  const names = Object.keys(process.env).filter((name) => !/^(?:KINTSUGI_|TEMPORAL_|KUBECONFIG$)/.test(name));
  return Object.fromEntries(names.map((name) => [name, process.env[name]]));
}

async function answers(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
    ({ ok }) => ok,
    () => false,
  );
}
