import type { ServerResponse } from 'node:http';
import { expect } from '@jest/globals';
import type { ActionContext } from '../../src/actions/action.ts';
import { actionNamed } from '../../src/actions/parameters.ts';
import { createSecrets } from '../../src/actions/write/secrets.ts';
import type { Baseline } from '../../src/activities/baseline.ts';
import type { BuildHook, BuildState } from '../../src/builds/build.ts';
import type { BuildNote } from '../../src/builds/notes.ts';
import { templateHash } from '../../src/kubernetes/template.ts';
import type { Json, Plan } from '../../src/recovery/values.ts';
import { type FakeApiServer, type Route, startApiServer } from '../checks/api-server.ts';
import { type SeenRequest, startServer, type TestServer } from '../http/server.ts';
import { contextFor, finding } from './action-context.ts';

/** A Deployment shop/app whose image is `registry.invalid/team/app`, a registry that wants a password, and what was healthy. */

export const REPOSITORY = 'registry.invalid/team/app';
export const HEALTHY = `sha256:${'a'.repeat(64)}`;
export const RUNNING = `sha256:${'b'.repeat(64)}`;
export const BUILT = `sha256:${'c'.repeat(64)}`;
export const PASSWORD = 'pass word of the registry';
export const target = { namespace: 'shop', kind: 'Deployment', name: 'app' };
export const secretPath = (namespace: string, name = 'pull') => `/api/v1/namespaces/${namespace}/secrets/${name}`;

const paths = {
  deployment: '/apis/apps/v1/namespaces/shop/deployments/app',
  replicaSets: '/apis/apps/v1/namespaces/shop/replicasets',
  pods: '/api/v1/namespaces/shop/pods',
};

/** What the tests change. */
export interface World {
  api: FakeApiServer;
  registry: TestServer;
  /** Tags and digests that the registry has, each with the commit of its image. */
  images: Record<string, string | undefined>;
  /** How the registry answers in place of giving images. */
  broken: ((response: ServerResponse) => void) | null;
  image: string;
  /** The digest that the failing pod runs; null: nothing was pulled. */
  running: string | null;
  /** A ready pod of an older revision. */
  older: boolean;
  baseline: Baseline | null;
  notes: Map<string, BuildNote>;
  hooks: BuildHook[];
  close(): Promise<void>;
}

export async function startWorld(): Promise<World> {
  const api = await startApiServer({});
  const world: World = {
    api,
    registry: await startServer((request, response) => answer(world, request, response)),
    images: { latest: 'f00', [HEALTHY]: 'c0ffee', [RUNNING]: 'f00', [BUILT]: 'f00' },
    broken: null,
    image: `${REPOSITORY}:latest`,
    running: RUNNING,
    older: false,
    baseline: null,
    notes: new Map(),
    hooks: [],
    close: async () => {
      await world.registry.close();
      await api.close();
    },
  };
  const route =
    (body: () => object): Route =>
    (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body()));
    };
  api.routes[paths.deployment] = route(() => deployment(world));
  api.routes[paths.replicaSets] = route(() => ({
    items: [replicaSet(world, 2), ...(world.older ? [replicaSet(world, 1)] : [])],
  }));
  api.routes[paths.pods] = route(() => ({
    items: [pod(world, 2, false), ...(world.older ? [pod(world, 1, true)] : [])],
  }));
  api.routes[secretPath('shop')] = pullSecret('shop');
  world.baseline = healthyBaseline(world);
  return world;
}

export function pullSecret(namespace: string, over: object = {}): Route {
  const auths = { 'registry.invalid': { username: 'user', password: PASSWORD } };
  const data = { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') };
  const metadata = { name: 'pull', namespace, uid: `uid-${namespace}`, resourceVersion: '3' };
  return { metadata, type: 'kubernetes.io/dockerconfigjson', data, ...over };
}

function template(image: string) {
  return {
    metadata: { labels: { app: 'app' } },
    spec: { imagePullSecrets: [{ name: 'pull' }], containers: [{ name: 'app', image, imagePullPolicy: 'Always' }] },
  };
}

function deployment({ image }: World) {
  return {
    metadata: { name: 'app', namespace: 'shop', uid: 'uid-app', resourceVersion: '7', generation: 2, annotations: {} },
    spec: { replicas: 1, selector: { matchLabels: { app: 'app' } }, template: template(image) },
    status: { observedGeneration: 2, replicas: 1 },
  };
}

function replicaSet({ image }: World, revision: number) {
  return {
    metadata: {
      name: `app-${revision}`,
      namespace: 'shop',
      uid: `uid-app-${revision}`,
      creationTimestamp: '2025-10-15T11:00:00Z',
      labels: { 'pod-template-hash': String(revision) },
      annotations: { 'deployment.kubernetes.io/revision': String(revision) },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'app', uid: 'uid-app', controller: true }],
    },
    spec: { template: template(revision === 2 ? image : `${REPOSITORY}:before`) },
  };
}

