import { IMAGES } from '../../dev/images/catalogue.ts';
import type { ActionContext } from '../../src/actions/action.ts';
import { recordBaseline } from '../../src/activities/record-baseline.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { readWorkload } from '../../src/kubernetes/workloads.ts';
import type { Json, Target } from '../../src/recovery/values.ts';
import { parseImage } from '../../src/registry/reference.ts';
import { finding, runbookFor } from '../actions/action-context.ts';
import { memoryBaselines } from '../actions/memory-stores.ts';
import { until } from './until.ts';
import {
  containerPatch,
  createDeployment,
  createHealthy,
  deployment,
  patchByHand,
  podsOf,
  untilRolledOut,
} from './workloads.ts';

const BUSYBOX = IMAGES.busybox.reference;
const HEALTHY_DIGEST = `sha256:${'a'.repeat(64)}`;

/** Where field-changing actions are planned and applied. */
export interface FieldWorld {
  kubernetes: Kubernetes;
  namespace: string;
  /** An image on the node that does nothing for ever. */
  image: string;
  /** The address of a registry that knows every image by a digest. */
  registry: string;
}

/** A field-changing action with a workload on which it has something to do. */
export interface FieldAction {
  name: string;
  /** Which of several uses of the action it is. */
  as?: string;
  params: { [key: string]: Json };
  /** Makes the workload and says what the action needs to know. */
  arrange(world: FieldWorld, target: Target): Promise<Partial<ActionContext>>;
  /** A change of the same fields by another hand. */
  foreign: Json;
}

