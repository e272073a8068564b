import {
  ApiextensionsV1Api,
  type V1Container,
  type V1CustomResourceDefinition,
  type V1PodTemplateSpec,
} from '@kubernetes/client-node';
import { isServed } from '../../src/kubernetes/api-resources.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { wasOomKilled } from '../../src/kubernetes/pods.ts';
import { readOwned } from '../../src/kubernetes/revisions.ts';
import { WORKLOAD_PLURALS, type WorkloadKind } from '../../src/kubernetes/workloads.ts';
import type { Json, Target } from '../../src/recovery/values.ts';
import { servingApp } from './serving-app.ts';
import { until } from './until.ts';

/** Workloads of every kind and shape, and the ways in which one of their containers or pods goes bad. */

const FOR_EVER = 'import time; time.sleep(1 << 20)';
/** More than the containers' limit of 40Mi: killed at every start until that is raised. */
const BALLAST = 'bytearray(b"x") * (64 << 20)';

/** What a container's program does. */
export const PROGRAMS = {
  idle: FOR_EVER,
  hog: `ballast = ${BALLAST}\n${FOR_EVER}`,
  /** Only the shard of this ordinal has grown. */
  hogIn: (ordinal: number) =>
    `import socket\nballast = ${BALLAST} if socket.gethostname().endswith("-${ordinal}") else b""\n${FOR_EVER}`,
  wantsVariable: `import os\nos.environ["SIDE_NAME"]\n${FOR_EVER}`,
};

/** Ready while nobody has wedged it: `touch /tmp/wedged` does, until the pod is replaced. */
const NOT_WEDGED = { exec: { command: ['sh', '-c', '! test -e /tmp/wedged'] }, periodSeconds: 1 };

/** A container of the image that has Python. */
export function container(name: string, program: string, more: Partial<V1Container> = {}): V1Container {
  return {
    name,
    image: '',
    command: ['python3', '-c', program],
    readinessProbe: NOT_WEDGED,
    resources: { requests: { memory: '16Mi', cpu: '1m' }, limits: { memory: '40Mi', cpu: '500m' } },
    ...more,
  };
}

/** Makes a workload of the kind, with the pull secret and the image of the namespace's other apps. */
export async function createWorkload(
  kubernetes: Kubernetes,
  target: Target & { kind: WorkloadKind },
  containers: V1Container[],
  spec: { [key: string]: Json } = {},
): Promise<void> {
  const { namespace, kind, name } = target;
  const body = servingApp(namespace, name);
  const { replicas, ...rest } = body.spec ?? { selector: {}, template: {} };
  await kubernetes.custom.createNamespacedCustomObject({
    group: 'apps',
    version: 'v1',
    plural: WORKLOAD_PLURALS[kind],
    namespace,
    body: {
      apiVersion: 'apps/v1',
      kind,
      metadata: body.metadata,
      spec: {
        ...rest,
        ...(kind === 'DaemonSet' ? {} : { replicas }),
        ...(kind === 'StatefulSet' ? { serviceName: name } : {}),
        template: withContainers(rest.template, containers),
        ...spec,
      },
    },
  });
}

function withContainers(template: V1PodTemplateSpec, containers: V1Container[]): V1PodTemplateSpec {
  const [own] = template.spec?.containers ?? [];
  return {
    ...template,
    spec: {
      ...template.spec,
      containers: containers.map((one) => ({
        ...one,
        image: one.image || own?.image || '',
        imagePullPolicy: 'IfNotPresent',
      })),
    },
  };
}

/** Waits until a pod of the workload shows the container killed for its memory; returns that pod's name. */
export async function untilOomKilled(kubernetes: Kubernetes, target: Target, name: string): Promise<string> {
  let killed = '';
  await until(`${name} of ${target.name} to be killed for its memory`, async () => {
    const { pods } = await readOwned(kubernetes, target);
    killed = pods.find((pod) => wasOomKilled(pod, name))?.metadata?.name ?? '';
    return killed !== '';
  });
  return killed;
}

/** The uid of each pod that stands, by name: who was replaced shows another one. */
export async function uidsOf(kubernetes: Kubernetes, target: Target): Promise<Record<string, string>> {
  const { pods } = await readOwned(kubernetes, target);
  const standing = pods.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
  return Object.fromEntries(standing.map(({ metadata }) => [metadata?.name ?? '', metadata?.uid ?? '']));
}

const GROUP = 'autoscaling.k8s.io';
const VERTICAL = { group: GROUP, version: 'v1', plural: 'verticalpodautoscalers' };

const DEFINITION = `${VERTICAL.plural}.${GROUP}`;

/** As much of the real definition as an object of it needs. */
const definition: V1CustomResourceDefinition = {
  metadata: {
    name: DEFINITION,
    annotations: { 'api-approved.kubernetes.io': 'https://github.com/kubernetes/kubernetes/pull/63797' },
  },
  spec: {
    group: GROUP,
    scope: 'Namespaced',
    names: { kind: 'VerticalPodAutoscaler', plural: VERTICAL.plural, singular: 'verticalpodautoscaler' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', x_kubernetes_preserve_unknown_fields: true } },
      },
    ],
  },
};

/** Makes the cluster know VerticalPodAutoscalers, where it does not; returns how to take that back. */
export async function provideVerticalAutoscalers(kubernetes: Kubernetes): Promise<() => Promise<void>> {
  if (await isServed(kubernetes, VERTICAL)) return async () => undefined;
  const extensions = kubernetes.config.makeApiClient(ApiextensionsV1Api);
  await extensions.createCustomResourceDefinition({ body: definition });
  // It is announced a moment before its storage is ready.
  const list = () => kubernetes.custom.listClusterCustomObject(VERTICAL);
  await until('VerticalPodAutoscalers to be served', () =>
    list().then(
      () => true,
      () => false,
    ),
  );
  return async () => {
    await extensions.deleteCustomResourceDefinition({ name: DEFINITION });
  };
}

/** A VerticalPodAutoscaler that sets the memory of a workload's containers. */
export async function createVerticalAutoscaler(kubernetes: Kubernetes, target: Target): Promise<void> {
  const { namespace, kind, name } = target;
  const spec = { targetRef: { apiVersion: 'apps/v1', kind, name }, updatePolicy: { updateMode: 'Recreate' } };
  await kubernetes.custom.createNamespacedCustomObject({
    ...VERTICAL,
    namespace,
    body: { apiVersion: `${GROUP}/v1`, kind: 'VerticalPodAutoscaler', metadata: { name }, spec },
  });
}
