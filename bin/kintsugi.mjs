#!/usr/bin/env node
// Starts the command line: from its TypeScript sources in a checkout, from dist/ in an installed package (Node runs no
// TypeScript under node_modules). Plain JavaScript, so that a Node that is too old can still say so.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const OLDEST = [22, 19];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const source = join(root, 'src', 'cli', 'main.ts');
const built = join(root, 'dist', 'cli', 'main.js');
const installed = root.includes(`${sep}node_modules${sep}`);
const entry = !installed && existsSync(source) ? source : built;

const [major, minor] = process.versions.node.split('.').map(Number);
const tooOld = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);

if (tooOld) {
  // A checkout brings the Node that it is developed with.
  const own = join(root, 'node_modules', 'node', 'bin', 'node');
  if (!existsSync(own)) {
    process.stderr.write(
      `kintsugi needs Node ${OLDEST.join('.')} or later, and this is ${process.versions.node} (${process.execPath}): install a newer Node\n`,
    );
    process.exit(2);
  }
  const { status, signal } = spawnSync(own, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  process.exit(status ?? (signal === 'SIGINT' ? 130 : 1));
} else if (!existsSync(entry)) {
  process.stderr.write(`kintsugi is not built: there is no ${built}; run npx tsc -p tsconfig.build.json in ${root}\n`);
  process.exit(2);
} else {
  // Most of a command's time is reading and compiling what it is made of: Node keeps the result in the temporary folder.
  module.enableCompileCache?.();
  await import(pathToFileURL(entry).href);
}
