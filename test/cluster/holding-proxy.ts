import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import type { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { KubeConfig } from '@kubernetes/client-node';
import { kubeconfigFor } from './losing-proxy.ts';

/** Where a call stands still: before the API server gets it, or after it was done and before the caller learns so. */
export type HoldPoint = 'before forwarding' | 'before answering';

/** A call that will be held, once it comes. */
export interface HeldCall {
  /** Resolves when the call stands still. */
  reached: Promise<void>;
  /** Lets it go on, its caller alive or not; resolves with the API server's status. */
  release(): Promise<number>;
}

/** A proxy in front of the API server that can hold calls, and be away. */
export interface HoldingProxy {
  /** A kubeconfig for it, as text. */
  kubeconfig: string;
  /** While true, every connection is cut. */
  away: boolean;
  /** Holds the next call that matches; the later ones pass. */
  holdNext(matches: (method: string, path: string) => boolean, point: HoldPoint): HeldCall;
  close(): Promise<void>;
}

interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

interface Hold {
  matches: (method: string, path: string) => boolean;
  point: HoldPoint;
  reached: PromiseWithResolvers<void>;
  released: PromiseWithResolvers<void>;
  answered: PromiseWithResolvers<number>;
}

/**
 * Starts it on a free loopback port.
 * @param kubeconfigPath who calls the API server
 * @param userAgent under which the audit log shows these calls
 */
export async function startHoldingProxy(kubeconfigPath: string, userAgent: string): Promise<HoldingProxy> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigPath);
  const holds: Hold[] = [];
  const proxy: HoldingProxy = {
    kubeconfig: '',
    away: false,
    holdNext(matches, point) {
      const hold: Hold = {
        matches,
        point,
        reached: Promise.withResolvers(),
        released: Promise.withResolvers(),
        answered: Promise.withResolvers(),
      };
      holds.push(hold);
      const release = () => {
        hold.released.resolve();
        return hold.answered.promise;
      };
      return { reached: hold.reached.promise, release };
    },
    close: async () => undefined,
  };
  const take = (incoming: IncomingMessage) => {
    const index = holds.findIndex(({ matches }) => matches(incoming.method ?? '', incoming.url ?? ''));
    return index < 0 ? undefined : holds.splice(index, 1)[0];
  };
  const server = createServer((incoming, outgoing) => {
    if (proxy.away) incoming.socket.destroy();
    // A caller that is gone while its call is held is what this proxy is for.
    else pass({ config, userAgent }, take(incoming), incoming, outgoing).catch(() => outgoing.destroy());
  });
  const tunnels = new Set<Duplex>();
  server.on('upgrade', (incoming, socket, head) => {
    tunnels.add(socket);
    socket.on('error', () => undefined).on('close', () => tunnels.delete(socket));
    if (proxy.away) socket.destroy();
    else tunnel({ config, userAgent }, incoming, socket, head).catch(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy.kubeconfig = kubeconfigFor(server);
  proxy.close = () => {
    // Connections that have become tunnels are the server's no more.
    for (const socket of tunnels) socket.destroy();
    return close(server);
  };
  return proxy;
}

async function pass(
  upstream: { config: KubeConfig; userAgent: string },
  hold: Hold | undefined,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const body = await buffer(incoming);
  if (hold?.point === 'before forwarding') await standStill(hold);
  const answer = await forward(upstream, incoming, body);
  if (hold?.point === 'before answering') await standStill(hold);
  hold?.answered.resolve(answer.status);
  outgoing.writeHead(answer.status, answer.headers).end(answer.body);
}

async function standStill(hold: Hold): Promise<void> {
  hold.reached.resolve();
  await hold.released.promise;
}

interface Upstream {
  config: KubeConfig;
  userAgent: string;
}

async function optionsFor({ config, userAgent }: Upstream, incoming: IncomingMessage): Promise<RequestOptions> {
  const url = new URL(config.getCurrentCluster()?.server ?? '');
  const options: RequestOptions = {
    host: url.hostname,
    port: url.port,
    method: incoming.method ?? 'GET',
    path: incoming.url ?? '/',
    headers: { ...incoming.headers, host: url.host, 'user-agent': userAgent },
  };
  await config.applyToHTTPSOptions(options);
  return options;
}

/** An exec or a forwarded port: both sides speak to each other once the API server has agreed. */
async function tunnel(upstream: Upstream, incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  const asked = request(await optionsFor(upstream, incoming));
  const answerLine = ({ statusCode = 502, statusMessage = '', rawHeaders }: IncomingMessage) => {
    const lines = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${rawHeaders[index + 1]}`] : []));
    return [`HTTP/1.1 ${statusCode} ${statusMessage}`, ...lines, '', ''].join('\r\n');
  };
  asked.on('error', () => socket.destroy());
  asked.on('response', (refusal) => socket.end(answerLine(refusal)));
  asked.on('upgrade', (answer, other, first) => {
    other.on('error', () => socket.destroy());
    socket.on('close', () => other.destroy());
    socket.write(answerLine(answer));
    socket.write(first);
    other.write(head);
    other.pipe(socket);
    socket.pipe(other);
  });
  asked.end();
}

async function forward(upstream: Upstream, incoming: IncomingMessage, body: Buffer): Promise<Answer> {
  const options = await optionsFor(upstream, incoming);
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const sent = request(options, (answer) => {
    buffer(answer).then((read) => {
      // The whole body is passed on at once: how it came in pieces is of no use any more.
      const { 'transfer-encoding': _, ...headers } = answer.headers;
      resolve({ status: answer.statusCode ?? 502, headers, body: read });
    }, reject);
  });
  sent.on('error', reject);
  sent.end(body);
  return promise;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.closeAllConnections();
    server.close(() => resolve());
  });
}
