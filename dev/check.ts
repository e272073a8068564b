import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** `npm run check`: everything that can be said about the code without running it. Ends with 'N passed, N failed'. */
const root = fileURLToPath(new URL('..', import.meta.url));

const CHECKS: { name: string; command: string[] }[] = [
  { name: 'format and lint', command: ['biome', 'check', '--error-on-warnings', '.'] },
  { name: 'types', command: ['tsc', '--noEmit'] },
  { name: 'generated files are current', command: ['node', 'dev/generate/main.ts', '--check'] },
];

const failed = CHECKS.filter(({ name, command }) => {
  const [program = '', ...args] = command;
  process.stdout.write(`${name}: ${command.join(' ')}\n`);
  const { status } = spawnSync(program, args, { cwd: root, stdio: 'inherit' });
  process.stdout.write(status === 0 ? `${name}: ok\n` : `${name}: FAILED\n`);
  return status !== 0;
});

process.stdout.write(`${CHECKS.length - failed.length} passed, ${failed.length} failed\n`);
process.exit(failed.length === 0 ? 0 : 1);
