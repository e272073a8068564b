import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import { kubeconfigTo } from './kubeconfig.ts';

/** An API server that serves what it is given, for branches that a real one cannot be made to take. */
export interface FakeApi {
  kubernetes: Kubernetes;
  /** `GET /api/v1/...` to the object, to a {@link Refusal}, or to a status code that refuses. What is not listed is not found. */
  answers: Record<string, object | number>;
  /** Method and path of every call, in order. */
  calls: string[];
  /** Path of a kubeconfig that leads here. */
  kubeconfig: string;
  /** Answers no more; the kubeconfig stays. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

/** A refusal in the API server's own words. */
export interface Refusal {
  refusedWith: number;
  message: string;
}

function answerOf(answer: object | number): { status: number; body: object } {
  if (typeof answer === 'number')
    return { status: answer, body: { kind: 'Status', message: `refused with ${answer}` } };
  if (!('refusedWith' in answer)) return { status: 200, body: answer };
  const { refusedWith, message } = answer as Refusal;
  return { status: refusedWith, body: { kind: 'Status', status: 'Failure', message, code: refusedWith } };
}

export async function startFakeApi(answers: FakeApi['answers'] = {}): Promise<FakeApi> {
  const calls: string[] = [];
  const server = createServer((request, response) => {
    const asked = `${request.method} ${new URL(request.url ?? '/', 'http://fake').pathname}`;
    calls.push(asked);
    request.resume();
    const answer = api.answers[asked] ?? 404;
    const { status, body } = answerOf(answer);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port }: { port: number } = JSON.parse(JSON.stringify(server.address()));
  const folder = await mkdtemp(join(tmpdir(), 'kintsugi-fake-'));
  const kubeconfig = join(folder, 'config');
  await writeFile(kubeconfig, kubeconfigTo(`http://127.0.0.1:${port}`));
  const api: FakeApi = {
    kubernetes: connectKubernetes({ kubeconfig }),
    answers,
    calls,
    kubeconfig,
    async stop() {
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
    async close() {
      await api.stop();
      await rm(folder, { recursive: true });
    },
  };
  return api;
}
