import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { isRunning } from '../../dev/build/process-identity.ts';
import { makeFolder } from '../../dev/monitoring/folder.ts';
import { startProgram } from '../../dev/monitoring/process.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kintsugi-monitoring-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a program of monitoring', () => {
  const program = (script: string) => ({
    name: 'program',
    program: 'sh',
    args: ['-c', script],
    logFile: join(folder, 'log'),
  });

  test('is named by pid and start time while it runs, and is gone after stop', async () => {
    const started = await startProgram(program('sleep 600'));
    expect(isRunning(started)).toBe(true);
    expect(started.died()).toBeUndefined();
    await started.stop();
    expect(isRunning(started)).toBe(false);
  });

  test('that ended by itself is told by the end of its log, and can be stopped all the same', async () => {
    // It ends only once it was seen to run: on a busy machine it could be gone before that.
    const seen = join(folder, 'seen');
    const started = await startProgram(
      program(`until [ -e ${seen} ]; do sleep 0.05; done; echo the port is taken; exit 1`),
    );
    writeFileSync(seen, '');
    while (started.died() === undefined) await new Promise((resolve) => setImmediate(resolve));
    expect(started.died()).toBe('the port is taken');
    await started.stop();
  });

  test('that is not installed is an error with its name', async () => {
    const missing = startProgram({ ...program(''), program: '/nowhere/prometheus' });
    await expect(
      missing.then(async (started) => {
        while (started.died() === undefined) await new Promise((resolve) => setImmediate(resolve));
        throw new Error(started.died());
      }),
    ).rejects.toThrow('/nowhere/prometheus');
  });
});

describe("monitoring's folder", () => {
  test("takes the place of those that killed processes left, and of nobody's who still runs", async () => {
    const abandoned = join(folder, 'monitoring', '1-abandoned');
    mkdirSync(abandoned, { recursive: true });
    writeFileSync(
      join(abandoned, 'owner.json'),
      JSON.stringify({ pid: process.pid, startTime: 'of an earlier process' }),
    );

    const first = makeFolder(folder);
    expect(existsSync(abandoned)).toBe(false);
    const second = makeFolder(folder);
    expect(JSON.parse(readFileSync(join(first.folder, 'owner.json'), 'utf8'))).toMatchObject({ pid: process.pid });
    expect(existsSync(second.folder)).toBe(true);
    await second.remove();
    expect(existsSync(second.folder)).toBe(false);
    expect(existsSync(first.folder)).toBe(true);
  });
});
