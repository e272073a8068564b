import type { Command } from 'commander';
import { type Configuration, readConfiguration } from '../configuration/configuration.ts';
import { bad, type DoctorCheck, good } from './doctor/check.ts';
import { EXIT } from './exit-codes.ts';
import { jsonOption } from './options.ts';
import { coloursFor, type JsonOption, printResult } from './output.ts';

interface DoctorOptions extends JsonOption {
  notify?: true;
}

/** `kintsugi doctor` */
export default function register(program: Command): void {
  program
    .command('doctor')
    .description(
      'look at configuration, Temporal, cluster, permissions, runbooks and notifiers: what works, what not, the mend',
    )
    .option('--notify', 'send a test page by each notifier that reaches people, and resolve it')
    .addOption(jsonOption())
    .action(doctor);
}

async function doctor(options: DoctorOptions): Promise<void> {
  const { configuration, faults } = readConfiguration(process.env);
  const checks =
    configuration === null
      ? faults.map(({ name, message, fix }) => bad(`configuration ${name}`, message, fix))
      : await examineAll(configuration, options.notify ?? false);
  const ok = checks.every((check) => check.ok);
  printResult(options, { ok, checks }, () => checksText(checks));
  if (!ok) process.exitCode = EXIT.bad;
}

/** Everything that goes by a valid configuration, in the order in which a person mends it. */
async function examineAll(configuration: Configuration, notify: boolean): Promise<DoctorCheck[]> {
  const { runbookChecks } = await import('./doctor/runbooks.ts');
  const { temporalChecks } = await import('./doctor/temporal.ts');
  const { clusterChecks } = await import('./doctor/cluster.ts');
  const { notifierChecks } = await import('./doctor/notifiers.ts');
  const { peopleCheck } = await import('./doctor/people.ts');
  const { checks, runbooks } = await runbookChecks(configuration);
  const [temporal, cluster, notifiers] = await Promise.all([
    temporalChecks(configuration),
    clusterChecks(configuration, runbooks),
    notifierChecks(configuration, runbooks, notify),
  ]);
  const { cluster: name, mode, auto } = configuration;
  const automatic = auto.length === 0 ? '' : `, automatic in ${auto.map(({ namespace }) => namespace).join(', ')}`;
  const own = good('configuration', `valid: cluster ${name}, mode ${mode}${automatic}`);
  return [own, peopleCheck(configuration, new Date()), ...checks, ...temporal, ...cluster, ...notifiers];
}

function checksText(checks: DoctorCheck[]): string {
  const colours = coloursFor(process.stdout);
  const width = Math.max(...checks.map(({ name }) => name.length));
  const indent = ' '.repeat(6 + width);
  const lines = checks.flatMap(({ name, ok, saw, fix }) => [
    `${ok ? colours.green('ok  ') : colours.red('BAD ')}  ${name.padEnd(width)}  ${saw.replaceAll('\n', `\n${indent}  `)}`,
    ...(ok ? [] : [`${indent}  ${colours.yellow('do:')} ${fix}`]),
  ]);
  const wrong = checks.filter(({ ok }) => !ok).length;
  return [...lines, '', wrong === 0 ? 'All is well.' : `${wrong} of ${checks.length} need you.`].join('\n');
}