function pod({ image, running }: World, revision: number, ready: boolean) {
  return {
    metadata: {
      name: `app-${revision}-x`,
      namespace: 'shop',
      uid: `uid-pod-${revision}`,
      labels: { app: 'app', 'pod-template-hash': String(revision) },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: `app-${revision}`,
          uid: `uid-app-${revision}`,
          controller: true,
        },
      ],
    },
    spec: template(image).spec,
    status: {
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      containerStatuses: [
        {
          name: 'app',
          image,
          imageID: running === null ? '' : `${REPOSITORY}@${ready ? HEALTHY : running}`,
          ready,
          restartCount: 3,
        },
      ],
    },
  };
}

/** Seen healthy with the present template, and the image by its digest. */
export function healthyBaseline({ image }: World, over: Partial<Baseline['containers'][number]> = {}): Baseline {
  return {
    target,
    seenAt: '2025-10-15T10:00:00.000Z',
    revision: '2',
    templateHash: templateHash(JSON.parse(JSON.stringify(template(image)))),
    replicas: 1,
    containers: [{ name: 'app', image: `${REPOSITORY}:latest`, digest: HEALTHY, env: {}, ...over }],
    references: {},
  };
}

function answer(world: World, request: SeenRequest, response: ServerResponse): void {
  if (world.broken !== null) {
    world.broken(response);
    return;
  }
  const basic = `Basic ${Buffer.from(`user:${PASSWORD}`).toString('base64')}`;
  if (request.headers.authorization !== basic) {
    response.writeHead(401, { 'www-authenticate': 'Basic realm="registry"' }).end();
    return;
  }
  const [, kind, name = ''] = /\/(manifests|blobs|tags)\/([^?]+)/.exec(request.path) ?? [];
  if (kind === 'tags')
    return void response.end(
      JSON.stringify({ tags: Object.keys(world.images).filter((tag) => !tag.startsWith('sha256:')) }),
    );
  const known = kind === 'blobs' ? Buffer.from(name, 'base64url').toString() : name;
  if (!(known in world.images)) return void response.writeHead(404).end();
  if (kind === 'blobs') {
    const Labels = { 'org.opencontainers.image.revision': world.images[known] };
    return void response.end(JSON.stringify({ config: { Labels } }));
  }
  const digest = known === 'latest' ? RUNNING : known;
  response.writeHead(200, {
    'content-type': 'application/vnd.oci.image.manifest.v1+json',
    'docker-content-digest': digest,
  });
  response.end(JSON.stringify({ config: { digest: Buffer.from(digest).toString('base64url') } }));
}

export function contextOf(world: World, over: Partial<ActionContext> = {}): ActionContext {
  const secrets = createSecrets('key', (text) => text);
  return contextFor(world.api.kubernetes, target, {
    secrets,
    finding: { ...finding, cause: 'application-startup-failure', container: 'app' },
    brokenSince: '2025-10-15T12:00:00Z',
    baselines: { secrets, read: async () => world.baseline, write: async () => undefined },
    mirrors: { 'registry.invalid': world.registry.url },
    builds: {
      hook: (name) => world.hooks.find((hook) => hook.name === name),
      names: world.hooks.map(({ name }) => name),
      notes: {
        read: async (key) => world.notes.get(key) ?? null,
        write: async (key, note) => void world.notes.set(key, note),
      },
    },
    ...over,
  });
}

/** Plans an action and sees to it that no plan holds the registry's password. */
export async function plan(
  world: World,
  name: string,
  params: { [key: string]: Json },
  over: Partial<ActionContext> = {},
): Promise<Plan> {
  const action = actionNamed(name);
  const made = await action.plan(contextOf(world, over), action.params.parse(params));
  expect(JSON.stringify(made)).not.toContain(PASSWORD);
  return made;
}

/** A hook that tells these states one after the other, the last one again and again; it counts its starts. */
export function hook(states: BuildState[], timeoutSeconds = 60): BuildHook & { starts: number } {
  const left = [...states];
  return {
    name: 'ci',
    timeoutSeconds,
    pollSeconds: 0.01,
    starts: 0,
    describe: (order) => ({ type: 'effect', what: `builds ${order.image} from commit ${order.commit}` }),
    async start(_context, order, handle) {
      if (handle === null) this.starts += 1;
      return handle ?? order.key;
    },
    async look() {
      const next = left.length > 1 ? left.shift() : left[0];
      if (next === undefined) throw new Error('no state');
      return next;
    },
    stop: async () => null,
  };
}
