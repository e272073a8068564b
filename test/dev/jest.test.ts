import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { runJest, slowest } from '../../dev/testing/jest.ts';

test('files are told by how long they took, a short one only where it failed', () => {
  const told = slowest(
    [
      { file: 'test/a.test.ts', passed: true, seconds: 3 },
      { file: 'test/b.test.ts', passed: true, seconds: 30 },
      { file: 'test/c.test.ts', passed: false, seconds: 1 },
      { file: 'test/d.test.ts', passed: false, seconds: 443 },
    ],
    20,
  );
  expect(told).toEqual([
    '  443 s  FAILED  test/d.test.ts',
    '   30 s  passed  test/b.test.ts',
    '    1 s  FAILED  test/c.test.ts',
  ]);
});

test('an interruption ends jest and its workers too, and is what the run fails with', async () => {
  const root = mkdtempSync(join(tmpdir(), 'kintsugi-runner-'));
  const bin = join(root, 'node_modules', 'jest', 'bin');
  mkdirSync(bin, { recursive: true });
  const [begun, ended] = [join(root, 'begun'), join(root, 'ended')];
  const write = (file: string) => `require('node:fs').writeFileSync(${JSON.stringify(file)}, '')`;
  const worker = `process.on('SIGINT', () => { ${write(ended)}; process.exit(1); }); setInterval(() => 0, 1000); ${write(begun)};`;
  writeFileSync(join(bin, 'worker.js'), worker);
  writeFileSync(join(bin, 'jest.js'), "require('node:child_process').fork(require.resolve('./worker.js'));");
  try {
    const stopping = new AbortController();
    const running = runJest(root, ['a.test.ts'], { workers: 1, environment: process.env, signal: stopping.signal });
    const failed = expect(running).rejects.toThrow('stopped by SIGTERM');
    while (!existsSync(begun)) await sleep(20);
    stopping.abort(new Error('stopped by SIGTERM'));
    await failed;
    while (!existsSync(ended)) await sleep(20);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
