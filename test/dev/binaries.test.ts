import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ensureBinaries, existingBinary, recipeKey } from '../../dev/build/binaries.ts';
import { cacheFolder } from '../../dev/build/cache.ts';
import { findOnPath, run } from '../../dev/build/commands.ts';

let folder: string;
const environment = { ...process.env };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kintsugi-binaries-'));
  process.env.KINTSUGI_CACHE = join(folder, 'cache');
  process.env.PATH = join(folder, 'path');
});
afterEach(() => {
  process.env.PATH = environment.PATH;
  if (environment.KINTSUGI_CACHE === undefined) delete process.env.KINTSUGI_CACHE;
  else process.env.KINTSUGI_CACHE = environment.KINTSUGI_CACHE;
  rmSync(folder, { recursive: true, force: true });
});

function putProgram(path: string): string {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, '#!/bin/sh\n');
  chmodSync(path, 0o755);
  return path;
}

describe('the programs of the development world', () => {
  test('are kept in the cache folder, which KINTSUGI_CACHE moves', () => {
    expect(cacheFolder({})).toBe(join(homedir(), '.cache', 'kintsugi'));
    expect(cacheFolder({ KINTSUGI_CACHE: '/elsewhere' })).toBe('/elsewhere');
  });

  test('are taken from the cache under the key of their recipe, without a build', async () => {
    const path = putProgram(join(folder, 'cache', 'bin', `pause-${recipeKey('pause')}`, 'pause'));
    await expect(ensureBinaries(['pause'], () => undefined)).resolves.toEqual({ pause: path });
  });

  test('have a key of their own each, that stays the same', () => {
    expect(recipeKey('kubernetes')).toBe(recipeKey('kubernetes'));
    expect(recipeKey('kubernetes')).not.toBe(recipeKey('coredns'));
  });

  test('are taken from PATH where people have them installed', () => {
    const path = putProgram(join(folder, 'path', 'temporal'));
    expect(existingBinary('temporal')).toBe(path);
  });

  test('say in one line that Go is missing', async () => {
    await expect(ensureBinaries(['coredns'], () => undefined)).rejects.toMatchObject({
      message: 'coredns has to be built; not on PATH: go',
      fix: 'Install Go 1.25 or newer.',
    });
  });

  test('say in one line that Java is missing', async () => {
    await expect(ensureBinaries(['temporal-test-server'], () => undefined)).rejects.toMatchObject({
      message: 'temporal-test-server has to be built; not on PATH: java',
      fix: 'Install a Java runtime (17 or newer).',
    });
  });

  test('have Maven installed as a Debian package, or say that nothing here can install it', async () => {
    putProgram(join(folder, 'path', 'java'));
    await expect(ensureBinaries(['temporal-test-server'], () => undefined)).rejects.toMatchObject({
      message: 'missing Debian packages: maven (this machine has no apt-get)',
    });
  });
});

describe('a command', () => {
  test('is looked up among the executable files of PATH', () => {
    writeFileSync(putProgram(join(folder, 'path', 'tool')), '');
    expect(findOnPath('tool')).toBe(join(folder, 'path', 'tool'));
    expect(findOnPath('no-such-tool')).toBeUndefined();
  });

  test('that fails says so with its last words', async () => {
    process.env.PATH = environment.PATH;
    await expect(run('sh', ['-c', 'echo it broke >&2; exit 3'])).rejects.toMatchObject({
      code: 'unavailable',
      message: 'sh -c ended with 3: it broke',
    });
  });

  test('that does not exist says so', async () => {
    await expect(run('no-such-tool', ['x'])).rejects.toMatchObject({ code: 'unavailable' });
  });
});
