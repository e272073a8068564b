import { globSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { KintsugiError, messageOf } from '../src/errors.ts';
import type { Need } from '../test/needs.ts';
import { interruption } from './interruption.ts';
import { type Counts, runJest, slowest } from './testing/jest.ts';
import { needsOf } from './testing/needs.ts';
import { provide } from './testing/provide.ts';

/**
 * `npm test`: sets up what the tests need, runs them, takes down what it started. `-- --all` adds test/all, everything
 * that takes long. `-- PATTERN ...` runs only files whose path holds one of the patterns; one of test/all is meant by naming
 * that folder. Ends with 'N passed, N failed'.
 */
const root = join(import.meta.dirname, '..');
const { values, positionals } = parseArgs({ options: { all: { type: 'boolean' } }, allowPositionals: true });

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function chosenFiles(): string[] {
  const found = globSync('test/**/*.test.ts', { cwd: root }).sort();
  const all = values.all === true || positionals.some((pattern) => pattern.startsWith('test/all'));
  const wanted = found.filter((file) => all || !file.startsWith('test/all/'));
  if (positionals.length === 0) return wanted;
  return wanted.filter((file) => positionals.some((pattern) => file.includes(pattern)));
}

/** Two files at a time: on the cluster, where a file mostly waits, each has namespaces of its own; the rest needs the processors. */
const WORKERS = 2;
/** Seconds from which on a file is told with its time at the end. */
const TOLD_FROM = 20;

type Group = 'alone' | 'cluster' | 'others';

function groupOf({ needs }: { needs: Need[] }): Group {
  if (needs.includes('alone')) return 'alone';
  return needs.includes('cluster') ? 'cluster' : 'others';
}

async function runAll(files: { file: string; needs: Need[] }[], environment: NodeJS.ProcessEnv): Promise<Counts> {
  const groups = Object.groupBy(files, groupOf);
  const counts: Counts = { passed: 0, failed: 0, files: [] };
  for (const group of ['others', 'alone', 'cluster'] as const) {
    const paths = (groups[group] ?? []).map(({ file }) => file);
    const workers = group === 'alone' ? 1 : WORKERS;
    const { passed, failed, files: told } = await runJest(root, paths, { workers, environment, signal: stopping });
    counts.passed += passed;
    counts.failed += failed;
    counts.files.push(...told);
  }
  return counts;
}

const stopping = interruption();

let counts: Counts = { passed: 0, failed: 1, files: [] };
try {
  const chosen = chosenFiles();
  if (chosen.length === 0) say(`no test file has ${positionals.join(' or ')} in its path`);
  const files = chosen.map((file) => ({ file, needs: needsOf(join(root, file)) }));
  const provision = await provide([...new Set(files.flatMap(({ needs }) => needs))], say, stopping);
  try {
    const unmet = (needs: Need[]) => needs.filter((need) => provision.missing.has(need));
    const able = files.filter(({ needs }) => unmet(needs).length === 0);
    const unable = files.filter(({ needs }) => unmet(needs).length > 0);
    for (const { file, needs } of unable) say(`not run: ${file} needs ${unmet(needs).join(', ')}`);
    for (const [need, why] of provision.missing) say(`missing: ${need}: ${why}`);
    counts = await runAll(able, { ...process.env, ...provision.environment });
    // In CI what cannot be run has not passed.
    if (process.env.CI === 'true') counts.failed += unable.length;
  } finally {
    await provision.stop();
  }
} catch (thrown) {
  const fix = thrown instanceof KintsugiError ? ` (${thrown.where}: ${thrown.fix})` : '';
  say(`npm test: ${messageOf(thrown)}${fix}`);
}
for (const line of slowest(counts.files, TOLD_FROM)) say(line);
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`);
process.exit(counts.failed === 0 && counts.passed > 0 ? 0 : 1);
