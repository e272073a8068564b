import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { loadRunbook, loadRunbooks } from '../../src/runbook/load.ts';
import { catalogue } from './catalogue.ts';

const goodFile = join(import.meta.dirname, 'good.yaml');
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'runbooks-'));
  await copyFile(goodFile, join(dir, 'good.yaml'));
});
afterEach(() => rm(dir, { recursive: true }));

test('a runbook is read with the digest of its file and with every $name replaced', async () => {
  const { name, digest, runbook } = await loadRunbook(dir, 'good', catalogue);
  const sha256 = createHash('sha256')
    .update(await readFile(goodFile))
    .digest('hex');
  expect({ name, digest }).toEqual({ name: 'good', digest: sha256 });
  expect(runbook.spec.causes[0]?.remedies[0]?.actions[0]).toEqual({
    'set-resources': { container: 'web', memory: { limit: '2Gi' } },
  });
  expect(runbook.spec.settle).toBe('30m');
});

test('an unknown name says which names there are', async () => {
  await expect(loadRunbook(dir, 'goood', catalogue)).rejects.toMatchObject({
    code: 'not-found',
    retryable: false,
    where: dir,
    fix: 'use one of: good',
  });
});

test('a name cannot lead out of the folder', async () => {
  await expect(loadRunbook(join(dir, '.'), '../good', catalogue)).rejects.toMatchObject({ code: 'not-found' });
});

test('a faulty runbook is refused with all of its faults', async () => {
  const text = await readFile(goodFile, 'utf8');
  await writeFile(
    join(dir, 'bad.yaml'),
    text.replace('name: good', 'name: bad').replace('of: redis', 'of: redsi').replace('symptom', 'symtom'),
  );
  await expect(loadRunbook(dir, 'bad', catalogue)).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringMatching(
      /symptom" is missing(?:.|\n)*unknown key "symtom"(?:.|\n)*no dependency is named "redsi"/,
    ),
  });
});

test('one faulty file does not hide the others', async () => {
  await writeFile(join(dir, 'broken.yaml'), 'kind: Runbook\n');
  await writeFile(join(dir, 'notes.txt'), 'not a runbook');
  const { runbooks, faults } = await loadRunbooks(dir, catalogue);
  expect(runbooks.map(({ name }) => name)).toEqual(['good']);
  expect(new Set(faults.map(({ file }) => file))).toEqual(new Set([join(dir, 'broken.yaml')]));
});

test('a folder that is not there says which setting names it', async () => {
  await expect(loadRunbooks(join(dir, 'nowhere'), catalogue)).rejects.toMatchObject({
    code: 'not-found',
    fix: expect.stringContaining('KINTSUGI_RUNBOOKS'),
  });
});
