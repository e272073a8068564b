import { globSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { KintsugiError, messageOf } from '../src/errors.ts';
import type { Need } from '../test/needs.ts';
import { interruption } from './interruption.ts';
import { type Counts, runJest } from './testing/jest.ts';
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

/** Files that have the cluster to themselves run one after the other; Temporal servers two at a time; the rest as it comes. */
async function runAll(files: { file: string; needs: Need[] }[], environment: NodeJS.ProcessEnv): Promise<Counts> {
  const onCluster = files.filter(({ needs }) => needs.includes('cluster'));
  const others = files.filter(({ needs }) => !needs.includes('cluster'));
  const counts: Counts = { passed: 0, failed: 0 };
  for (const [group, workers] of [
    [others, 2],
    [onCluster, 1],
  ] as const) {
    const result = await runJest(
      root,
      group.map(({ file }) => file),
      workers,
      environment,
    );
    counts.passed += result.passed;
    counts.failed += result.failed;
  }
  return counts;
}

const stopping = interruption();

let counts: Counts = { passed: 0, failed: 1 };
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
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`);
process.exit(counts.failed === 0 && counts.passed > 0 ? 0 : 1);
