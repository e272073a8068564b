import type { V1Container, V1Pod, V1PodSpec, V1Volume } from '@kubernetes/client-node';
import type { Workload } from '../../kubernetes/workloads.ts';
import { GUARD } from '../write/guard.ts';

/** Marks a debug pod and names the workload whose environment it has; a Service or a controller selects nothing by it. */
export const SESSION_LABEL = 'kintsugi.dev/debug-session';
/** The backstop for a worker that is dead: the kubelet ends the pod this long after the session should have ended. */
const BACKSTOP_SECONDS = 60;
const NOBODY = 65534;

export interface PodRequest {
  workload: Workload;
  container: string;
  image: string;
  seconds: number;
  name: string;
  /** The late-write guard's text. */
  guard: string;
}

/**
 * A pod with one container of the workload's template that only sleeps (safety 25): without the workload's labels and owner, so
 * that no Service, budget or controller counts it; without probes, claims and the API token; and with an end of its own.
 */
export function debugPod({ workload, container, image, seconds, name, guard }: PodRequest): V1Pod {
  const template: V1PodSpec = JSON.parse(JSON.stringify(workload.template.spec ?? { containers: [] }));
  const original = template.containers.find((candidate) => candidate.name === container) ?? { name: container };
  const volumes = (template.volumes ?? []).filter(isHarmless);
  const kept = new Set(volumes.map((volume) => volume.name));
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: workload.namespace,
      labels: { 'app.kubernetes.io/managed-by': 'kintsugi', [SESSION_LABEL]: labelValue(workload.name) },
      annotations: { [GUARD]: guard, 'kintsugi.dev/debug-of': `${workload.kind}/${workload.name}` },
    },
    spec: {
      ...environmentOf(template),
      restartPolicy: 'Never',
      activeDeadlineSeconds: seconds + BACKSTOP_SECONDS,
      // `sleep` hears no SIGTERM as the first process.
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      containers: [sleeping(original, image, seconds, kept, mayNotBeRoot(template, original))],
      ...(volumes.length === 0 ? {} : { volumes }),
    },
  };
}

/** What of the template a debug pod leaves out, in words. */
export function leftOut(workload: Workload, container: string): string[] {
  const spec = workload.template.spec;
  const others = (spec?.containers ?? []).filter(({ name }) => name !== container).map(({ name }) => name);
  const inits = (spec?.initContainers ?? []).map(({ name }) => name);
  const volumes = (spec?.volumes ?? []).filter((volume) => !isHarmless(volume)).map(({ name }) => name);
  return [
    ...(volumes.length === 0 ? [] : [`volumes ${volumes.join(', ')}`]),
    ...(others.length === 0 ? [] : [`containers ${others.join(', ')}`]),
    ...(inits.length === 0 ? [] : [`init containers ${inits.join(', ')}`]),
  ];
}

/** What decides what the pod sees and reaches: names, network, nodes, users, pull secrets. */
const ENVIRONMENT = [
  'serviceAccountName',
  'imagePullSecrets',
  'enableServiceLinks',
  'dnsPolicy',
  'dnsConfig',
  'hostAliases',
  'hostNetwork',
  'nodeSelector',
  'tolerations',
  'securityContext',
  'runtimeClassName',
  'schedulerName',
] as const satisfies (keyof V1PodSpec)[];

function environmentOf(spec: V1PodSpec): Partial<V1PodSpec> {
  return picked(spec, ENVIRONMENT);
}

function picked<T, K extends keyof T>(from: T, keys: readonly K[]): Partial<Pick<T, K>> {
  const part: Partial<Pick<T, K>> = {};
  for (const key of keys) if (from[key] !== undefined) part[key] = from[key];
  return part;
}

function sleeping(
  original: V1Container,
  image: string,
  seconds: number,
  volumes: ReadonlySet<string>,
  asNobody: boolean,
): V1Container {
  const mounts = (original.volumeMounts ?? []).filter((mount) => volumes.has(mount.name));
  const { privileged: _privileged, ...context } = original.securityContext ?? {};
  const user = asNobody ? { ...context, runAsUser: NOBODY } : context;
  return {
    ...picked(original, ['env', 'envFrom', 'resources']),
    name: original.name,
    image,
    imagePullPolicy: 'IfNotPresent',
    command: ['sleep', String(seconds)],
    ...(Object.keys(user).length === 0 ? {} : { securityContext: user }),
    ...(mounts.length === 0 ? {} : { volumeMounts: mounts }),
  };
}

/** The original's image may name a user; the debug image names root, which such a pod is not started as. */
function mayNotBeRoot(pod: V1PodSpec, { securityContext }: V1Container): boolean {
  const nonRoot = securityContext?.runAsNonRoot ?? pod.securityContext?.runAsNonRoot;
  const user = securityContext?.runAsUser ?? pod.securityContext?.runAsUser;
  return nonRoot === true && user === undefined;
}

/** No data and no node of anybody: claims, host paths and drivers' volumes are left out, and the API token. */
function isHarmless({ configMap, secret, downwardAPI, projected, emptyDir }: V1Volume): boolean {
  if (projected !== undefined)
    return (projected.sources ?? []).every((source) => source.serviceAccountToken === undefined);
  return [configMap, secret, downwardAPI, emptyDir].some((source) => source !== undefined);
}

function labelValue(name: string): string {
  return name.slice(0, 63).replace(/[^A-Za-z0-9]+$/, '');
}
