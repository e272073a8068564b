import type { Command } from 'commander';
import { loadConfiguration } from '../configuration/configuration.ts';
import { createLogger } from '../log.ts';
import { jsonOption } from './options.ts';
import { type JsonOption, printResult } from './output.ts';
import { untilStopped } from './stop-signal.ts';

/** `kintsugi gateway` */
export default function register(program: Command): void {
  program
    .command('gateway')
    .description('take alerts by HTTP and bring each to its recovery until it is stopped')
    .addOption(jsonOption())
    .action(runGateway);
}

async function runGateway(options: JsonOption): Promise<void> {
  const configuration = loadConfiguration(process.env, ['KINTSUGI_GATEWAY_TOKEN']);
  const log = createLogger({ level: configuration.logLevel, component: 'gateway' });
  const { startGateway } = await import('../gateway/main.ts');
  const failing = Promise.withResolvers<never>();
  const gateway = await startGateway(configuration, { log, onFatal: failing.reject });
  const stopped = untilStopped((text) => log.info(text));
  printResult(options, { url: gateway.url }, () => `the gateway takes alerts at ${gateway.url}/api/v1/alerts`);
  try {
    await Promise.race([failing.promise, stopped]);
  } finally {
    await gateway.stop();
  }
}
