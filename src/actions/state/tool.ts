import { KintsugiError } from '../../errors.ts';
import type { SavedState } from '../../executions/notes.ts';
import {
  type ContainerShell,
  lastLine,
  measureFile,
  readFile,
  removeFiles,
  writeFile,
} from '../../kubernetes/container-files.ts';
import type { WriteContext } from '../action.ts';

/** The program that writes a state into a file, and where it writes it. */
export interface Exporter {
  command: string[];
  output: string;
  timeoutMs: number;
  maxBytes: number;
}

/** The program that reads a state out of a file. */
export interface Importer {
  command: string[];
  input: string;
  timeoutMs: number;
}

/** How a program ended: `unknown` when it may still run, or may have done all without its answer coming back. */
export interface ToolRun {
  result: 'done' | 'failed' | 'unknown';
  /** The last that it said, or why nothing came, in one line for people. */
  saw: string;
  /** What it calls the state that it wrote or read. */
  state?: string;
}

/** How long one file may take on its way through the API server. */
export const TRANSFER_MS = 60_000;

/** Runs a program of the image and tells how it ended; never throws for what the program or its container does. */
export async function runTool(
  context: WriteContext,
  shell: ContainerShell,
  { command, timeoutMs }: { command: string[]; timeoutMs: number },
): Promise<ToolRun> {
  const program = command.join(' ');
  try {
    const result = await shell.run(command, { timeoutMs });
    const said = shown(context, lastLine(result));
    if (result.exitCode !== 0) return { result: 'failed', saw: `${program} failed: ${said}` };
    const state = /sha-?256\W{1,3}([0-9a-f]{64})\b/i.exec(result.stdout)?.[1];
    return { result: 'done', saw: `${program}: ${said}`, ...(state === undefined ? {} : { state }) };
  } catch (error) {
    if (!(error instanceof KintsugiError)) throw error;
    if (error.code === 'timeout') {
      const saw = `${program} did not end within its time limit of ${timeoutMs / 1000} s: it may still run in the container`;
      return { result: 'unknown', saw };
    }
    const result = error.code === 'unavailable' ? 'unknown' : 'failed';
    return { result, saw: `${program}: ${error.message}` };
  }
}

/** What a program prints may hold what it works on. */
function shown({ secrets }: WriteContext, line: string): string {
  return secrets.isSecret('', line) ? 'its last line holds a secret and is not shown' : line;
}

/**
 * Lets the state be written into a file, brings it out into the artifacts, and removes the file.
 * @throws KintsugiError not retryable, when the program or the way out fails
 */
export async function bringOut(
  context: WriteContext,
  shell: ContainerShell,
  { command, output, timeoutMs, maxBytes }: Exporter,
): Promise<{ saved: SavedState; saw: string[] }> {
  const begun = performance.now();
  const run = await runTool(context, shell, { command, timeoutMs });
  if (run.result !== 'done')
    throw new KintsugiError(run.result === 'unknown' ? 'timeout' : 'refused', run.saw, {
      where: shell.where,
      fix: 'Look into the container, and try again when the program can be run.',
      retryable: false,
    });
  try {
    const measured = await measureFile(shell, output);
    const file = readFile(shell, output, { measured, timeoutMs: TRANSFER_MS });
    const { sha256, bytes } = await context.artifacts.putStream(file, { maxBytes });
    const left = await removeFiles(shell, [output]);
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    const compared = measured.sha256 === undefined ? ' (compared by its size alone: the image has no sha256sum)' : '';
    const kept = `exported from ${shell.where}: artifact ${sha256}, ${bytes} bytes, in ${seconds} s${compared}`;
    const saved = { sha256, bytes, ...(run.state === undefined ? {} : { state: run.state }) };
    return { saved, saw: [kept, run.saw, ...(left === null ? [] : [left])] };
  } catch (error) {
    await removeFiles(shell, [output]).catch(() => null);
    throw error;
  }
}

/**
 * Brings a state into the container as a file, whole and with the digest that it has here.
 * @throws KintsugiError when it is not kept here (any more), or cannot be brought in
 */
export async function bringIn(
  context: WriteContext,
  shell: ContainerShell,
  { sha256, input }: { sha256: string; input: string },
): Promise<{ bytes: number }> {
  const stored = await context.artifacts.open(sha256);
  if (stored === null) throw notHere(sha256);
  const { content, bytes } = stored;
  await writeFile(shell, input, { content, sha256, bytes, timeoutMs: TRANSFER_MS });
  return { bytes };
}

function notHere(sha256: string): KintsugiError {
  return new KintsugiError('not-found', `artifact ${sha256} is not on this machine`, {
    where: 'KINTSUGI_HOME/artifacts',
    fix: 'Let the workers share the folder of artifacts; `kintsugi artifact list` shows what is here.',
  });
}
