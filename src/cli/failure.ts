import { CommanderError } from 'commander';
import { KintsugiError, messageOf } from '../errors.ts';
import { EXIT, EXIT_OF } from './exit-codes.ts';
import { coloursFor, type JsonOption, jsonText, terminalText } from './output.ts';

/**
 * Tells why a command failed and returns its exit code: with `--json` as `{error: {code, message, where, fix}}` on stdout, else
 * on stderr as what is wrong, where, and what to do.
 */
export function reportFailure(thrown: unknown, options: JsonOption): number {
  if (thrown instanceof CommanderError && thrown.exitCode === 0) return EXIT.ok;
  // A command group by itself: its help was shown.
  if (thrown instanceof CommanderError && thrown.code === 'commander.help') return EXIT.usage;
  const error = failureOf(thrown);
  const { code, message, where, fix } = error;
  if (options.json === true) process.stdout.write(`${jsonText({ error: { code, message, where, fix } }, 2)}\n`);
  else process.stderr.write(terminalText(failureText(error)));
  return thrown instanceof KintsugiError || thrown instanceof CommanderError ? EXIT_OF[code] : EXIT.bad;
}

function failureText({ message, where, fix }: KintsugiError): string {
  const colours = coloursFor(process.stderr);
  return [
    `${colours.red('error:')} ${message.replaceAll('\n', '\n       ')}`,
    ...(where === '' ? [] : [`${colours.dim('where:')} ${where}`]),
    `${colours.dim('do:')}    ${fix}`,
    '',
  ].join('\n');
}

function failureOf(thrown: unknown): KintsugiError {
  if (thrown instanceof KintsugiError) return thrown;
  if (thrown instanceof CommanderError) return usageFault(thrown);
  return new KintsugiError('unavailable', `the command failed unexpectedly: ${messageOf(thrown)}`, {
    where: 'kintsugi',
    fix: 'run it again; if it stays, report it with the command and this message',
    cause: thrown,
  });
}

/** Commander's complaint in our shape: what it suggests is what to do. */
function usageFault({ message, code }: CommanderError): KintsugiError {
  const [first = '', ...rest] = message.replace(/^error: /, '').split('\n');
  const suggestion = /\(Did you mean (?:one of )?(.+?)\?\)/.exec(rest.join(' '))?.[1];
  const fix =
    suggestion === undefined ? (fixOf(first) ?? FIXES[code] ?? SEE_HELP) : `did you mean ${suggestion}? ${SEE_HELP}`;
  return new KintsugiError('invalid', first, { where: commandLine(), fix });
}

const SEE_HELP = '`kintsugi --help` lists the commands, `kintsugi COMMAND --help` the flags of one';

const FIXES: Readonly<Record<string, string>> = {
  'commander.missingMandatoryOptionValue': `give it; ${SEE_HELP}`,
  'commander.missingArgument': `give it; ${SEE_HELP}`,
  'commander.invalidArgument': 'correct the value',
};

/** Two flags are asked for the sake of those who read the history. */
function fixOf(message: string): string | undefined {
  const isForReaders = /^required option '--(actor|reason) /.test(message);
  return isForReaders ? 'give it: people who read the history want to know' : undefined;
}

function commandLine(): string {
  return ['kintsugi', ...process.argv.slice(2)].join(' ');
}
