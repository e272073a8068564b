/**
 * Stands in for kube-state-metrics and the blackbox exporter on a development machine, and passes on the programs' own
 * metrics. A server inside the process that starts it: it holds the cluster's credentials, Prometheus holds none.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { messageOf } from '../../src/errors.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { stateMetrics } from './metrics.ts';
import { probeTargets, programTargets } from './targets.ts';

const TEXT = 'text/plain; version=0.0.4';
const POD_PATH = /^\/(?<what>pods|probe)\/(?<namespace>[^/]+)\/(?<pod>[^/]+)\/(?<port>\d+)\/(?<path>.*)$/;

export interface Exporter {
  /** Host and port. */
  address: string;
  stop(): Promise<void>;
}

/**
 * Starts the exporter on a free loopback port. Paths: `/metrics`; `/targets` and `/probes` for service discovery;
 * `/pods/NAMESPACE/POD/PORT/metrics` and `/probe/NAMESPACE/POD/PORT/PATH`.
 */
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
  const address = request.headers.host ?? '';
  if (path === '/metrics') return send(response, TEXT, await clusterMetrics());
  if (path === '/targets') {
    const { items } = await kube.core.listPodForAllNamespaces();
    return send(response, 'application/json', JSON.stringify(programTargets(items, address)));
  }
  if (path === '/probes') {
    const [services, slices] = await Promise.all([
      kube.core.listServiceForAllNamespaces(),
      kube.discovery.listEndpointSliceForAllNamespaces(),
    ]);
    const targets = probeTargets(services.items, slices.items, address);
    return send(response, 'application/json', JSON.stringify(targets));
  }
  const asked = POD_PATH.exec(path)?.groups;
  if (asked === undefined) {
    response.writeHead(404).end();
    return;
  }
  const { what, namespace = '', pod = '', port = '', path: rest = '' } = asked;
  const read = () => kube.core.connectGetNamespacedPodProxyWithPath({ namespace, name: `${pod}:${port}`, path: rest });
  return send(response, TEXT, what === 'probe' ? await probe(read) : await read());
}

/** As the blackbox exporter says it: a probe that fails is an answer too. */
async function probe(read: () => Promise<unknown>): Promise<string> {
  const success = await read().then(
    () => 1,
    () => 0,
  );
  return `# HELP probe_success Displays whether or not the probe was a success\n# TYPE probe_success gauge\nprobe_success ${success}\n`;
}

/** Like kube-state-metrics, which watches: while the API server is away, what was last known is told on. */
function rememberingMetrics(kube: Kubernetes): () => Promise<string> {
  let last: string | undefined;
  return async () => {
    try {
      const [pods, deployments, statefulSets] = await Promise.all([
        kube.core.listPodForAllNamespaces(),
        kube.apps.listDeploymentForAllNamespaces(),
        kube.apps.listStatefulSetForAllNamespaces(),
      ]);
      const objects = { pods: pods.items, deployments: deployments.items, statefulSets: statefulSets.items };
      last = await stateMetrics(objects);
    } catch (error) {
      if (last === undefined) throw error;
    }
    return last;
  };
}

function send(response: ServerResponse, type: string, body: string): void {
  response.writeHead(200, { 'Content-Type': type }).end(body);
}
