import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { kubeconfigTo } from '../kubernetes/kubeconfig.ts';

/** A proxy in front of the API server that does what was asked for and loses the answer. */
export interface LosingProxy {
  /** A kubeconfig for it, as text. */
  kubeconfig: string;
  /** How many of the next patches and creations lose their answer. */
  lose: number;
  /** At which write from now on (1 is the next) its caller dies: it is done, and neither answered nor followed by anything. */
  dieAt: number | null;
  /** The writes that were passed on, as `PATCH /path`. */
  writes: string[];
  close(): Promise<void>;
}

export async function startLosingProxy(kubeconfigPath: string): Promise<LosingProxy> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigPath);
  const upstream = new URL(config.getCurrentCluster()?.server ?? '');
  const proxy: LosingProxy = { kubeconfig: '', lose: 0, dieAt: null, writes: [], close: async () => undefined };
  const server = createServer((incoming, outgoing) => {
    void forward(config, upstream, proxy, incoming, outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy.kubeconfig = kubeconfigFor(server);
  proxy.close = () =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return proxy;
}

async function forward(
  config: KubeConfig,
  upstream: URL,
  proxy: LosingProxy,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  if (proxy.dieAt === 0) return void outgoing.destroy();
  const isMade = incoming.method === 'PATCH' || incoming.method === 'POST';
  const loses = (isMade && proxy.lose > 0) || diesNow(proxy, incoming);
  if (isMade && proxy.lose > 0) proxy.lose -= 1;
  const options: RequestOptions = {
    host: upstream.hostname,
    port: upstream.port,
    method: incoming.method ?? 'GET',
    path: incoming.url ?? '/',
    headers: { ...incoming.headers, host: upstream.host },
  };
  await config.applyToHTTPSOptions(options);
  const sent = request(options, (answer) => {
    if (loses) {
      answer.resume();
      answer.on('end', () => outgoing.destroy());
      return;
    }
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  sent.on('error', () => outgoing.destroy());
  incoming.pipe(sent);
}

/** Counts the writes; whether this is the one that its caller does not live to see answered. */
function diesNow(proxy: LosingProxy, { method = 'GET', url = '' }: IncomingMessage): boolean {
  if (method === 'GET') return false;
  proxy.writes.push(`${method} ${url.split('?')[0]}`);
  if (proxy.dieAt === null) return false;
  proxy.dieAt -= 1;
  return proxy.dieAt === 0;
}

/** A kubeconfig, as text, for a proxy that has credentials of its own. */
export function kubeconfigFor(server: Server): string {
  const { port }: AddressInfo = JSON.parse(JSON.stringify(server.address()));
  return kubeconfigTo(`http://127.0.0.1:${port}`);
}