export const FIELD_ACTIONS: readonly FieldAction[] = [
  {
    name: 'set-resources',
    params: { container: 'app', memory: { request: '24Mi', limit: '64Mi', factor: 1.5, cap: '96Mi' } },
    arrange: async ({ kubernetes, image }, target) => {
      await createHealthy(kubernetes, target, image);
      return {};
    },
    foreign: {
      spec: { template: { spec: { containers: [{ name: 'app', resources: { limits: { memory: '48Mi' } } }] } } },
    },
  },
  {
    name: 'restore-env',
    params: {},
    arrange: async ({ kubernetes, image }, target) => {
      await createHealthy(kubernetes, target, image);
      const baselines = memoryBaselines();
      await recordBaseline(kubernetes, baselines, target);
      await patchByHand(kubernetes, target, containerPatch({ env: [{ name: 'LOG_LEVEL', value: 'lots' }] }));
      await untilRolledOut(kubernetes, target);
      return { baselines, finding: { ...finding, cause: 'configuration-error', subject: 'LOG_LEVEL' } };
    },
    foreign: containerPatch({ env: [{ name: 'LOG_LEVEL', value: 'debug' }] }),
  },
  {
    name: 'rollout-undo',
    params: { to: 'last-healthy' },
    arrange: async ({ kubernetes, image }, target) => {
      await createHealthy(kubernetes, target, image);
      const baselines = memoryBaselines();
      await recordBaseline(kubernetes, baselines, target);
      const env = [
        { name: 'DB_PASSWORD', value: 'second secret' },
        { name: 'NEW', value: 'yes' },
      ];
      await patchByHand(kubernetes, target, containerPatch({ env, command: ['/nothing-there'] }));
      await until('the new pod to fail', async () => (await readWorkload(kubernetes, target)).status.updated === 1);
      return { baselines };
    },
    foreign: containerPatch({ command: ['/another-thing'] }),
  },
  {
    name: 'set-probe',
    params: { probe: 'startup', periodSeconds: 10, failureThreshold: 30 },
    arrange: async ({ kubernetes, image, namespace }, target) => {
      await createHealthy(kubernetes, target, image);
      // Nothing listens in this image: the kubelet ends the container as it ends one that starts too slowly.
      const livenessProbe = { tcpSocket: { port: 8080 }, periodSeconds: 1, failureThreshold: 2 };
      await patchByHand(kubernetes, target, containerPatch({ livenessProbe }));
      await until('the probe to fail', async () => {
        const { items } = await kubernetes.core.listNamespacedEvent({ namespace });
        return items.some(
          ({ involvedObject, reason }) => reason === 'Unhealthy' && involvedObject.name?.startsWith(`${target.name}-`),
        );
      });
      return { finding: { ...finding, cause: 'liveness-probe-failure' } };
    },
    foreign: containerPatch({ startupProbe: { tcpSocket: { port: 8080 }, failureThreshold: 7 } }),
  },
  {
    name: 'set-security-context',
    params: { runAsUser: 1000, runAsGroup: 1000 },
    arrange: async ({ kubernetes, image }, target) => {
      await createHealthy(kubernetes, target, image);
      const containers = [{ name: 'app', volumeMounts: [{ name: 'data', mountPath: '/data' }] }];
      const spec = { containers, volumes: [{ name: 'data', emptyDir: {} }] };
      await patchByHand(kubernetes, target, { spec: { template: { spec } } });
      await untilRolledOut(kubernetes, target);
      return { finding: { ...finding, cause: 'permission-denied', subject: '/data/answers.json' } };
    },
    foreign: containerPatch({ securityContext: { runAsUser: 2000 } }),
  },
  {
    name: 'set-command',
    params: { from: 'baseline' },
    arrange: async ({ kubernetes, image }, target) => {
      await createHealthy(kubernetes, target, image);
      const baselines = memoryBaselines();
      await recordBaseline(kubernetes, baselines, target);
      await patchByHand(kubernetes, target, containerPatch({ command: ['/nothing-there'], args: ['twice'] }));
      await until('the new pod to fail', async () => (await readWorkload(kubernetes, target)).status.updated === 1);
      return { baselines, finding: { ...finding, cause: 'port-in-use', subject: '0.0.0.0:8080' } };
    },
    foreign: containerPatch({ command: ['/another-thing'], args: ['thrice'] }),
  },
  {
    name: 'debug-session',
    params: { mode: 'in-place', image: BUSYBOX, duration: '300s' },
    arrange: async ({ kubernetes, image }, target) => {
      await createDeployment(kubernetes, target, image, true);
      return {};
    },
    foreign: containerPatch({ command: ['/another-thing'] }),
  },
  {
    name: 'scale',
    params: { replicas: 2 },
    arrange: async ({ kubernetes, image }, target) => {
      await createHealthy(kubernetes, target, image);
      return {};
    },
    foreign: { spec: { replicas: 3 } },
  },
  {
    name: 'scale',
    as: 'of a dependency',
    params: { of: 'store' },
    arrange: async ({ kubernetes, image, namespace }, target) => {
      await createHealthy(kubernetes, target, image);
      await patchByHand(kubernetes, target, {
        metadata: { annotations: { 'kintsugi.dev/replicas': '2' } },
        spec: { replicas: 0 },
      });
      await until('its pod to go', async () => (await podsOf(kubernetes, target)).length === 0);
      const selector = `app=${target.name}`;
      const dependency = { name: 'store', type: 'redis' as const, namespace, selector, data: 'disposable' as const };
      return { runbook: runbookFor(target, [dependency]) };
    },
    foreign: { spec: { replicas: 3 } },
  },
  {
    name: 'hold-gitops',
    params: {},
    arrange: async ({ kubernetes, image, namespace }, target) => {
      await createHealthy(kubernetes, target, image);
      const labels = { 'kustomize.toolkit.fluxcd.io/name': 'apps', 'kustomize.toolkit.fluxcd.io/namespace': namespace };
      await patchByHand(kubernetes, target, { metadata: { labels } });
      return {};
    },
    foreign: { metadata: { annotations: { 'kustomize.toolkit.fluxcd.io/reconcile': 'enabled' } } },
  },
  {
    name: 'set-image',
    params: { to: 'last-healthy' },
    arrange: async ({ kubernetes, image, registry }, target) => {
      await createHealthy(kubernetes, target, image);
      const baselines = memoryBaselines();
      const baseline = await recordBaseline(kubernetes, baselines, target);
      // An image that was loaded by hand has no digest that a registry answers with.
      const containers = baseline.containers.map((container) => ({ ...container, digest: HEALTHY_DIGEST }));
      await baselines.write({ ...baseline, containers });
      const host = parseImage(image)?.registry ?? '';
      return { baselines, mirrors: { [host]: registry }, finding: { ...finding, cause: 'image-pull-failure' } };
    },
    foreign: containerPatch({ image: 'registry.invalid/another:1' }),
  },
  {
    name: 'apply-manifests',
    params: { from: 'configMap:$name' },
    arrange: async ({ kubernetes, image, namespace }, target) => {
      await createHealthy(kubernetes, target, image);
      const manifest = deployment(namespace, image, target.name);
      const env = [
        { name: 'LOG_LEVEL', value: 'debug' },
        { name: 'DB_PASSWORD', value: 'second secret' },
      ];
      for (const container of manifest.spec?.template.spec?.containers ?? []) container.env = env;
      const data = { 'agent.yaml': JSON.stringify({ apiVersion: 'apps/v1', kind: 'Deployment', ...manifest }) };
      await kubernetes.core.createNamespacedConfigMap({
        namespace,
        body: { metadata: { name: target.name }, data },
      });
      return {};
    },
    foreign: containerPatch({ env: [{ name: 'LOG_LEVEL', value: 'lots' }] }),
  },
];
