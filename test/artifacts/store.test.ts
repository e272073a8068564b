import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
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
