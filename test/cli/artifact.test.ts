import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createArtifacts } from '../../src/artifacts/store.ts';
import { kintsugi, kintsugiJson } from './command.ts';

// Each run starts a process.
jest.setTimeout(60_000);

const KEY = 'c3'.repeat(32);
let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'kintsugi-home-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const put = (content: string | Buffer) => createArtifacts({ folder: join(home, 'artifacts'), key: KEY }).put(content);
const environment = (): Record<string, string> => ({ KINTSUGI_HOME: home, KINTSUGI_ARTIFACT_KEY: KEY });

describe('kintsugi artifact get', () => {
  test('writes the decrypted content to stdout and nothing else, found by its first digits', async () => {
    const { sha256 } = await put('{"conversations": 3}');
    const { exitCode, stdout, stderr } = await kintsugi(['artifact', 'get', sha256.slice(0, 12)], environment());
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: '{"conversations": 3}', stderr: '' });
  });

  test('writes it to a file that its owner alone may read', async () => {
    const content = Buffer.from([0, 255, 10, 13, 128]);
    const { sha256 } = await put(content);
    const file = join(home, 'state.json');
    const { answer } = await kintsugiJson(['artifact', 'get', sha256, '-o', file], environment());
    expect(answer).toEqual({ sha256, bytes: 5, file });
    expect(readFileSync(file).equals(content)).toBe(true);
    expect(statSync(file).mode & 0o077).toBe(0);
  });

  test.each([
    ['without the key', {}, 'no key is set'],
    ['with another key', { KINTSUGI_ARTIFACT_KEY: 'd4'.repeat(32) }, 'another key'],
  ])('%s says so, and gives nothing out', async (_, variables, said) => {
    const { sha256 } = await put('secret');
    const { exitCode, stdout, stderr } = await kintsugi(['artifact', 'get', sha256], {
      KINTSUGI_HOME: home,
      ...variables,
    });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(said);
  });

  test('of what is not here says where to ask', async () => {
    const { exitCode, stderr } = await kintsugi(['artifact', 'get', '0'.repeat(64)], environment());
    expect(exitCode).toBe(2);
    expect(stderr).toContain('the worker that wrote it');
  });
});

test('a key that is none is found at the start, and never shown', async () => {
  const { exitCode, stderr } = await kintsugi(['artifact', 'list'], {
    KINTSUGI_ARTIFACT_KEY: 'my own pass phrase, long enough',
  });
  expect(exitCode).toBe(2);
  expect(stderr).toContain('KINTSUGI_ARTIFACT_KEY');
  expect(stderr).toContain('64 hexadecimal digits');
  expect(stderr).not.toContain('pass phrase');
});

test('kintsugi artifact list says what is kept, and whether it is encrypted', async () => {
  const { sha256 } = await put('state');
  const { answer } = await kintsugiJson(['artifact', 'list'], environment());
  expect(answer).toMatchObject({ artifacts: [{ sha256, bytes: 5, encrypted: true }] });
});
