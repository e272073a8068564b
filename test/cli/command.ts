import { join } from 'node:path';
import { execa } from 'execa';

/** The command line as it is installed. */
export const PROGRAM = join(import.meta.dirname, '..', '..', 'bin', 'kintsugi.mjs');

/** What one run of the command line left behind. */
export interface Run {
  exitCode: number | undefined;
  stdout: string;
  stderr: string;
}

/**
 * Runs bin/kintsugi.mjs as a person does, with the given variables alone besides PATH and HOME: what configures this process
 * does not reach it.
 */
export async function kintsugi(args: string[], environment: Record<string, string> = {}): Promise<Run> {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [PROGRAM, ...args], {
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...environment },
    extendEnv: false,
    reject: false,
    timeout: 60_000,
  });
  return { exitCode, stdout, stderr };
}

/** The same with `--json`: the exit code and what stdout parses to. */
export async function kintsugiJson(
  args: string[],
  environment: Record<string, string> = {},
): Promise<{ exitCode: number | undefined; answer: unknown; stderr: string }> {
  const { exitCode, stdout, stderr } = await kintsugi([...args, '--json'], environment);
  return { exitCode, answer: JSON.parse(stdout), stderr };
}
