import type { Permission } from '../action.ts';

/** What every plan reads: the workloads, what they own, and who owns them in Git. */
export const READ_WORKLOAD: Permission[] = [
  { group: 'apps', resource: 'deployments', verbs: ['get', 'list'] },
  { group: 'apps', resource: 'statefulsets', verbs: ['get', 'list'] },
  { group: 'apps', resource: 'daemonsets', verbs: ['get', 'list'] },
  { group: 'apps', resource: 'replicasets', verbs: ['get', 'list'] },
  { group: 'apps', resource: 'controllerrevisions', verbs: ['get', 'list'] },
  { group: '', resource: 'pods', verbs: ['get', 'list'] },
  { group: '', resource: 'secrets', verbs: ['get'] },
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
