import {
  AppsV1Api,
  AuthorizationV1Api,
  AutoscalingV2Api,
  BatchV1Api,
  CoordinationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  createConfiguration,
  DiscoveryV1Api,
  KubeConfig,
  PolicyV1Api,
  ServerConfiguration,
  StorageV1Api,
  VersionApi,
} from '@kubernetes/client-node';
import { KintsugiError, messageOf } from '../errors.ts';
import type { Kubernetes } from './client.ts';
import { boundedTransport, checkedCredentials } from './transport.ts';

const DEFAULT_TIMEOUT_MS = 10_000;

/** How to reach the cluster. */
export interface ConnectOptions {
  /** Path of a kubeconfig; without it KUBECONFIG, `~/.kube/config`, then the pod's own ServiceAccount. */
  kubeconfig?: string;
  /** Milliseconds that one call may take with its whole answer; 10,000 if not given. */
  timeoutMs?: number;
}

/**
 * The clients for one cluster; no call is made yet.
 * @throws KintsugiError `invalid` where no configuration is found or it names no cluster: never localhost:8080 by default.
 */
export function connectKubernetes(options: ConnectOptions = {}): Kubernetes {
  const config = loadConfig(options.kubeconfig);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw unusable(options, `its current context '${config.getCurrentContext()}' names no cluster`);
  const configuration = createConfiguration({
    baseServer: new ServerConfiguration(cluster.server.replace(/\/+$/, ''), {}),
    authMethods: { default: checkedCredentials(config) },
    httpApi: boundedTransport(options.timeoutMs ?? DEFAULT_TIMEOUT_MS),
  });
  return {
    config,
    core: new CoreV1Api(configuration),
    apps: new AppsV1Api(configuration),
    autoscaling: new AutoscalingV2Api(configuration),
    batch: new BatchV1Api(configuration),
    policy: new PolicyV1Api(configuration),
    coordination: new CoordinationV1Api(configuration),
    discovery: new DiscoveryV1Api(configuration),
    storage: new StorageV1Api(configuration),
    authorization: new AuthorizationV1Api(configuration),
    custom: new CustomObjectsApi(configuration),
    version: new VersionApi(configuration),
  };
}

function loadConfig(path: string | undefined): KubeConfig {
  const config = new KubeConfig();
  try {
    if (path === undefined) config.loadFromDefault();
    else config.loadFromFile(path);
  } catch (error) {
    throw unusable({ ...(path === undefined ? {} : { kubeconfig: path }) }, messageOf(error));
  }
  if (path === undefined && isGuess(config)) throw unusable({}, 'there is none, and this is no pod of a cluster');
  return config;
}

/** What `loadFromDefault` makes up when it finds nothing (client-node 2.0, config.js). */
function isGuess(config: KubeConfig): boolean {
  return (
    config.getCurrentContext() === 'loaded-context' && config.getCurrentCluster()?.server === 'http://localhost:8080'
  );
}

function unusable(options: ConnectOptions, reason: string): KintsugiError {
  const where = options.kubeconfig ?? process.env.KUBECONFIG ?? '~/.kube/config';
  return new KintsugiError('invalid', `no usable kubeconfig: ${reason}`, {
    where,
    fix: 'Set KUBECONFIG to a kubeconfig whose current context is the cluster that Kintsugi shall work on.',
  });
}
