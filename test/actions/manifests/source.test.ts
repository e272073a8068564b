import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readManifests } from '../../../src/actions/manifests/source.ts';
import { type FakeApiServer, startApiServer } from '../../checks/api-server.ts';
import { contextFor } from '../action-context.ts';

const target = { namespace: 'kosmos', kind: 'Deployment', name: 'zeus' };
const SERVICE = 'apiVersion: v1\nkind: Service\nmetadata: { name: zeus }\n';
let folder: string;
let server: FakeApiServer;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kintsugi-manifests-'));
  await mkdir(join(folder, 'runbooks'));
  await mkdir(join(folder, 'k8s/agents/zeus'), { recursive: true });
  server = await startApiServer({
    '/api/v1/namespaces/kosmos/configmaps/zeus-manifests': { data: { 'b.yaml': SERVICE, readme: 'no manifest' } },
  });
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

function read(from: string) {
  return readManifests(contextFor(server.kubernetes, target, { runbooks: join(folder, 'runbooks') }), from);
}

describe('the source of manifests', () => {
  test("is a folder beside the runbooks, named after the target, in the order of its files' names", async () => {
    await writeFile(join(folder, 'k8s/agents/zeus/2.yaml'), SERVICE);
    await writeFile(
      join(folder, 'k8s/agents/zeus/1.json'),
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}',
    );
    await writeFile(join(folder, 'k8s/agents/zeus/README.md'), 'no manifest');
    expect((await read('k8s/agents/$name/')).map(({ where }) => where)).toEqual([
      'k8s/agents/zeus/1.json:1',
      'k8s/agents/zeus/2.yaml:1',
    ]);
  });

  test('is a ConfigMap, of the target namespace where none is named', async () => {
    for (const from of ['configMap:$name-manifests', 'configMap:kosmos/zeus-manifests'])
      expect((await read(from)).map(({ where }) => where)).toEqual(['ConfigMap kosmos/zeus-manifests, b.yaml:1']);
  });

  test('is nothing outside of that folder, neither by a path nor by a link', async () => {
    await symlink(tmpdir(), join(folder, 'k8s/agents/elsewhere'));
    for (const from of ['k8s/../../', 'k8s/agents/elsewhere'])
      await expect(read(from)).rejects.toMatchObject({
        code: 'invalid',
        message: expect.stringContaining('leads out'),
      });
  });

  test('must hold a manifest', async () => {
    for (const from of ['k8s/agents/zeus', 'k8s/agents/hermes'])
      await expect(read(from)).rejects.toMatchObject({ code: 'not-found', retryable: false });
  });
});
