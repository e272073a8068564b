import { randomUUID } from 'node:crypto';
import { type Command, Option } from 'commander';
import { type Configuration, loadConfiguration } from '../configuration/configuration.ts';
import { KintsugiError } from '../errors.ts';
import { suggest } from '../faults/closest.ts';
import type { NotifierTest, TestedMessage } from '../notify/test-page.ts';
import { EXIT } from './exit-codes.ts';
import { jsonOption } from './options.ts';
import { type JsonOption, printResult, table } from './output.ts';

interface TestOptions extends JsonOption {
  severity: NotifierTest['severity'];
}

/** `kintsugi notify list|test` */
export default function register(program: Command): void {
  const notify = program.command('notify').description('list the ways to reach people, and try one out');
  notify
    .command('list')
    .description('list the notifiers that are configured, and what stands against each')
    .addOption(jsonOption())
    .action(list);
  notify
    .command('test')
    .description('send a page that says that nothing is broken through one notifier, its update and its resolution')
    .argument('<name>', 'its name, as `kintsugi notify list` shows it')
    .addOption(
      new Option('--severity <severity>', 'how loud it is to be: what a phone does may depend on it')
        .choices(['critical', 'warning', 'info'])
        .default('info'),
    )
    .addOption(jsonOption())
    .action(test);
}

/** The notifiers of the configuration, made as the worker makes them. */
async function makeAll(configuration: Configuration) {
  const { makeNotifiers } = await import('../notify/create.ts');
  const { createLogger } = await import('../log.ts');
  return makeNotifiers({ ...configuration, log: createLogger({ level: 'warn', component: 'notify' }) });
}

async function list(options: JsonOption): Promise<void> {
  const configuration = loadConfiguration(process.env);
  const { notifiers, faults } = await makeAll(configuration);
  const typeOf = (name: string) => configuration.notifiers.find((entry) => entry.name === name)?.type ?? name;
  const made = Object.keys(notifiers).filter((name) => name !== 'default');
  const names = [...configuration.notifiers.map(({ name }) => name), ...made];
  const result = [...new Set(names)].map((name) => ({
    name,
    type: typeOf(name),
    reachesPeople: notifiers[name]?.reachesPeople ?? true,
    default: configuration.defaultNotifiers.includes(name),
    faults: faults.flatMap(({ notifier, error }) => (notifier === name ? [`${error.where}: ${error.message}`] : [])),
  }));
  printResult(options, { notifiers: result }, () => {
    const rows = result.map((entry) => [
      ...[entry.name, entry.type, entry.default ? 'yes' : null],
      entry.faults.length > 0 ? entry.faults.join('; ') : entry.reachesPeople ? 'ready' : 'reaches nobody by itself',
    ]);
    return table(['NAME', 'TYPE', 'DEFAULT', 'STATE'], rows);
  });
  if (faults.length > 0) process.exitCode = EXIT.bad;
}

/** A notifier's three tries and their pauses take less. */
const MESSAGE_MS = 20_000;

async function test(name: string, options: TestOptions): Promise<void> {
  const configuration = loadConfiguration(process.env);
  const { notifiers, faults } = await makeAll(configuration);
  const fault = faults.find(({ notifier }) => notifier === name);
  if (fault !== undefined) throw fault.error;
  const notifier = notifiers[name];
  if (notifier === undefined) throw unknownNotifier(name, Object.keys(notifiers));
  const { testNotifier } = await import('../notify/test-page.ts');
  const key = `kintsugi-test/${randomUUID()}`;
  const { severity } = options;
  const messages = await testNotifier(notifier, {
    ...{ by: '`kintsugi notify test`', severity, key, timeoutMs: MESSAGE_MS },
  });
  const ok = messages.every(({ taken }) => taken);
  const told = messages.map(({ error, ...message }) => ({
    ...message,
    ...(error === undefined ? {} : { error: error.report() }),
  }));
  printResult(options, { name, ok, key, messages: told }, () => messages.map(line).join('\n'));
  process.exitCode = exitCodeOf(messages);
}

function unknownNotifier(name: string, known: string[]): KintsugiError {
  const fix =
    name === 'webhook'
      ? 'set KINTSUGI_WEBHOOK_URL'
      : `${suggest(name, known)}; others are named in the file of KINTSUGI_CONFIG`;
  return new KintsugiError('not-found', `no notifier is named "${name}"`, { where: name, fix });
}

function line({ event, taken, saw, error }: TestedMessage): string {
  if (taken) return `${event}: ${saw}`;
  return `${event}: not taken: ${saw}${error === undefined ? '' : `\n  where: ${error.where}\n  do:    ${error.fix}`}`;
}

/** A provider that was not reached is told apart from one that refused. */
function exitCodeOf(messages: TestedMessage[]): number {
  const codes = messages.flatMap(({ error }) => (error === undefined ? [] : [error.code]));
  if (codes.length === 0) return EXIT.ok;
  return codes.every((code) => code === 'timeout' || code === 'unavailable') ? EXIT.unreachable : EXIT.bad;
}
