/** Gives Kintsugi on the development cluster exactly the rights that deploy/kubernetes gives it anywhere. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KubernetesObjectApi, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { parseAllDocuments } from 'yaml';
import { messageOf } from '../../src/errors.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { FIELD_MANAGER } from './deploy.ts';
import { DEVELOPMENT_LABEL } from './namespaces.ts';
import { type Manifest, manifestSchema } from './render.ts';
import { waitFor } from './wait.ts';

const LOOK_FROM_BESIDE = 'ephemeral-containers-in-namespace.yaml';
const DEPLOY = join(import.meta.dirname, '..', '..', 'deploy', 'kubernetes');

/**
 * Makes Kintsugi's namespace and its rights to look; with `actIn` also its rights to act in those namespaces.
 * @param actIn namespaces that exist; none for a Kintsugi that can only observe
 */
export async function grantKintsugi(kube: Kubernetes, { actIn = [] }: { actIn?: string[] } = {}): Promise<void> {
  const objects = [
    ...readDeployed('namespace.yaml').map(ownNamespace),
    ...readDeployed('observe.yaml'),
    // Its policies before those of act.yaml, whose last one is waited for.
    ...(actIn.length === 0 ? [] : readDeployed('act-on-volumes.yaml').filter(({ kind }) => kind !== 'RoleBinding')),
    ...(actIn.length === 0 ? [] : readDeployed(LOOK_FROM_BESIDE).filter(isPolicy)),
    ...(actIn.length === 0 ? [] : readDeployed('reset-in-namespace.yaml').filter(isPolicy)),
    ...(actIn.length === 0 ? [] : readDeployed('act.yaml')),
    ...actIn.flatMap((name) =>
      inNamespace(
        readDeployed('act-on-volumes.yaml').filter(({ kind }) => kind === 'RoleBinding'),
        name,
      ),
    ),
    ...actIn.flatMap((name) =>
      inNamespace(
        readDeployed(LOOK_FROM_BESIDE).filter((object) => !isPolicy(object)),
        name,
      ),
    ),
    ...actIn.flatMap((name) =>
      ['act-in-namespace.yaml', 'copy-secret-in-namespace.yaml', 'exec-in-namespace.yaml'].flatMap((file) =>
        inNamespace(readDeployed(file), name),
      ),
    ),
    ...actIn.flatMap((name) =>
      inNamespace(
        readDeployed('reset-in-namespace.yaml').filter((object) => !isPolicy(object)),
        name,
      ),
    ),
  ];
  const client = KubernetesObjectApi.makeApiClient(kube.config);
  for (const object of objects) {
    await client.patch(object, undefined, undefined, FIELD_MANAGER, true, PatchStrategy.ServerSideApply);
  }
  const [first] = actIn;
  if (first !== undefined) await untilPoliciesHold(kube, first);
}

/**
 * Waits until the API server enforces act.yaml's admission policies: it takes them in some time after they are stored, and the
 * one on Secrets, asked for here, is its last.
 */
async function untilPoliciesHold(kube: Kubernetes, namespace: string): Promise<void> {
  const refusal = 'Kintsugi creates Secrets only as copies of pull secrets';
  const attempt = {
    namespace,
    dryRun: 'All',
    body: { metadata: { name: 'kintsugi-policy-probe' }, stringData: { a: 'b' } },
  };
  await waitFor({ what: 'the admission policies of deploy/kubernetes/act.yaml', seconds: 60 }, async () => {
    const answer = await kube.core
      .createNamespacedSecret(attempt, setHeaderOptions('Impersonate-User', 'kintsugi'))
      .then(
        () => 'the API server still let it pass',
        (error: unknown) => messageOf(error),
      );
    return answer.includes(refusal) ? undefined : answer;
  });
}

/** Of admission, which belongs to no namespace. */
function isPolicy({ kind }: Manifest): boolean {
  return kind.startsWith('ValidatingAdmissionPolicy');
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
