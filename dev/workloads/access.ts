/** Gives Kintsugi on the development cluster exactly the rights that deploy/kubernetes gives it anywhere. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KubernetesObjectApi, PatchStrategy } from '@kubernetes/client-node';
import { parseAllDocuments } from 'yaml';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { FIELD_MANAGER } from './deploy.ts';
import { DEVELOPMENT_LABEL } from './namespaces.ts';
import { type Manifest, manifestSchema } from './render.ts';

const DEPLOY = join(import.meta.dirname, '..', '..', 'deploy', 'kubernetes');

/**
 * Makes Kintsugi's namespace and its rights to look; with `actIn` also its rights to act in those namespaces.
 * @param actIn namespaces that exist; none for a Kintsugi that can only observe
 */
export async function grantKintsugi(kube: Kubernetes, { actIn = [] }: { actIn?: string[] } = {}): Promise<void> {
  const objects = [
    ...readDeployed('namespace.yaml').map(ownNamespace),
    ...readDeployed('observe.yaml'),
    ...(actIn.length === 0 ? [] : readDeployed('act.yaml')),
    ...actIn.flatMap((name) =>
      ['act-in-namespace.yaml', 'copy-secret-in-namespace.yaml'].flatMap((file) =>
        inNamespace(readDeployed(file), name),
      ),
    ),
  ];
  const client = KubernetesObjectApi.makeApiClient(kube.config);
  for (const object of objects) {
    await client.patch(object, undefined, undefined, FIELD_MANAGER, true, PatchStrategy.ServerSideApply);
  }
}

/** The objects of a file of deploy/kubernetes. */
export function readDeployed(file: string): Manifest[] {
  const text = readFileSync(join(DEPLOY, file), 'utf8');
  return parseAllDocuments(text).map((document) => manifestSchema.parse(document.toJS()));
}

/** Marks Kintsugi's namespace as one that the development tools made (safety 27). */
function ownNamespace(object: Manifest): Manifest {
  if (object.kind !== 'Namespace') return object;
  return { ...object, metadata: { ...object.metadata, labels: DEVELOPMENT_LABEL } };
}

function inNamespace(objects: Manifest[], namespace: string): Manifest[] {
  return objects.map((object) => ({ ...object, metadata: { ...object.metadata, namespace } }));
}
