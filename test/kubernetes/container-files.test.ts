import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { KintsugiError } from '../../src/errors.ts';
import { measureFile, readFile, removeFiles, writeFile } from '../../src/kubernetes/container-files.ts';
import { fakeContainer, type Program } from './fake-container.ts';

const CONTENT = Buffer.from('{"conversations": []}');
const SHA256 = createHash('sha256').update(CONTENT).digest('hex');
const FILE = '/tmp/state.json';

const sha256sum: Program = async () => ({ output: Buffer.from(`${SHA256}  ${FILE}\n`) });
const wc: Program = async () => ({ output: Buffer.from(`${CONTENT.length} ${FILE}\n`) });
const cat: Program = async () => ({ output: CONTENT });

async function broughtOut(programs: Record<string, Program>): Promise<Buffer> {
  const container = fakeContainer(programs);
  const measured = await measureFile(container, FILE);
  const chunks: Buffer[] = [];
  for await (const chunk of readFile(container, FILE, { measured, timeoutMs: 1_000 })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('a file brought out of a container', () => {
  test.each([
    ['by its digest', { sha256sum, cat }],
    ['by its size, where the image has no sha256sum', { wc, cat }],
    ['as it comes, where the image has neither', { cat }],
  ])('is compared %s, without a shell', async (_, programs: Record<string, Program>) => {
    expect(await broughtOut(programs)).toEqual(CONTENT);
  });

  test.each([
    ['by its digest', { sha256sum }],
    ['by its size', { wc }],
  ])('is known as truncated %s', async (_, programs: Record<string, Program>) => {
    const half: Program = async () => ({ output: CONTENT.subarray(0, 7) });
    await expect(broughtOut({ ...programs, cat: half })).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('truncated'),
    });
  });

  test('that is not there is said to be that', async () => {
    const none: Program = async () => ({ exitCode: 1, stderr: `sha256sum: ${FILE}: No such file or directory` });
    await expect(broughtOut({ sha256sum: none, cat })).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('No such file or directory'),
    });
  });

  test('is not possible without cat, and names it', async () => {
    await expect(broughtOut({ sha256sum })).rejects.toMatchObject({ message: 'cat is not in the image' });
  });

  test('ends with what ended the connection in between', async () => {
    const lost: Program = async () => {
      throw new KintsugiError('unavailable', 'the connection ended without an answer', { where: '', fix: '' });
    };
    await expect(broughtOut({ sha256sum, cat: lost })).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('stops the program when it is not read on', async () => {
    const container = fakeContainer({ cat });
    const reading = readFile(container, FILE, { measured: {}, timeoutMs: 1_000 });
    await reading.next();
    await reading.return(undefined);
    expect(container.ran).toEqual([['cat', FILE]]);
  });
});

describe('a file brought into a container', () => {
  const shell: Program = async (_args, stdin) => {
    await stdin();
    return {};
  };
  const broughtIn = (programs: Record<string, Program>) => {
    const container = fakeContainer(programs);
    async function* content() {
      yield CONTENT;
    }
    const file = { content: content(), sha256: SHA256, bytes: CONTENT.length, timeoutMs: 1_000 };
    return writeFile(container, FILE, file).then(() => container.ran);
  };

  test('is told its size and name as arguments, and its digest is read there', async () => {
    const [script, digest] = await broughtIn({ sh: shell, sha256sum });
    expect(script?.slice(3)).toEqual(['sh', String(CONTENT.length), FILE]);
    expect(digest).toEqual(['sha256sum', FILE]);
  });

  test('is read back where the image has no sha256sum', async () => {
    expect((await broughtIn({ sh: shell, wc, cat })).map(([program]) => program)).toEqual([
      'sh',
      'sha256sum',
      'wc',
      'cat',
    ]);
  });

  test('is not possible without a shell', async () => {
    await expect(broughtIn({ sha256sum })).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('no shell'),
    });
  });

  test('is not possible with a shell that lacks a program', async () => {
    const poor: Program = async () => ({ exitCode: 127, stderr: 'sh: head: not found' });
    await expect(broughtIn({ sh: poor })).rejects.toMatchObject({
      message: expect.stringContaining('head: not found'),
    });
  });

  test('that did not come whole is told, with the reason', async () => {
    const full: Program = async () => ({ exitCode: 1, stderr: 'head: write error: No space left on device' });
    await expect(broughtIn({ sh: full })).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('No space left'),
    });
  });

  test('that stands there as something else is not used', async () => {
    const other: Program = async () => ({ output: Buffer.from(`${'0'.repeat(64)}  ${FILE}\n`) });
    await expect(broughtIn({ sh: shell, sha256sum: other })).rejects.toMatchObject({ code: 'invalid' });
  });
});

test('what cannot be removed is said to be left', async () => {
  expect(await removeFiles(fakeContainer({ rm: async () => ({}) }), [FILE])).toBeNull();
  expect(await removeFiles(fakeContainer({}), [FILE])).toContain(`${FILE} may still be in the container: rm is not`);
});
