import { PatchStrategy, type V1Deployment, type V1StatefulSet } from '@kubernetes/client-node';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { isReady } from '../../src/kubernetes/pods.ts';
import { type OwnedWorkload, readOwned } from '../../src/kubernetes/revisions.ts';
import { rolloutProgress } from '../../src/kubernetes/rollout.ts';
import { callOptions } from '../../src/kubernetes/transport.ts';
import type { Json, Target } from '../../src/recovery/values.ts';
import { until } from './until.ts';

/** An image on the node that does nothing for ever. */
export async function idleImage(kubernetes: Kubernetes): Promise<string> {
  const nodes = await kubernetes.core.listNode();
  const names = nodes.items.flatMap(({ status }) => status?.images?.flatMap((image) => image.names ?? []) ?? []);
  return names.find((name) => /pause:[^@]+$/.test(name)) ?? 'registry.k8s.io/pause:3.10';
}

/** A Deployment whose pods are ready at once. */
export function deployment(namespace: string, image: string, name = 'app'): V1Deployment {
  const labels = { app: name };
  const template = podTemplate(image, labels);
  return { metadata: { name, namespace, labels }, spec: { replicas: 1, selector: { matchLabels: labels }, template } };
}

/** Makes the target, failing or not, and waits for its first pod. */
export async function createDeployment(
  kubernetes: Kubernetes,
  target: Target,
  image: string,
  failing: boolean,
): Promise<void> {
  const { namespace, name } = target;
  const body = deployment(namespace, image, name);
  if (failing && body.spec !== undefined) body.spec.template = broken(body.spec.template);
  await kubernetes.apps.createNamespacedDeployment({ namespace, body });
  await until('its pod', async () => (await podsOf(kubernetes, target)).length === 1);
}

/** A StatefulSet `store` of the same pods. */
export function statefulSet(namespace: string, image: string): V1StatefulSet {
  const labels = { app: 'store' };
  return {
    metadata: { name: 'store', namespace, labels },
    spec: {
      replicas: 1,
      serviceName: 'store',
      selector: { matchLabels: labels },
      template: podTemplate(image, labels),
    },
  };
}

function podTemplate(image: string, labels: Record<string, string>): NonNullable<V1Deployment['spec']>['template'] {
  return {
    metadata: { labels },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'app',
          image,
          imagePullPolicy: 'Never',
          env: [
            { name: 'LOG_LEVEL', value: 'info' },
            { name: 'DB_PASSWORD', value: 'first secret' },
          ],
          resources: { requests: { memory: '16Mi', cpu: '1m' }, limits: { memory: '32Mi', cpu: '100m' } },
        },
      ],
    },
  };
}

/** The same template with a container that can never start. */
export function broken(template: NonNullable<V1Deployment['spec']>['template']): typeof template {
  const spec = template.spec;
  if (spec === undefined) return template;
  return {
    ...template,
    spec: { ...spec, containers: spec.containers.map((container) => ({ ...container, command: ['/nothing-there'] })) },
  };
}

/** Makes the target, and waits until it is ready. */
export async function createHealthy(kubernetes: Kubernetes, target: Target, image: string): Promise<void> {
  await createDeployment(kubernetes, target, image, false);
  await untilRolledOut(kubernetes, target);
}

/** A healthy Deployment `app` in a namespace of its own. */
export async function healthyDeployment(kubernetes: Kubernetes, namespace: string, image: string): Promise<Target> {
  const target = { namespace, kind: 'Deployment', name: 'app' };
  await createHealthy(kubernetes, target, image);
  return target;
}

export async function untilRolledOut(kubernetes: Kubernetes, target: Target): Promise<OwnedWorkload> {
  let owned = await readOwned(kubernetes, target);
  await until(`${target.kind} ${target.name} to be rolled out`, async () => {
    owned = await readOwned(kubernetes, target);
    return rolloutProgress(owned.workload).state === 'ready' && owned.pods.every(isReady);
  });
  return owned;
}

/** A change by another hand, as `kubectl patch` makes it. */
export async function patchByHand(kubernetes: Kubernetes, target: Target, body: Json): Promise<void> {
  const { namespace, name } = target;
  const options = callOptions({ patch: PatchStrategy.StrategicMergePatch });
  if (target.kind === 'StatefulSet')
    await kubernetes.apps.patchNamespacedStatefulSet({ name, namespace, body }, options);
  else await kubernetes.apps.patchNamespacedDeployment({ name, namespace, body }, options);
}

/** A patch of the container `app`. */
export function containerPatch(container: { [key: string]: Json }): Json {
  return { spec: { template: { spec: { containers: [{ name: 'app', ...container }] } } } };
}

/** The pods that carry the label `app` with the target's name, without those that are going. */
export async function podsOf(kubernetes: Kubernetes, { namespace, name }: Target) {
  const list = await kubernetes.core.listNamespacedPod({ namespace, labelSelector: `app=${name}` });
  return list.items.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
}
