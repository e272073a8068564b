import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { withLock } from '../../dev/build/lock.ts';
import { identify, isRunning, ownIdentity, parseIdentity } from '../../dev/build/process-identity.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kintsugi-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A process that has ended, and the identity that it had. */
async function endedProcess() {
  const child = spawn('sleep', ['60']);
  const identity = identify(child.pid ?? 0);
  child.kill('SIGKILL');
  await once(child, 'exit');
  if (identity === undefined) throw new Error('the process was never seen');
  return identity;
}

describe('the identity of a process', () => {
  test('is the same as long as the process runs', () => {
    expect(identify(process.pid)).toEqual(ownIdentity());
    expect(isRunning(ownIdentity())).toBe(true);
  });

  test('does not match a later process with the same pid', () => {
    expect(isRunning({ pid: process.pid, startTime: 'another' })).toBe(false);
  });

  test('is not running once the process was killed', async () => {
    expect(isRunning(await endedProcess())).toBe(false);
  });

  test('is not read from something else', () => {
    expect(parseIdentity('not JSON')).toBeUndefined();
    expect(parseIdentity('{"pid": -1, "startTime": "1"}')).toBeUndefined();
  });
});

describe('a lock', () => {
  test('lets one after the other work', async () => {
    const file = join(folder, 'lock');
    const events: string[] = [];
    const work = (name: string) =>
      withLock(file, {}, async () => {
        events.push(`${name} begins`);
        await new Promise((resolve) => setImmediate(resolve));
        events.push(`${name} ends`);
      });
    await Promise.all([work('a'), work('b'), work('c')]);
    for (let index = 0; index < events.length; index += 2) {
      expect(events[index + 1]).toBe(events[index]?.replace('begins', 'ends'));
    }
    expect(events).toHaveLength(6);
    expect(existsSync(file)).toBe(false);
  });

  test('of a process that was killed is taken over', async () => {
    const file = join(folder, 'lock');
    writeFileSync(file, JSON.stringify(await endedProcess()));
    await expect(withLock(file, {}, async () => parseIdentity(readFileSync(file, 'utf8'))?.pid)).resolves.toBe(
      process.pid,
    );
  });

  test('is given back when the work fails', async () => {
    const file = join(folder, 'lock');
    await expect(withLock(file, {}, () => Promise.reject(new Error('no luck')))).rejects.toThrow('no luck');
    expect(existsSync(file)).toBe(false);
  });

  test('tells who holds it, and waiting for it can be stopped', async () => {
    const file = join(folder, 'lock');
    const holder = spawn('sleep', ['60']);
    writeFileSync(file, JSON.stringify(identify(holder.pid ?? 0)));
    const stop = new AbortController();
    const waiting = withLock(
      file,
      { onWait: () => stop.abort(new Error('stopped')), signal: stop.signal },
      async () => 1,
    );
    await expect(waiting).rejects.toThrow('stopped');
    holder.kill('SIGKILL');
    await once(holder, 'exit');
  });
});
