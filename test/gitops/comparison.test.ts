import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { compareWithGit } from '../../src/activities/git-comparison.ts';
import type { GitComparison, Hold, Plan } from '../../src/recovery/values.ts';
import { secrets } from '../actions/secrets.ts';
import { type FakeApi, startFakeApi } from '../kubernetes/fake-api.ts';
import { holdPlan, raisePlan } from '../recovery/samples.ts';

const KUSTOMIZATION = 'GET /apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/apps';
const SOURCE = 'GET /apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories/homelab';
const RELEASE = 'GET /apis/helm.toolkit.fluxcd.io/v2/namespaces/bruno/helmreleases/bruno';
const SECRET = 'GET /api/v1/namespaces/bruno/secrets/sh.helm.release.v1.bruno.v3';

const manifest = (limit: string) => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: agent-bruno}
spec: {template: {spec: {containers: [{name: agent-bruno, resources: {limits: {memory: ${limit}}}}]}}}
`;

let api: FakeApi;
beforeEach(async () => {
  api = await startFakeApi();
});
afterEach(() => api.close());

function compared(hold: Partial<Hold> = {}): Promise<GitComparison> {
  const plan: Plan = { ...holdPlan, ...(holdPlan.hold === undefined ? {} : { hold: { ...holdPlan.hold, ...hold } }) };
  const signal = new AbortController().signal;
  return compareWithGit({ kubernetes: api.kubernetes, secrets }, { plan, changes: [raisePlan] }, signal);
}

describe('a hold on what a Kustomization owns', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kintsugi-comparison-'));
  const metadata = { name: 'apps', namespace: 'flux-system', uid: 'u', resourceVersion: '1' };
  const spec = { path: './bruno', sourceRef: { kind: 'GitRepository', name: 'homelab' } };
  let archive = Buffer.alloc(0);
  const server = createServer((_, response) => response.end(archive));

  beforeEach(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    api.answers[KUSTOMIZATION] = { metadata, spec };
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  });

  test.each([
    ['1Gi', 'differs'],
    ['2Gi', 'equal'],
    ['2048Mi', 'equal'],
  ] as const)('compares the artifact of its source: %s in Git %s', async (limit, git) => {
    await offer(limit);
    expect(await compared()).toMatchObject({ git });
  });

  test('does not know what an artifact says that is not what its digest says', async () => {
    await offer('2Gi', `sha256:${'0'.repeat(64)}`);
    expect(await compared()).toMatchObject({ git: 'unknown', saw: expect.stringContaining('digest') });
  });

  test('does not know what Git says where the source may not be read, or the owner is gone', async () => {
    api.answers[SOURCE] = 403;
    expect(await compared()).toMatchObject({ git: 'unknown', saw: expect.stringContaining('cannot be read') });
    api.answers[KUSTOMIZATION] = 404;
    expect(await compared()).toMatchObject({ git: 'unknown' });
  });

  async function offer(limit: string, digest?: string): Promise<void> {
    const root = mkdtempSync(join(tmpdir(), 'kintsugi-tree-'));
    writeFileSync(join(root, 'app.yaml'), manifest(limit));
    await execa('tar', ['-czf', join(root, 'a.tgz'), '--transform=s,^,./bruno/,', '-C', root, 'app.yaml']);
    archive = readFileSync(join(root, 'a.tgz'));
    rmSync(root, { recursive: true });
    const sum = createHash('sha256').update(archive).digest('hex');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const artifact = {
      url: `http://127.0.0.1:${port}/a.tgz`,
      revision: 'main@sha1:1',
      digest: digest ?? `sha256:${sum}`,
    };
    api.answers[SOURCE] = { status: { artifact } };
  }
});

describe('a hold on what a HelmRelease owns', () => {
  const hold: Partial<Hold> = { tool: 'flux-helm-release', owner: 'HelmRelease bruno/bruno' };

  test.each([
    ['1Gi', 'differs'],
    ['2Gi', 'equal'],
  ] as const)('compares the manifest of the deployed release: %s %s', async (limit, git) => {
    const deployed = { name: 'bruno', version: 3, status: 'deployed', chartVersion: '1', configDigest: 'd' };
    const metadata = { name: 'bruno', namespace: 'bruno', uid: 'u', resourceVersion: '1' };
    api.answers[RELEASE] = { metadata, spec: {}, status: { storageNamespace: 'bruno', history: [deployed] } };
    const packed = gzipSync(JSON.stringify({ manifest: `---\n${manifest(limit)}` })).toString('base64');
    api.answers[SECRET] = { data: { release: Buffer.from(packed).toString('base64') } };
    expect(await compared(hold)).toMatchObject({ git });
  });
});
