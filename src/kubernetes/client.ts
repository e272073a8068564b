import type {
  AppsV1Api,
  AuthorizationV1Api,
  AutoscalingV2Api,
  BatchV1Api,
  CoordinationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  DiscoveryV1Api,
  KubeConfig,
  PolicyV1Api,
  StorageV1Api,
  VersionApi,
} from '@kubernetes/client-node';

/**
 * The one way to the API server. Every call has a timeout and throws only `KintsugiError` (`connectKubernetes` in `connect.ts`
 * installs both as middleware), so callers use client-node's typed calls as they are.
 */
export interface Kubernetes {
  config: KubeConfig;
  core: CoreV1Api;
  apps: AppsV1Api;
  autoscaling: AutoscalingV2Api;
  batch: BatchV1Api;
  policy: PolicyV1Api;
  coordination: CoordinationV1Api;
  discovery: DiscoveryV1Api;
  storage: StorageV1Api;
  authorization: AuthorizationV1Api;
  custom: CustomObjectsApi;
  version: VersionApi;
}
