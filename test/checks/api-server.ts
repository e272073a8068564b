import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import { type SeenRequest, startServer } from '../http/server.ts';
import { kubeconfigTo } from '../kubernetes/kubeconfig.ts';

/** An answer by path (without the query): an object is sent as JSON, a text as plain text, a function answers itself. */
export type Route = object | string | ((request: SeenRequest, response: ServerResponse) => void);

/** A small API server for the branches that a cluster cannot be made to take, and the real clients that talk to it. */
export interface FakeApiServer {
  kubernetes: Kubernetes;
  /** May be changed while it runs. */
  routes: Record<string, Route>;
  seen: SeenRequest[];
  close(): Promise<void>;
}

export async function startApiServer(routes: Record<string, Route>, timeoutMs = 10_000): Promise<FakeApiServer> {
  const server = await startServer((request, response) => {
    const path = decodeURIComponent(request.path.split('?')[0] ?? '');
    const route = routes[path];
    if (route === undefined) return refuse(response, 404, `no route ${path}`);
    if (typeof route === 'function') return route(request, response);
    const text = typeof route === 'string';
    response.writeHead(200, { 'content-type': text ? 'text/plain' : 'application/json' });
    response.end(text ? route : JSON.stringify(route));
  });
  const folder = await mkdtemp(join(tmpdir(), 'kintsugi-test-'));
  const kubeconfig = join(folder, 'kubeconfig');
  await writeFile(kubeconfig, kubeconfigTo(server.url));
  return {
    kubernetes: connectKubernetes({ kubeconfig, timeoutMs }),
    routes,
    seen: server.seen,
    close: async () => {
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Kubernetes' own way to say no: a Status object. */
export function refuse(response: ServerResponse, code: number, message: string): void {
  response.writeHead(code, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code }));
}
