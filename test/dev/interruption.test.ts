import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from '@jest/globals';

const module = new URL('../../dev/interruption.ts', import.meta.url).href;

/** Waits to be interrupted, and then says so, then how much of it was taken away, on its third channel. */
const PROGRAM = `
  import { interruption } from '${module}';
  import { writeSync } from 'node:fs';
  const signal = interruption();
  console.log('waits');
  await new Promise((resolve) => { signal.addEventListener('abort', resolve); setInterval(() => {}, 1000); });
  console.log('taking it all away');
  await new Promise((resolve) => setTimeout(resolve, 100));
  console.log('nearly done');
  await new Promise((resolve) => setTimeout(resolve, 100));
  writeSync(3, 'all taken away: ' + signal.reason.message);
  process.exit(0);
`;

let child: ChildProcess | undefined;

afterEach(() => {
  child?.kill('SIGKILL');
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  'after %s all is taken away, though nobody reads the output any more',
  async (signal) => {
    child = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM], {
      stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    const [, output, , report] = child.stdio;
    if (output === null || output === undefined || report === null || report === undefined) throw new Error('no pipes');
    await once(output, 'data');
    output.destroy();
    child.kill(signal);
    const [said] = await once(report, 'data');
    expect(String(said)).toBe(`all taken away: stopped by ${signal}`);
  },
);
