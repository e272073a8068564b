import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { checkHeaders } from '../../src/builds/builds.ts';
import { buildHook } from '../../src/builds/settings.ts';
import { readConfiguration } from '../../src/configuration/configuration.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kintsugi-build-settings-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function faultsOf(text: string): Promise<string[]> {
  const path = join(folder, 'kintsugi.yaml');
  await writeFile(path, text);
  return readConfiguration({ KINTSUGI_CONFIG: path }).faults.map(
    ({ name, message, fix }) => `${name.slice(path.length + 1)}: ${message}; ${fix}`,
  );
}

describe('build hooks in the configuration file', () => {
  test('are all judged at once, each with its place', async () => {
    const faults = await faultsOf(
      [
        'builds:',
        '  - { name: both, job: { namespace: builds, configMap: { name: a } }, http: { url: "https://ci.example" } }',
        '  - { name: neither }',
        '  - { name: slow, timeout: 2h, http: { url: "https://ci.example" } }',
        '  - { name: Bad, http: { url: ci.example, status: url } }',
        '  - { name: pod, job: { namespace: builds, manifest: { apiVersion: v1, kind: Pod } } }',
      ].join('\n'),
    );
    for (const [at, what] of [
      ['2:', 'either a job or an http call'],
      ['3:', 'either a job or an http call'],
      ['4:', 'a timeout from 1s to 30m'],
      ['5:', 'a name of lower-case letters'],
      ['5:', 'an address that begins with http'],
      ['5:', 'a JSON Pointer'],
      ['6:', 'kind'],
    ] as const)
      expect(faults).toContainEqual(expect.stringMatching(new RegExp(`^${at}.*${what}`)));
  });

  test('have names of their own', async () => {
    const twice = '{ name: ci, http: { url: "https://ci.example" } }';
    expect(await faultsOf(`builds: [${twice}, ${twice}]`)).toEqual([expect.stringContaining('a name of its own')]);
  });

  test('say which of their secret files cannot be used, all at once and without what stands in them', async () => {
    const wrong = join(folder, 'wrong-headers');
    await writeFile(wrong, 'Authorization: Bearer good\nsecret without a name\n');
    const hook = (name: string, headersFile: string) =>
      buildHook.parse({ name, http: { url: 'https://ci.example', headersFile } });
    const check = () => checkHeaders([hook('a', join(folder, 'none')), hook('b', wrong)]);
    expect(check).toThrow(
      /build hook a: the file with its headers cannot be read[\s\S]*build hook b: line 2 is no header/,
    );
    expect(check).toThrow(expect.not.stringContaining('secret without a name'));
  });
});
