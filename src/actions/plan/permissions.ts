import type { Permission } from '../action.ts';

/** Running programs in containers: `get` is the WebSocket's verb, `create` that of SPDY and of later releases of Kubernetes. */
export const EXEC: Permission[] = [{ group: '', resource: 'pods', subresource: 'exec', verbs: ['get', 'create'] }];

/** What every plan reads: the workloads, what they own, and who owns them in Git. */
export const READ_WORKLOAD: Permission[] = [
  { group: 'apps', resource: 'deployments', verbs: ['get', 'list'] },
  { group: 'apps', resource: 'statefulsets', verbs: ['get', 'list'] },
  { group: 'apps', resource: 'daemonsets', verbs: ['get', 'list'] },
  { group: 'apps', resource: 'replicasets', verbs: ['get', 'list'] },
  { group: 'apps', resource: 'controllerrevisions', verbs: ['get', 'list'] },
  { group: '', resource: 'pods', verbs: ['get', 'list'] },
  { group: '', resource: 'secrets', verbs: ['get'] },
  { group: 'policy', resource: 'poddisruptionbudgets', verbs: ['list'] },
  { group: 'helm.toolkit.fluxcd.io', resource: 'helmreleases', verbs: ['get'] },
  { group: 'argoproj.io', resource: 'applications', verbs: ['list'] },
];

export const PATCH_WORKLOAD: Permission[] = [
  { group: 'apps', resource: 'deployments', verbs: ['patch'] },
  { group: 'apps', resource: 'statefulsets', verbs: ['patch'] },
  { group: 'apps', resource: 'daemonsets', verbs: ['patch'] },
  // A pod that a StatefulSet would never replace by itself (safety 13).
  { group: '', resource: 'pods', verbs: ['delete'] },
];

/** What everything that a template refers to is looked up with (safety 6). */
export const READ_REFERENCES: Permission[] = [
  { group: '', resource: 'configmaps', verbs: ['get'] },
  { group: '', resource: 'secrets', verbs: ['get'] },
  { group: '', resource: 'serviceaccounts', verbs: ['get'] },
  { group: '', resource: 'persistentvolumeclaims', verbs: ['get'] },
];

/** The server's dry run of a pod, and the nodes' room (safety 8). */
export const TRY_POD: Permission[] = [
  { group: '', resource: 'pods', verbs: ['create', 'list'] },
  { group: '', resource: 'nodes', verbs: ['get', 'list'] },
];

/** What a manifest may be of: read, tried and applied, and what was made taken away again. */
export const APPLY_MANIFESTS: Permission[] = [
  { group: '', resource: 'serviceaccounts', verbs: ['get', 'create', 'patch', 'delete'] },
  { group: '', resource: 'configmaps', verbs: ['get', 'create', 'patch', 'delete'] },
  { group: '', resource: 'persistentvolumeclaims', verbs: ['get', 'create', 'patch', 'delete'] },
  { group: '', resource: 'services', verbs: ['get', 'list', 'create', 'patch', 'delete'] },
  { group: 'apps', resource: 'deployments', verbs: ['patch'] },
  { group: 'apps', resource: 'statefulsets', verbs: ['patch'] },
  { group: 'autoscaling', resource: 'horizontalpodautoscalers', verbs: ['get', 'list', 'create', 'patch', 'delete'] },
];

/** What a program answers through the API server, to its probes and to GETs of a dependency's path. */
export const ASK_PROGRAMS: Permission[] = [
  { group: '', resource: 'pods', subresource: 'proxy', verbs: ['get'] },
  { group: '', resource: 'services', subresource: 'proxy', verbs: ['get'] },
];

/** How probes failed, what they would be answered, and what the containers use (safety 9). */
export const READ_PROBES: Permission[] = [
  ...ASK_PROGRAMS,
  { group: '', resource: 'events', verbs: ['list'] },
  { group: 'metrics.k8s.io', resource: 'pods', verbs: ['list'] },
];

/** Who mounts a claim, whether a node still holds its volume, and the CronJobs that are kept from it (safety 24). */
export const STOP_WRITERS: Permission[] = [
  { group: '', resource: 'persistentvolumeclaims', verbs: ['get', 'list'] },
  { group: 'storage.k8s.io', resource: 'volumeattachments', verbs: ['list'] },
  { group: 'batch', resource: 'cronjobs', verbs: ['get', 'list', 'patch'] },
];

/** Snapshots with their classes and contents, claims and volumes. */
export const READ_VOLUMES: Permission[] = [
  { group: '', resource: 'persistentvolumeclaims', verbs: ['get', 'list'] },
  { group: '', resource: 'persistentvolumes', verbs: ['get'] },
  { group: 'storage.k8s.io', resource: 'storageclasses', verbs: ['get'] },
  { group: 'storage.k8s.io', resource: 'volumeattachments', verbs: ['list'] },
  { group: 'snapshot.storage.k8s.io', resource: 'volumesnapshots', verbs: ['get', 'list'] },
  { group: 'snapshot.storage.k8s.io', resource: 'volumesnapshotclasses', verbs: ['list'] },
  { group: 'snapshot.storage.k8s.io', resource: 'volumesnapshotcontents', verbs: ['get'] },
];

/** A claim deleted and made anew around a volume that is kept. */
export const REPLACE_CLAIM: Permission[] = [
  { group: '', resource: 'persistentvolumeclaims', verbs: ['create', 'delete'] },
  { group: '', resource: 'persistentvolumes', verbs: ['patch'] },
];
