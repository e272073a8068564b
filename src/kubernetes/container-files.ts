import { createHash } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { KintsugiError } from '../errors.ts';
import type { ExecResult, ExecStreams } from './exec.ts';

/** A container that runs, and how a program is run in it. */
export interface ContainerShell {
  /** For an error's `where`: "pod kosmos/zeus-0, container zeus". */
  where: string;
  run(command: string[], options: { timeoutMs: number; signal?: AbortSignal } & ExecStreams): Promise<ExecResult>;
}

/** What is known of a file inside a container without bringing it out. */
export interface Measured {
  sha256?: string;
  bytes?: number;
}

/** A question that is answered at once. */
const ASK_MS = 15_000;

/**
 * A file's digest by `sha256sum`, else its size by `wc`: no shell is needed. Neither is known in an image that has neither.
 * @throws KintsugiError `not-found` when the file is not there
 */
export async function measureFile(container: ContainerShell, path: string): Promise<Measured> {
  const digest = await answered(container, ['sha256sum', path]);
  const sha256 = /^\\?([0-9a-f]{64})\s/.exec(digest ?? '')?.[1];
  if (sha256 !== undefined) return { sha256 };
  const count = await answered(container, ['wc', '-c', path]);
  const bytes = /^\s*(\d+)\s/.exec(count ?? '')?.[1];
  return bytes === undefined ? {} : { bytes: Number(bytes) };
}

/** What the program printed; null where the image does not have it. */
async function answered(container: ContainerShell, command: string[]): Promise<string | null> {
  const result = await unlessMissing(container.run(command, { timeoutMs: ASK_MS }));
  if (result === null || result.exitCode === 127) return null;
  if (result.exitCode === 0) return result.stdout;
  throw new KintsugiError('not-found', `${command.join(' ')} failed: ${lastLine(result)}`, {
    where: container.where,
    fix: 'Look whether the file was written there.',
  });
}

/**
 * A file out of a container as it is read, by `cat`: neither a shell nor tar is needed. It ends with an error unless `cat` ended
 * well and everything came that was measured before.
 * @throws KintsugiError `not-found` without `cat` or the file; `invalid` for a file that came truncated or altered; what an exec throws
 */
export async function* readFile(
  container: ContainerShell,
  path: string,
  { measured, timeoutMs }: { measured: Measured; timeoutMs: number },
): AsyncGenerator<Buffer> {
  const stdout = new PassThrough();
  const given = new AbortController();
  const running = container.run(['cat', path], { timeoutMs, stdout, signal: given.signal });
  running.catch((error: Error) => stdout.destroy(error));
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of stdout) {
      bytes += chunk.length;
      hash.update(chunk);
      yield chunk;
    }
    const result = await running;
    if (result.exitCode !== 0) throw unreadable(container, path, result);
    const sha256 = hash.digest('hex');
    if (!isSame(measured, { sha256, bytes })) throw truncated(container, path, measured, { sha256, bytes });
  } finally {
    given.abort(new Error('the file is not read on'));
  }
}

function isSame(measured: Measured, came: Required<Measured>): boolean {
  if (measured.sha256 !== undefined) return measured.sha256 === came.sha256;
  return measured.bytes === undefined || measured.bytes === came.bytes;
}

/** Reads exactly so many bytes, so that its end is known without the input being closed, and renames only what is whole. */
const WRITE_SCRIPT =
  'umask 077; head -c "$1" > "$2.part" && test "$(wc -c < "$2.part")" -eq "$1" && mv -f "$2.part" "$2"';

/**
 * Brings a file into a container through a shell, whole or not at all, and reads its digest there.
 * @throws KintsugiError `refused` in a container without a shell; `invalid` when what stands there is not what was sent
 */
export async function writeFile(
  container: ContainerShell,
  path: string,
  file: { content: AsyncIterable<Uint8Array>; sha256: string; bytes: number; timeoutMs: number },
): Promise<void> {
  const { content, sha256, bytes, timeoutMs } = file;
  const command = ['sh', '-c', WRITE_SCRIPT, 'sh', String(bytes), path];
  const result = await unlessMissing(container.run(command, { timeoutMs, stdin: content }));
  if (result === null || result.exitCode === 127) throw noShell(container, result);
  if (result.exitCode !== 0)
    throw new KintsugiError('invalid', `the file could not be brought in whole: ${lastLine(result)}`, {
      where: `${container.where}, ${path}`,
      fix: 'Look whether the folder can be written and has room.',
    });
  const measured = await measureFile(container, path);
  const there = measured.sha256 ?? (await digestThere(container, path, { measured, timeoutMs }));
  if (there !== sha256) throw truncated(container, path, measured, { sha256, bytes });
}

/** Where the image cannot say a digest, the file is read back. */
async function digestThere(
  container: ContainerShell,
  path: string,
  options: { measured: Measured; timeoutMs: number },
): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of readFile(container, path, options)) hash.update(chunk);
  return hash.digest('hex');
}

/** Removes files. @returns what is left, as one sentence; null where nothing is */
export async function removeFiles(container: ContainerShell, paths: readonly string[]): Promise<string | null> {
  const left = `${paths.join(' and ')} may still be in the container`;
  try {
    const result = await container.run(['rm', '-f', ...paths], { timeoutMs: ASK_MS });
    return result.exitCode === 0 ? null : `${left}: ${lastLine(result)}`;
  } catch (error) {
    if (error instanceof KintsugiError) return `${left}: ${error.message}`;
    throw error;
  }
}

/** The last line that a program printed, on which stream it ever was, and its exit code. */
export function lastLine({ stderr, stdout, exitCode }: ExecResult): string {
  const [line = ''] = `${stdout}\n${stderr}`.trim().split('\n').slice(-1);
  return line === '' ? `exit code ${exitCode}` : `${line.trim().slice(0, 300)} (exit code ${exitCode})`;
}

async function unlessMissing(running: Promise<ExecResult>): Promise<ExecResult | null> {
  try {
    return await running;
  } catch (error) {
    if (error instanceof KintsugiError && error.code === 'not-found' && /is not in the image/.test(error.message))
      return null;
    throw error;
  }
}

function unreadable({ where }: ContainerShell, path: string, result: ExecResult): KintsugiError {
  return new KintsugiError('not-found', `${path} cannot be read: ${lastLine(result)}`, {
    where,
    fix: 'Look whether the file is there.',
  });
}

function truncated({ where }: ContainerShell, path: string, there: Measured, came: Required<Measured>): KintsugiError {
  const said = there.sha256 === undefined ? `${there.bytes} bytes` : `sha256 ${there.sha256}`;
  return new KintsugiError(
    'invalid',
    `the file is truncated or altered: ${came.bytes} bytes with sha256 ${came.sha256} on this side, ${said} in the container`,
    {
      where: `${where}, ${path}`,
      fix: 'Nothing was kept or used of it; try again.',
    },
  );
}

function noShell({ where }: ContainerShell, result: ExecResult | null): KintsugiError {
  const why = result === null ? 'the image has no shell (sh)' : `its shell lacks a program: ${lastLine(result)}`;
  return new KintsugiError('refused', `not possible: ${why}, through which a file would be brought in`, {
    where,
    fix: 'Use an image with a shell, head, wc and mv, or import by hand.',
  });
}
