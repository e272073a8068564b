import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

/** What one run of jest found. A file that could not run, and a test that was left out, count as failed. */
export interface Counts {
  passed: number;
  failed: number;
}

const reportSchema = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numPendingTests: z.int(),
  numTodoTests: z.int(),
  numRuntimeErrorTestSuites: z.int(),
});

/** Runs jest over the files, its own report on the terminal. `workers` files at a time; `signal` ends it. */
export async function runJest(
  root: string,
  files: string[],
  workers: number,
  environment: NodeJS.ProcessEnv,
): Promise<Counts> {
  if (files.length === 0) return { passed: 0, failed: 0 };
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
    });
    await once(jest, 'exit');
    return read(outputFile);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function read(outputFile: string): Counts {
  const report = reportSchema.parse(JSON.parse(readFileSync(outputFile, 'utf8')));
  const leftOut = report.numPendingTests + report.numTodoTests;
  return { passed: report.numPassedTests, failed: report.numFailedTests + report.numRuntimeErrorTestSuites + leftOut };
}
