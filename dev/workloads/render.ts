/** The manifests of Agent Bruno's world as API objects, for the namespaces and the registry of one cluster. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { DEVELOPMENT_LABEL, type Namespaces } from './namespaces.ts';

/** Who may pull from the registry that stands in for ghcr.io and docker.io. */
export interface RegistryLogin {
  user: string;
  password: string;
}

const PULL_SECRET = 'ghcr-secret';
/** The hosts that the images' references name; containerd asks the local registry in their place. */
const REGISTRY_HOSTS = ['ghcr.io', 'docker.io'];

/** What every API object has. */
export const manifestSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().exactOptional() }),
});

/** An object as a manifest writes it. */
export type Manifest = z.infer<typeof manifestSchema>;

/** The parts of the world, in the order in which they have to be ready. */
export type Part = keyof Namespaces;
const FILES: Record<Part, string> = {
  redis: 'redis.yaml',
  mongodb: 'mongodb.yaml',
  ollama: 'ollama.yaml',
  bruno: 'agent-bruno.yaml',
};

/**
 * One part's objects: its namespace, the pull secret and what its manifest holds.
 * @param login without it the images are on the node already: nothing is pulled, and no pull secret is made
 */
export function renderPart(part: Part, namespaces: Namespaces, login: RegistryLogin | undefined): Manifest[] {
  const namespace = namespaces[part];
  const objects = readManifests(FILES[part], namespaces).map((object) => ({
    ...object,
    metadata: { ...object.metadata, namespace },
  }));
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels: DEVELOPMENT_LABEL } },
    ...(login === undefined ? [] : [pullSecret(namespace, login)]),
    ...objects.map((object) => withPulls(object, login !== undefined)),
  ];
}

/** Reads a manifest file, with the cluster's names of the Services in place of the published ones. */
function readManifests(file: string, namespaces: Namespaces): Manifest[] {
  const text = readFileSync(join(import.meta.dirname, 'manifests', file), 'utf8').replace(
    /\.(redis|mongodb|ollama)\.svc\.cluster\.local/g,
    (whole, part: string) => (isPart(part) ? `.${namespaces[part]}.svc.cluster.local` : whole),
  );
  return parseAllDocuments(text).map((document) => manifestSchema.parse(document.toJS()));
}

function isPart(text: string): text is Part {
  return text in FILES;
}

function pullSecret(namespace: string, login: RegistryLogin): Manifest {
  const auth = { ...login, auth: Buffer.from(`${login.user}:${login.password}`).toString('base64') };
  const auths = Object.fromEntries(
    REGISTRY_HOSTS.map((host) => [host, { username: auth.user, password: auth.password, auth: auth.auth }]),
  );
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: PULL_SECRET, namespace },
    type: 'kubernetes.io/dockerconfigjson',
    stringData: { '.dockerconfigjson': JSON.stringify({ auths }) },
  };
}

const workloadSchema = z.looseObject({
  spec: z.looseObject({
    template: z.looseObject({
      spec: z.looseObject({ containers: z.array(z.looseObject({ imagePullPolicy: z.string().optional() })) }),
    }),
  }),
});

/** Gives a workload the pull secret, or, where images are loaded and not pulled, the policy that allows it. */
function withPulls(object: Manifest, pulled: boolean): Manifest {
  if (object.kind !== 'Deployment' && object.kind !== 'StatefulSet') return object;
  const { spec } = workloadSchema.parse(object);
  const pod = spec.template.spec;
  const changed = pulled
    ? { ...pod, imagePullSecrets: [{ name: PULL_SECRET }] }
    : {
        ...pod,
        imagePullSecrets: [],
        containers: pod.containers.map((container) => ({ ...container, imagePullPolicy: 'IfNotPresent' })),
      };
  return { ...object, spec: { ...spec, template: { ...spec.template, spec: changed } } };
}
