import { homedir } from 'node:os';
import type { Command } from 'commander';
import { type Configuration, loadConfiguration } from '../configuration/configuration.ts';
import { createLogger, type Logger } from '../log.ts';
import { taskQueueOf } from '../recovery/ids.ts';
import { jsonOption } from './options.ts';
import { type JsonOption, printResult, say } from './output.ts';
import { untilStopped } from './stop-signal.ts';
import { keyFile, orderPublicKeys, withKeys } from './up/keys.ts';
import type { OwnServer } from './up/temporal-server.ts';

/** `kintsugi up` */
export default function register(program: Command): void {
  program
    .command('up')
    .description('run everything on this machine: gateway, worker, and a Temporal dev server if none is there')
    .addOption(jsonOption())
    .action(up);
}

async function up(options: JsonOption): Promise<void> {
  const { ensureTemporal } = await import('./up/temporal-server.ts');
  const { home } = loadConfiguration(process.env);
  const keys = withKeys(process.env, home);
  const given = loadConfiguration(keys, ['KINTSUGI_REDACTION_KEY', 'KINTSUGI_GATEWAY_TOKEN']);
  const configuration = { ...given, orderPublicKeys: orderPublicKeys(given) };
  const folder = home.replace(/^~(?=\/|$)/, homedir());
  const server = await ensureTemporal(configuration.temporal, folder, say);
  try {
    await serve(server === null ? configuration : { temporalUiUrl: server.uiUrl, ...configuration }, server, options);
  } finally {
    await server?.stop();
  }
}

/** Worker and gateway in this process, until a signal comes or one of them fails. */
async function serve(configuration: Configuration, server: OwnServer | null, options: JsonOption): Promise<void> {
  const { startWorker } = await import('../worker/worker.ts');
  const { startGateway } = await import('../gateway/main.ts');
  const logOf = (component: string): Logger => createLogger({ level: configuration.logLevel, component });
  const worker = await startWorker(configuration, { log: logOf('worker') });
  try {
    const failing = Promise.withResolvers<never>();
    const gateway = await startGateway(configuration, { log: logOf('gateway'), onFatal: failing.reject });
    try {
      const stopped = untilStopped(say);
      tellPlaces(configuration, gateway.url, server, options);
      await Promise.race([worker.run, failing.promise, stopped]);
    } finally {
      await gateway.stop();
    }
  } finally {
    await worker.stop();
  }
}

function tellPlaces(
  configuration: Configuration,
  gatewayUrl: string,
  server: OwnServer | null,
  options: JsonOption,
): void {
  const { home, cluster, metricsAddress, temporal, temporalUiUrl } = configuration;
  const given =
    process.env.KINTSUGI_GATEWAY_TOKEN !== undefined || process.env.KINTSUGI_GATEWAY_TOKEN_FILE !== undefined;
  const places = {
    alerts: `${gatewayUrl}/api/v1/alerts`,
    token: given ? 'as given' : keyFile(home, 'KINTSUGI_GATEWAY_TOKEN'),
    taskQueue: taskQueueOf(cluster),
    metrics: `http://${metricsAddress.host}:${metricsAddress.port}/metrics`,
    temporal: temporal.address,
    temporalUi: temporalUiUrl ?? null,
    temporalLog: server?.logFile ?? null,
    home,
  };
  printResult(options, places, () => {
    const rows: [string, string | null][] = [
      ['Alerts go to', places.alerts],
      ['Bearer token', places.token],
      ['Worker polls', places.taskQueue],
      ['Metrics', places.metrics],
      ['Temporal', places.temporal],
      ["Temporal's UI", places.temporalUi],
      ["Temporal's log", places.temporalLog],
      ['Own files', places.home],
    ];
    const known = rows.filter(([, value]) => value !== null);
    return [...known.map(([name, value]) => `${name.padEnd(15)} ${value}`), 'Ctrl-C ends it.'].join('\n');
  });
}
