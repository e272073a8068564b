/** What Flux's controllers take their manifests and charts from: tarballs on an HTTP server, told by ExternalArtifacts. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CustomObjectsApi, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { run } from '../build/commands.ts';
import { applyObjects, loadKubeconfig } from '../cluster/api.ts';

const GROUP = { group: 'source.toolkit.fluxcd.io', version: 'v1', plural: 'externalartifacts' };

/** One state of what would be in Git: file names, with folders, to their content. */
export type Tree = Record<string, string>;

export interface Artifacts {
  /** Makes or moves an ExternalArtifact to a new state. A chart's revision is its version with the digest, as OCI has it. */
  publish(source: { namespace: string; name: string }, tree: Tree, version?: string): Promise<void>;
  stop(): Promise<void>;
}

/** Serves on a free loopback port. */
export async function startArtifacts(kubeconfig: string): Promise<Artifacts> {
  const folder = mkdtempSync(join(tmpdir(), 'kintsugi-artifacts-'));
  const served = new Map<string, Buffer>();
  const server = createServer((request, response) => {
    const bytes = served.get(request.url ?? '');
    response.writeHead(bytes === undefined ? 404 : 200, { 'content-type': 'application/gzip' }).end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    async publish({ namespace, name }, tree, version) {
      const bytes = await packed(folder, tree);
      const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
      const path = `/${namespace}/${name}/${digest.slice(7, 19)}.tar.gz`;
      served.set(path, bytes);
      const revision = version === undefined ? digest : `${version}@${digest}`;
      const artifact = {
        url: `http://127.0.0.1:${port}${path}`,
        digest,
        revision,
        path: path.slice(1),
        size: bytes.length,
      };
      await tell(kubeconfig, { namespace, name }, artifact);
    },
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function packed(folder: string, tree: Tree): Promise<Buffer> {
  const root = mkdtempSync(join(folder, 'tree-'));
  for (const [name, content] of Object.entries(tree)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  const archive = `${root}.tar.gz`;
  await run('tar', ['-czf', archive, '--sort=name', '--mtime=@0', '--owner=0', '--group=0', '-C', root, '.']);
  return readFileSync(archive);
}

async function tell(
  kubeconfig: string,
  { namespace, name }: { namespace: string; name: string },
  artifact: { url: string; digest: string; revision: string; path: string; size: number },
): Promise<void> {
  await applyObjects(kubeconfig, [
    { apiVersion: `${GROUP.group}/${GROUP.version}`, kind: 'ExternalArtifact', metadata: { name, namespace } },
  ]);
  const api = loadKubeconfig(kubeconfig).makeApiClient(CustomObjectsApi);
  const now = new Date().toISOString();
  const ready = {
    type: 'Ready',
    status: 'True',
    reason: 'Succeeded',
    message: artifact.revision,
    lastTransitionTime: now,
  };
  await api.patchNamespacedCustomObjectStatus(
    {
      ...GROUP,
      namespace,
      name,
      body: { status: { artifact: { ...artifact, lastUpdateTime: now }, conditions: [ready] } },
    },
    setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
  );
}
