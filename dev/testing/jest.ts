import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { z } from 'zod';

/** What one run of jest found. A file that could not run, and a test that was left out, count as failed. */
export interface Counts {
  passed: number;
  failed: number;
  files: FileResult[];
}

/** One test file: its path within the checkout, and how long it took. */
export interface FileResult {
  file: string;
  passed: boolean;
  seconds: number;
}

const reportSchema = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numPendingTests: z.int(),
  numTodoTests: z.int(),
  numRuntimeErrorTestSuites: z.int(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      startTime: z.number().default(0),
      endTime: z.number().default(0),
    }),
  ),
});

/** Runs jest over the files, `workers` at a time, its own report on the terminal. Throws the signal's reason once that has ended it. */
export async function runJest(
  root: string,
  files: string[],
  { workers, environment, signal }: { workers: number; environment: NodeJS.ProcessEnv; signal: AbortSignal },
): Promise<Counts> {
  signal.throwIfAborted();
  if (files.length === 0) return { passed: 0, failed: 0, files: [] };
  const folder = mkdtempSync(join(tmpdir(), 'kintsugi-jest-'));
  const outputFile = join(folder, 'report.json');
  const args = ['--json', `--outputFile=${outputFile}`, `--maxWorkers=${workers}`, '--runTestsByPath', ...files];
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  try {
    const jest = spawn(process.execPath, [...flags, join(root, 'node_modules/jest/bin/jest.js'), ...args], {
      cwd: root,
      // The JSON goes to stdout too: only the report on stderr is for people.
      stdio: ['ignore', 'ignore', 'inherit'],
      env: environment,
      // A group of its own: its workers and what their tests started outlive a jest that is ended alone.
      detached: true,
    });
    const end = () => endGroup(jest);
    signal.addEventListener('abort', end, { once: true });
    await once(jest, 'exit');
    signal.removeEventListener('abort', end);
    signal.throwIfAborted();
    return read(root, outputFile);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function endGroup({ pid }: ChildProcess): void {
  if (pid !== undefined) process.kill(-pid, 'SIGINT');
}

function read(root: string, outputFile: string): Counts {
  const report = reportSchema.parse(JSON.parse(readFileSync(outputFile, 'utf8')));
  const leftOut = report.numPendingTests + report.numTodoTests;
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + report.numRuntimeErrorTestSuites + leftOut,
    files: report.testResults.map(({ name, status, startTime, endTime }) => ({
      file: relative(root, name),
      passed: status === 'passed',
      seconds: Math.max(0, Math.round((endTime - startTime) / 1000)),
    })),
  };
}

/** Files by how long they took, the longest first; those that took less than `atLeast` seconds only where they failed. */
export function slowest(files: readonly FileResult[], atLeast: number): string[] {
  return files
    .filter(({ seconds, passed }) => seconds >= atLeast || !passed)
    .toSorted((a, b) => b.seconds - a.seconds)
    .map(({ file, passed, seconds }) => `${String(seconds).padStart(5)} s  ${passed ? 'passed' : 'FAILED'}  ${file}`);
}
