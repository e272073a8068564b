import type {
  V1Container,
  V1Deployment,
  V1Job,
  V1LimitRange,
  V1Pod,
  V1PodSpec,
  V1ResourceQuota,
  V1Service,
  V1StatefulSet,
} from '@kubernetes/client-node';
import type { Kubernetes } from '../../../src/kubernetes/client.ts';
import type { Target } from '../../../src/recovery/values.ts';
import { servingApp } from '../serving-app.ts';

/** Workloads as people break them: each a change of a manifest that somebody could commit, and what a diagnosis must say. */

export interface Broken {
  /** A name for its objects, unique in the table. */
  name: string;
  /** Makes it; what is diagnosed is `target`, a Deployment of that name by default. */
  make(kubernetes: Kubernetes, namespace: string): Promise<void>;
  kind?: string;
  cause: string;
  subject?: string;
  container?: string;
  /** What the first finding's sentence holds. */
  says: string[];
  /** Labels of a namespace of its own, where the fault is the namespace's. */
  namespace?: Record<string, string>;
}

/** Where a case stands once it is made. */
export function targetOf({ name, kind = 'Deployment' }: Broken, namespace: string): Target {
  return { namespace, kind, name };
}

/** A Deployment of the serving app with its container, its pod or itself changed. */
export function app(
  name: string,
  container: Partial<V1Container> = {},
  alter: (spec: V1PodSpec, deployment: V1Deployment) => void = () => undefined,
): Broken['make'] {
  return async (kubernetes, namespace) => {
    const body = servingApp(namespace, name, container);
    const spec = body.spec?.template.spec;
    if (spec !== undefined) alter(spec, body);
    await kubernetes.apps.createNamespacedDeployment({ namespace, body });
  };
}

const ALWAYS_READY = { exec: { command: ['true'] }, periodSeconds: 1 };

/** A container that runs a line of Python, ready while it runs. */
export const python = (program: string, more: Partial<V1Container> = {}): Partial<V1Container> => ({
  command: ['python3', '-c', program],
  readinessProbe: ALWAYS_READY,
  ...more,
});

/** A second container beside the first, from the same image. */
export function beside(spec: V1PodSpec, container: Partial<V1Container>): void {
  const [main] = spec.containers;
  if (main !== undefined) spec.containers.push({ ...main, ports: [], ...python(''), ...container });
}

/** An init container from the same image. */
export function first(spec: V1PodSpec, container: Partial<V1Container>): void {
  const { readinessProbe: _, ...main } = spec.containers[0] ?? { name: '' };
  spec.initContainers = [{ ...main, ports: [], ...container }];
}

/** The serving app's pod, for kinds that are no Deployment. */
export function podOf(namespace: string, name: string, container: Partial<V1Container>): V1PodSpec {
  const spec = servingApp(namespace, name, container).spec?.template.spec;
  if (spec === undefined) throw new Error('the serving app has no pod');
  return spec;
}

export function job(name: string, container: Partial<V1Container>, spec: Partial<V1Job['spec']> = {}): Broken['make'] {
  return async (kubernetes, namespace) => {
    const { readinessProbe: _, ...own } = container;
    const template = { spec: { ...podOf(namespace, name, own), restartPolicy: 'Never' } };
    for (const each of template.spec.containers) delete each.readinessProbe;
    const body: V1Job = { metadata: { name }, spec: { backoffLimit: 0, ...spec, template } };
    await kubernetes.batch.createNamespacedJob({ namespace, body });
  };
}

export function barePod(name: string, container: Partial<V1Container>, more: Partial<V1PodSpec> = {}): Broken['make'] {
  return async (kubernetes, namespace) => {
    const body: V1Pod = { metadata: { name }, spec: { ...podOf(namespace, name, container), ...more } };
    await kubernetes.core.createNamespacedPod({ namespace, body });
  };
}

/** A StatefulSet whose claim names this storage class. */
export function store(name: string, storageClassName: string): Broken['make'] {
  return async (kubernetes, namespace) => {
    const labels = { app: name };
    const body: V1StatefulSet = {
      metadata: { name },
      spec: {
        serviceName: name,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: podOf(namespace, name, {}) },
        volumeClaimTemplates: [
          {
            metadata: { name: 'data' },
            spec: { storageClassName, accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
          },
        ],
      },
    };
    await kubernetes.apps.createNamespacedStatefulSet({ namespace, body });
  };
}

/** A StatefulSet whose pods start side by side and know their number. */
export function replicas(name: string, count: number, container: Partial<V1Container>): Broken['make'] {
  return async (kubernetes, namespace) => {
    const labels = { app: name };
    const body: V1StatefulSet = {
      metadata: { name },
      spec: {
        replicas: count,
        podManagementPolicy: 'Parallel',
        serviceName: name,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: podOf(namespace, name, container) },
      },
    };
    await kubernetes.apps.createNamespacedStatefulSet({ namespace, body });
  };
}

/** First the other object, then the workload. */
export function withQuota(hard: Record<string, string>, make: Broken['make']): Broken['make'] {
  return async (kubernetes, namespace) => {
    const body: V1ResourceQuota = { metadata: { name: 'team' }, spec: { hard } };
    await kubernetes.core.createNamespacedResourceQuota({ namespace, body });
    await make(kubernetes, namespace);
  };
}

export function withLimitRange(max: Record<string, string>, make: Broken['make']): Broken['make'] {
  return async (kubernetes, namespace) => {
    const body: V1LimitRange = { metadata: { name: 'limits' }, spec: { limits: [{ type: 'Container', max }] } };
    await kubernetes.core.createNamespacedLimitRange({ namespace, body });
    await make(kubernetes, namespace);
  };
}

export function withService(service: Partial<V1Service['spec']>, name: string, make: Broken['make']): Broken['make'] {
  return async (kubernetes, namespace) => {
    await kubernetes.core.createNamespacedService({
      namespace,
      body: {
        metadata: { name },
        spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }], ...service },
      },
    });
    await make(kubernetes, namespace);
  };
}
