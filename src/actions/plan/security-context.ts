import type { V1Container, V1PodSecurityContext, V1SecurityContext } from '@kubernetes/client-node';
import type { Workload } from '../../kubernetes/workloads.ts';

/** What of a pod's and a container's security context lets a process read and write, and as whom. */
export interface Identity {
  runAsUser?: number | undefined;
  runAsGroup?: number | undefined;
  fsGroup?: number | undefined;
}

/** A container's context over its pod's, as the kubelet applies them. */
export interface Effective {
  runAsUser: number | undefined;
  runAsNonRoot: boolean;
  privileged: boolean;
  escalates: boolean;
  capabilities: string[];
  unconfined: boolean;
}

/**
 * What a container may do, of both contexts: its own goes before its pod's.
 * API: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#security-context-1
 */
export function effectiveContext(pod: V1PodSecurityContext = {}, own: V1SecurityContext = {}): Effective {
  return {
    runAsUser: own.runAsUser ?? pod.runAsUser,
    runAsNonRoot: own.runAsNonRoot ?? pod.runAsNonRoot ?? false,
    privileged: own.privileged ?? false,
    escalates: own.allowPrivilegeEscalation ?? true,
    capabilities: [...(own.capabilities?.add ?? [])].sort(),
    unconfined: [own.seccompProfile ?? pod.seccompProfile, own.appArmorProfile ?? pod.appArmorProfile].some(
      (profile) => profile?.type === 'Unconfined',
    ),
  };
}

/**
 * How the second context may do more than the first, in one clause; null where it may not (safety 9). A user that neither
 * names is the image's own, of which nothing is known here.
 */
export function gains(now: Effective, then: Effective): string | null {
  if (then.runAsUser === 0 && now.runAsUser !== 0) return 'it would run as root (runAsUser 0)';
  if (now.runAsNonRoot && !then.runAsNonRoot) return 'it would take runAsNonRoot away';
  if (then.privileged && !now.privileged) return 'it would be privileged';
  if (then.escalates && !now.escalates) return 'it would allow privilege escalation';
  if (then.unconfined && !now.unconfined) return 'it would be unconfined';
  const added = then.capabilities.filter((capability) => !now.capabilities.includes(capability));
  return added.length === 0 ? null : `it would gain the capabilities ${added.join(', ')}`;
}

/** The template with the written user and groups: user and group of the container, fsGroup of its pod. */
export function withIdentity(
  template: Workload['template'],
  name: string,
  { runAsUser, runAsGroup, fsGroup }: Identity,
): Workload['template'] {
  const { spec } = template;
  if (spec === undefined) return template;
  const own = {
    ...(runAsUser === undefined ? {} : { runAsUser }),
    ...(runAsGroup === undefined ? {} : { runAsGroup }),
  };
  const containers = spec.containers.map((container) =>
    container.name === name && Object.keys(own).length > 0
      ? { ...container, securityContext: { ...container.securityContext, ...own } }
      : container,
  );
  const pod = fsGroup === undefined ? {} : { securityContext: { ...spec.securityContext, fsGroup } };
  return { ...template, spec: { ...spec, containers, ...pod } };
}

/** The template with the security contexts of pod and container as another template has them. */
export function withContextsOf(
  template: Workload['template'],
  name: string,
  other: Workload['template'],
): Workload['template'] {
  const { spec } = template;
  if (spec === undefined) return template;
  const then = other.spec?.containers.find((container) => container.name === name)?.securityContext;
  const containers = spec.containers.map((container) => {
    if (container.name !== name) return container;
    const { securityContext: _, ...rest } = container;
    return { ...rest, ...(then === undefined ? {} : { securityContext: then }) };
  });
  const { securityContext: _, ...rest } = spec;
  const pod = other.spec?.securityContext;
  return { ...template, spec: { ...rest, containers, ...(pod === undefined ? {} : { securityContext: pod }) } };
}

/** The volume under which a path lies in a container, by its mount; undefined for a path of the image. */
export function mountOf({ volumeMounts = [] }: V1Container, path: string) {
  return volumeMounts
    .filter(({ mountPath }) => path === mountPath || path.startsWith(`${mountPath.replace(/\/+$/, '')}/`))
    .sort((a, b) => b.mountPath.length - a.mountPath.length)[0];
}
