import { join } from 'node:path';
import { messageOf } from '../../src/errors.ts';
import { isStale, type Output, write } from './output.ts';
import { folders, namesIn, registryOf } from './registries.ts';

/**
 * Writes what follows from the code: registries from the folders' files, the runbooks' JSON Schema, the reference pages.
 * With `--check` nothing is written; the exit code is 1 and every stale file is named.
 */

const root = join(import.meta.dirname, '../..');
const check = process.argv.includes('--check');

function settle(outputs: Output[]): string[] {
  const stale = outputs.filter((output) => isStale(root, output));
  if (!check) for (const output of stale) write(root, output);
  return stale.map(({ file }) => file);
}

const stale = settle(
  folders.filter((folder) => namesIn(root, folder).length > 0).flatMap((folder) => registryOf(root, folder)),
);
try {
  // Only now: the pages are made from the registries that were just written.
  const { references } = await import('./reference.ts');
  stale.push(...settle(await references(root)));
} catch (thrown) {
  console.error(`the reference could not be made: ${messageOf(thrown)}`);
  process.exitCode = 1;
}
for (const file of stale) console.log(check ? `${file} is not current: run npm run generate` : `wrote ${file}`);
if (check && stale.length > 0) process.exitCode = 1;
