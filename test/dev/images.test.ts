import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { imageConfiguration, writeArchive } from '../../dev/images/archive.ts';
import { IMAGES } from '../../dev/images/catalogue.ts';
import { imageRevision } from '../../dev/images/ensure.ts';
import { layerKey } from '../../dev/images/layers.ts';
import { provideImages } from '../../dev/images/provide.ts';

const IMAGE_FOLDER = join(import.meta.dirname, '..', '..', 'dev', 'images');
const silent = () => {};

describe('the bad build of agent-bruno', () => {
  const requirements = (file: string) =>
    readFileSync(join(IMAGE_FOLDER, 'agent-bruno', file), 'utf8')
      .trim()
      .split('\n');

  test('lacks exactly one package, and the program imports it', () => {
    const good = requirements('requirements.txt');
    const bad = requirements('requirements-v2.txt');
    const lost = good.filter((line) => !bad.includes(line)).map((line) => line.split('==')[0]);
    expect(lost).toEqual(['requests']);
    expect(bad.every((line) => good.includes(line))).toBe(true);
    expect(readFileSync(join(IMAGE_FOLDER, 'agent-bruno', 'src', 'main.py'), 'utf8')).toMatch(/^import requests$/m);
  });

  test('differs from the good one in its tag and its packages only', () => {
    const good = IMAGES['agent-bruno:latest'];
    const bad = IMAGES['agent-bruno:v2-missing-package'];
    expect(bad.config).toEqual(good.config);
    expect(bad.layers.filter((layer, index) => JSON.stringify(layer) !== JSON.stringify(good.layers[index]))).toEqual([
      { kind: 'python', requirements: 'agent-bruno/requirements-v2.txt' },
    ]);
  });
});

test("the image of KOSMOS' agents shares its base and its packages with Agent Bruno's, so that a node stores them once", () => {
  const [base, packages] = IMAGES['agent-bruno:latest'].layers;
  expect(IMAGES['kosmos-agent'].layers.slice(0, 2)).toEqual([base, packages]);
});

test('the images are left to a cluster of the user’s own, which pulls them from where it does, and that is said', async () => {
  const before = process.env.KINTSUGI_DEV_KUBECONFIG;
  process.env.KINTSUGI_DEV_KUBECONFIG = '/nowhere/config';
  const said: string[] = [];
  try {
    await provideImages({ registry: undefined }, ['redis'], (line) => said.push(line));
  } finally {
    if (before === undefined) delete process.env.KINTSUGI_DEV_KUBECONFIG;
    else process.env.KINTSUGI_DEV_KUBECONFIG = before;
  }
  expect(said).toEqual([
    'the cluster of KINTSUGI_DEV_KUBECONFIG pulls these images by itself, from its nodes or its registry: docker.io/library/redis:7.0',
  ]);
});

describe('a docker-archive', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kintsugi-images-test-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const member = (archive: string, name: string) => execFileSync('tar', ['-xOf', archive, name]);
  const sha256 = (content: string | Buffer) => createHash('sha256').update(content).digest('hex');

  test('names its layers and its configuration by their digests, the lowest layer first', async () => {
    const layers = ['base', 'program'].map((content) => {
      writeFileSync(join(folder, content), content);
      return join(folder, content);
    });
    const archive = join(folder, 'image.tar');
    const labels = { 'org.opencontainers.image.revision': 'abc' };
    await writeArchive(archive, { reference: 'ghcr.io/some/one:1', config: { Cmd: ['run'] }, labels, layers });

    const manifest: unknown = JSON.parse(member(archive, 'manifest.json').toString());
    const expected = imageConfiguration({ Cmd: ['run'] }, labels, [sha256('base'), sha256('program')]);
    expect(manifest).toEqual([
      {
        Config: `${sha256(expected)}.json`,
        RepoTags: ['ghcr.io/some/one:1'],
        Layers: [`${sha256('base')}.tar`, `${sha256('program')}.tar`],
      },
    ]);
    expect(member(archive, `${sha256(expected)}.json`).toString()).toBe(expected);
    expect(member(archive, `${sha256('program')}.tar`).toString()).toBe('program');
  });

  test('is the same, byte for byte, when it is made again', async () => {
    writeFileSync(join(folder, 'layer'), 'content');
    const content = { reference: 'a:1', config: { Cmd: ['run'] }, labels: {}, layers: [join(folder, 'layer')] };
    await writeArchive(join(folder, 'first.tar'), content);
    await writeArchive(join(folder, 'second.tar'), content);
    expect(readFileSync(join(folder, 'first.tar')).equals(readFileSync(join(folder, 'second.tar')))).toBe(true);
  });
});

test("an image's revision looks like a commit and changes with any of its layers", () => {
  const image = IMAGES['agent-bruno:latest'];
  const revision = imageRevision(image, [{ key: 'a' }, { key: 'b' }]);
  expect(revision).toMatch(/^[0-9a-f]{40}$/);
  expect(imageRevision(image, [{ key: 'a' }, { key: 'b' }])).toBe(revision);
  expect(imageRevision(image, [{ key: 'a' }, { key: 'c' }])).not.toBe(revision);
});

test("a layer's key depends on the content of its files and not on when they were written", async () => {
  const key = (from: string) => layerKey({ kind: 'files', files: [{ from, to: '/app' }] }, silent);
  expect(await key('agent-bruno/src')).toBe(await key('agent-bruno/src'));
  expect(await key('agent-bruno/src')).not.toBe(await key('ollama/server.py'));
  const packages = (requirements: string) => layerKey({ kind: 'python', requirements }, silent);
  expect(await packages('agent-bruno/requirements.txt')).not.toBe(await packages('agent-bruno/requirements-v2.txt'));
});
