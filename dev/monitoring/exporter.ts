/**
 * Stands in for kube-state-metrics on a development machine, and passes on the programs' own metrics. A server inside
 * the process that starts it: it holds the cluster's credentials, Prometheus holds none.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { messageOf } from '../../src/errors.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { programTargets, stateMetrics } from './metrics.ts';

export interface Exporter {
  /** Host and port. */
  address: string;
  stop(): Promise<void>;
}

/** Starts the exporter on a free loopback port. Paths: `/metrics`, `/targets`, `/pods/NAMESPACE/POD/metrics`. */
export async function startExporter(kube: Kubernetes): Promise<Exporter> {
  const clusterMetrics = rememberingMetrics(kube);
  const server = createServer((request, response) => {
    answer(kube, clusterMetrics, request, response).catch((error: unknown) => {
      response.writeHead(502, { 'Content-Type': 'text/plain' }).end(`${messageOf(error)}\n`);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  const address = `127.0.0.1:${typeof bound === 'object' && bound !== null ? bound.port : 0}`;
  return {
    address,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function answer(
  kube: Kubernetes,
  clusterMetrics: () => Promise<string>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.url?.split('?')[0] ?? '';
  if (path === '/metrics') return send(response, 'text/plain; version=0.0.4', await clusterMetrics());
  if (path === '/targets') {
    const { items } = await kube.core.listPodForAllNamespaces({ labelSelector: 'app=agent-bruno' });
    return send(response, 'application/json', JSON.stringify(programTargets(items, request.headers.host ?? '')));
  }
  const pod = /^\/pods\/(?<namespace>[^/]+)\/(?<name>[^/]+)\/metrics$/.exec(path)?.groups;
  if (pod?.namespace !== undefined && pod.name !== undefined) {
    const program = { namespace: pod.namespace, name: `${pod.name}:8080`, path: 'metrics' };
    const metrics = await kube.core.connectGetNamespacedPodProxyWithPath(program);
    return send(response, 'text/plain; version=0.0.4', metrics);
  }
  response.writeHead(404).end();
}

/** Like kube-state-metrics, which watches: while the API server is away, what was last known is told on. */
function rememberingMetrics(kube: Kubernetes): () => Promise<string> {
  let last: string | undefined;
  return async () => {
    try {
      const [pods, deployments] = await Promise.all([
        kube.core.listPodForAllNamespaces(),
        kube.apps.listDeploymentForAllNamespaces(),
      ]);
      last = await stateMetrics(pods.items, deployments.items);
    } catch (error) {
      if (last === undefined) throw error;
    }
    return last;
  };
}

function send(response: ServerResponse, type: string, body: string): void {
  response.writeHead(200, { 'Content-Type': type }).end(body);
}
