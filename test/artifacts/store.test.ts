import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { HEADER_BYTES } from '../../src/artifacts/encryption.ts';
import { createArtifacts } from '../../src/artifacts/store.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'artifacts-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const files = (): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

test('an artifact is named by its content and comes back as it was', async () => {
  const artifacts = createArtifacts({ folder });
  const kept = await artifacts.put('évidence');
  expect(kept).toEqual({ sha256: createHash('sha256').update('évidence').digest('hex'), bytes: 9 });
  expect((await artifacts.get(kept.sha256))?.toString()).toBe('évidence');
});

test('the same content is kept once, also when it is put twice at once', async () => {
  const artifacts = createArtifacts({ folder });
  await Promise.all([artifacts.put('same'), artifacts.put('same'), artifacts.put(Buffer.from('same'))]);
  expect(files()).toHaveLength(1);
});

test('only its owner may read an artifact', async () => {
  await createArtifacts({ folder }).put('secret');
  expect(statSync(files()[0] ?? '').mode & 0o077).toBe(0);
});

test('an unknown name, a wrong one and an altered file give nothing', async () => {
  const artifacts = createArtifacts({ folder });
  const { sha256 } = await artifacts.put('content');
  expect(await artifacts.get('0'.repeat(64))).toBeNull();
  expect(await artifacts.get('../../etc/passwd')).toBeNull();
  writeFileSync(files()[0] ?? '', 'altered');
  expect(await artifacts.get(sha256)).toBeNull();
});

test('content over the limit is refused', async () => {
  const artifacts = createArtifacts({ folder, maxBytes: 4 });
  await expect(artifacts.put('five!')).rejects.toMatchObject({ code: 'invalid' });
  expect(files()).toEqual([]);
});

test('a folder that cannot be written is named', async () => {
  writeFileSync(join(folder, 'file'), '');
  await expect(createArtifacts({ folder: join(folder, 'file') }).put('x')).rejects.toMatchObject({
    code: 'unavailable',
  });
});

test('old artifacts and what was left half written go, young ones stay', async () => {
  const artifacts = createArtifacts({ folder, maxAgeMs: 60_000 });
  const young = await artifacts.put('young');
  await artifacts.put('old');
  const old = files().find((file) => !file.endsWith(young.sha256)) ?? '';
  writeFileSync(`${old}.123.part`, 'half');
  const longAgo = new Date(Date.now() - 120_000);
  utimesSync(old, longAgo, longAgo);
  utimesSync(`${old}.123.part`, longAgo, longAgo);
  expect(await artifacts.prune()).toBe(2);
  expect(files().map((file) => file.split('/').at(-1))).toEqual([young.sha256]);
});

describe('with a key', () => {
  const KEY = 'a1'.repeat(32);
  const SECRET = 'the conversation of a customer';
  const MIB = 1024 * 1024;

  test('nothing of the content is in the file, and it comes back as it was', async () => {
    const artifacts = createArtifacts({ folder, key: KEY });
    const { sha256, bytes } = await artifacts.put(SECRET);
    expect(bytes).toBe(SECRET.length);
    expect(readFileSync(files()[0] ?? '').includes(SECRET.slice(0, 8))).toBe(false);
    expect(statSync(files()[0] ?? '').mode & 0o077).toBe(0);
    expect((await artifacts.get(sha256))?.toString()).toBe(SECRET);
  });

  test.each([0, 1, 65_535, 65_536, 65_537, 131_072, 3 * MIB])('%i bytes come back as they were', async (size) => {
    const artifacts = createArtifacts({ folder, key: KEY });
    const content = randomBytes(size);
    const { sha256 } = await artifacts.putStream(chunksOf(content, 10_007));
    expect((await artifacts.get(sha256))?.equals(content)).toBe(true);
    expect(await artifacts.open(sha256)).toMatchObject({ bytes: size });
    expect(await artifacts.list()).toMatchObject([{ sha256, bytes: size, encrypted: true }]);
  });

  test('what was written before the key was set stays readable, and is encrypted when it is put again', async () => {
    const { sha256 } = await createArtifacts({ folder }).put(SECRET);
    const artifacts = createArtifacts({ folder, key: KEY });
    expect((await artifacts.get(sha256))?.toString()).toBe(SECRET);
    await artifacts.put(SECRET);
    expect(await artifacts.list()).toMatchObject([{ sha256, encrypted: true }]);
    expect(files()).toHaveLength(1);
  });

  test('another key, or none, is said to be that, before a byte is given out', async () => {
    const { sha256 } = await createArtifacts({ folder, key: KEY }).put(SECRET);
    for (const [options, said] of [
      [{ folder, key: 'b2'.repeat(32) }, 'another key'],
      [{ folder }, 'no key is set'],
    ] as const) {
      const wrong = { code: 'forbidden', message: expect.stringContaining(said), fix: expect.stringContaining('KEY') };
      await expect(createArtifacts(options).get(sha256)).rejects.toMatchObject(wrong);
    }
  });

  test.each([
    ['a changed byte', (file: Buffer) => Buffer.concat([file.subarray(0, -40), Buffer.from('x'), file.subarray(-39)])],
    ['a changed header', (file: Buffer) => Buffer.concat([Buffer.from('K'), file.subarray(1)])],
    ['a cut end', (file: Buffer) => file.subarray(0, -1)],
    ['a cut last piece', (file: Buffer) => file.subarray(0, HEADER_BYTES + 65_536 + 16)],
    ['no piece at all', (file: Buffer) => file.subarray(0, HEADER_BYTES)],
    [
      'a piece twice',
      (file: Buffer) => Buffer.concat([file.subarray(0, HEADER_BYTES + 65_552), file.subarray(HEADER_BYTES)]),
    ],
  ])('%s is found', async (_, alter) => {
    const artifacts = createArtifacts({ folder, key: KEY });
    const { sha256 } = await artifacts.put(randomBytes(100_000));
    const file = files()[0] ?? '';
    writeFileSync(file, alter(readFileSync(file)));
    await expect(collect((await artifacts.open(sha256))?.content)).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('altered'),
      where: expect.stringContaining(sha256),
    });
    expect(await artifacts.get(sha256)).toBeNull();
  });
});

describe('in pieces', () => {
  test('content over the limit is refused while it comes, and leaves nothing', async () => {
    const artifacts = createArtifacts({ folder });
    const endless = chunksOf(randomBytes(100_000), 1_000);
    await expect(artifacts.putStream(endless, { maxBytes: 5_000 })).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('too large'),
    });
    expect(files()).toEqual([]);
  });

  test('a source that breaks off leaves nothing, and its own error is told', async () => {
    async function* breaking() {
      yield Buffer.from('half');
      throw new Error('the connection ended');
    }
    await expect(createArtifacts({ folder }).putStream(breaking())).rejects.toThrow('the connection ended');
    expect(files()).toEqual([]);
  });

  test('an altered file ends with an error that names it', async () => {
    const artifacts = createArtifacts({ folder });
    const { sha256 } = await artifacts.put('content');
    writeFileSync(files()[0] ?? '', 'altered');
    await expect(collect((await artifacts.open(sha256))?.content)).rejects.toMatchObject({ code: 'invalid' });
  });
});

async function* chunksOf(content: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let from = 0; from < content.length; from += size) yield content.subarray(from, from + size);
}

async function collect(content: AsyncIterable<Buffer> = chunksOf(Buffer.alloc(0), 1)): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}
