// Runs a script of dev/ under the project's own Node 24, installing the npm dependencies first when they are missing or
// the lockfile changed. Plain JavaScript: whatever Node the machine has starts it before any dependency exists.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const stampFile = join(modules, '.kintsugi-lock');
const lock = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');

const installed = existsSync(stampFile) && readFileSync(stampFile, 'utf8') === lock;
if (!installed) {
  process.stderr.write('installing npm dependencies (about 30 s) ...\n');
  const install = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', process.stderr, process.stderr],
  });
  if (install.status !== 0) {
    process.stderr.write('npm ci failed: see its message above; nothing else was started\n');
    process.exit(1);
  }
  writeFileSync(stampFile, lock);
}

const node = join(modules, 'node', 'bin', 'node');
if (!existsSync(node)) {
  process.stderr.write(
    `the npm package "node" did not bring ${node}: allow its install script, then run npm ci again\n`,
  );
  process.exit(1);
}
const [script, ...args] = process.argv.slice(2);
const path = [join(modules, '.bin'), process.env.PATH].join(':');
const child = spawn(node, ['--disable-warning=ExperimentalWarning', join(root, script), ...args], {
  stdio: 'inherit',
  env: { ...process.env, PATH: path },
});
// The terminal sends Ctrl-C to the whole group; a signal sent to this process alone is passed on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
