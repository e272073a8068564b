/** The workloads' manifests as API objects, for the namespaces, the registry and the storage classes of one cluster. */
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

/** The parts of the workloads: each is one manifest. */
export const PARTS = {
  redis: { file: 'redis.yaml', namespace: 'redis' },
  mongodb: { file: 'mongodb.yaml', namespace: 'mongodb' },
  ollama: { file: 'ollama.yaml', namespace: 'ollama' },
  bruno: { file: 'agent-bruno.yaml', namespace: 'bruno' },
  'kosmos-agent-runtime': { file: 'kosmos-agent-runtime.yaml', namespace: 'kosmos' },
  'hermes-agent': { file: 'kosmos-hermes-agent.yaml', namespace: 'kosmos' },
  'zeus-orchestrator': { file: 'kosmos-zeus-orchestrator.yaml', namespace: 'kosmos' },
} as const satisfies Record<string, { file: string; namespace: keyof Namespaces }>;
export type Part = keyof typeof PARTS;

/** What a cluster has that the manifests ask for. */
export interface ClusterOffer {
  /** Without it the images are on the node already: nothing is pulled, and no pull secret is made. */
  registry?: RegistryLogin | undefined;
  /** The names of its storage classes: a claim that asks for another one gets the default. */
  storageClasses?: readonly string[];
}

/** One part's objects: its namespace, the pull secret and what its manifest holds. */
export function renderPart(
  part: Part,
  namespaces: Namespaces,
  { registry, storageClasses = [] }: ClusterOffer,
): Manifest[] {
  const { file } = PARTS[part];
  const namespace = namespaces[PARTS[part].namespace];
  const objects = readManifests(file, namespaces).map((object) => ({
    ...object,
    metadata: { ...object.metadata, namespace },
  }));
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels: DEVELOPMENT_LABEL } },
    ...(registry === undefined ? [] : [pullSecret(namespace, registry)]),
    ...objects.map((object) => withStorage(withPulls(object, registry !== undefined), storageClasses)),
  ];
}

/** Reads a manifest file, with the cluster's names of the Services in place of the published ones. */
function readManifests(file: string, namespaces: Namespaces): Manifest[] {
  const text = readFileSync(join(import.meta.dirname, 'manifests', file), 'utf8').replace(
    /\.(redis|mongodb|ollama)\.svc\.cluster\.local/g,
    (whole, key: string) => (isKey(key, namespaces) ? `.${namespaces[key]}.svc.cluster.local` : whole),
  );
  return parseAllDocuments(text).map((document) => manifestSchema.parse(document.toJS()));
}

function isKey(text: string, namespaces: Namespaces): text is keyof Namespaces {
  return text in namespaces;
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

const claimSchema = z.looseObject({ spec: z.looseObject({ storageClassName: z.string().optional() }) });
const claimTemplatesSchema = z.looseObject({ spec: z.looseObject({ volumeClaimTemplates: z.array(claimSchema) }) });

/** Leaves out the storage class of claims where the cluster does not have it. */
function withStorage(object: Manifest, classes: readonly string[]): Manifest {
  if (object.kind === 'PersistentVolumeClaim') return { ...object, ...claimFor(claimSchema.parse(object), classes) };
  const templates = claimTemplatesSchema.safeParse(object);
  if (!templates.success) return object;
  const { spec } = templates.data;
  const volumeClaimTemplates = spec.volumeClaimTemplates.map((claim) => claimFor(claim, classes));
  return { ...object, spec: { ...spec, volumeClaimTemplates } };
}

function claimFor(claim: z.infer<typeof claimSchema>, classes: readonly string[]): z.infer<typeof claimSchema> {
  const { storageClassName, ...rest } = claim.spec;
  if (storageClassName === undefined || !classes.includes(storageClassName)) return { ...claim, spec: rest };
  return claim;
}
