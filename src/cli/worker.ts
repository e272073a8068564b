import type { Command } from 'commander';
import { loadConfiguration } from '../configuration/configuration.ts';
import { createLogger } from '../log.ts';
import { taskQueueOf } from '../recovery/ids.ts';
import { jsonOption } from './options.ts';
import { type JsonOption, printResult } from './output.ts';
import { untilStopped } from './stop-signal.ts';

/** `kintsugi worker` */
export default function register(program: Command): void {
  program
    .command('worker')
    .description('run the recoveries of one Kubernetes cluster until it is stopped')
    .addOption(jsonOption())
    .action(runWorker);
}

async function runWorker(options: JsonOption): Promise<void> {
  const configuration = loadConfiguration(process.env, ['KINTSUGI_REDACTION_KEY']);
  const log = createLogger({ level: configuration.logLevel, component: 'worker' });
  const { startWorker } = await import('../worker/worker.ts');
  const worker = await startWorker(configuration, { log });
  const { host, port } = configuration.metricsAddress;
  const result = { taskQueue: taskQueueOf(configuration.cluster), metrics: `http://${host}:${port}/metrics` };
  const stopped = untilStopped((text) => log.info(text));
  printResult(options, result, () => `the worker polls ${result.taskQueue}; metrics: ${result.metrics}`);
  await Promise.race([worker.run, stopped]);
  await worker.stop();
}
