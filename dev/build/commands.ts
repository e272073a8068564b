import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import { KintsugiError } from '../../src/errors.ts';

/** The full path of a program on PATH, or undefined. */
export function findOnPath(program: string, path = process.env.PATH ?? ''): string | undefined {
  for (const folder of path.split(delimiter)) {
    const candidate = join(folder, program);
    if (folder !== '' && isExecutableFile(candidate)) return candidate;
  }
  return undefined;
}

function isExecutableFile(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** How a command is run: its standard input, extra environment variables, working folder, and a signal that stops it. */
export interface CommandOptions {
  input?: string;
  environment?: Record<string, string>;
  folder?: string;
  signal?: AbortSignal | undefined;
}

/**
 * Runs a program to its end and returns what it printed on stdout, without the last line end.
 * Throws `unavailable` with the last lines of stderr when it cannot be started or ends with another code than 0.
 */
export async function run(program: string, args: string[], options: CommandOptions = {}): Promise<string> {
  const result = await execa(program, args, {
    reject: false,
    stdin: options.input === undefined ? 'ignore' : 'pipe',
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.environment === undefined ? {} : { env: options.environment }),
    ...(options.folder === undefined ? {} : { cwd: options.folder }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
  });
  if (!result.failed) return result.stdout;
  if (options.signal?.aborted) throw options.signal.reason;
  const lastWords = result.stderr.trim().split('\n').slice(-5).join(' | ');
  const ending = result.exitCode === undefined ? 'could not run' : `ended with ${result.exitCode}`;
  throw new KintsugiError('unavailable', `${program} ${args[0] ?? ''} ${ending}: ${lastWords || result.shortMessage}`, {
    where: commandText(program, args),
    fix: 'Read the message above; the same command can be run by hand.',
    retryable: false,
  });
}

/** The command line as an error may show it: the value of an option for secrets is hidden. At most 300 characters. */
export function commandText(program: string, args: readonly string[]): string {
  const shown = args.map((arg, index) => {
    const before = args[index - 1] ?? '';
    if (!before.includes('=') && isSecretOption(before)) return '***';
    const [option = '', ...value] = arg.split('=');
    return value.length > 0 && isSecretOption(option) ? `${option}=***` : arg;
  });
  return [program, ...shown].join(' ').slice(0, 300);
}

function isSecretOption(option: string): boolean {
  return /^-.*(?:creds|credential|password|passwd|token|secret|api-?key)/i.test(option);
}
