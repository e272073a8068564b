import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Notifier } from '../../src/notify/notifier.ts';
import type { SeenRequest } from '../http/server.ts';
import type { Meeting, Provider } from './contract.ts';

/** What a provider by HTTP documents. */
export interface HttpContract {
  make(url: string): Notifier;
  /** What the request breaks of the documented contract, in words; null if nothing. */
  violation(request: SeenRequest): string | null;
  /** By what the provider knows a message again. */
  identity(request: SeenRequest): string;
  /** The documented answer to what it takes. */
  take(request: SeenRequest, response: ServerResponse): void;
  /** The documented answer to what it refuses; 400 without a word if not given. */
  refuse?(request: SeenRequest, response: ServerResponse): void;
}

export interface HttpProvider extends Provider {
  url: string;
  /** What it has read. */
  requests: SeenRequest[];
}

/** A real HTTP server that stands in for a provider (see {@link Provider}). */
export async function httpProvider(contract: HttpContract): Promise<HttpProvider> {
  const requests: SeenRequest[] = [];
  const violations: string[] = [];
  let meetings: Meeting[] = ['take'];
  const next = (): Meeting => (meetings.length > 1 ? meetings.shift() : meetings[0]) ?? 'take';

  const server = createServer(async (incoming, response) => {
    const meeting = next();
    if (meeting === 'reset') return void incoming.socket.destroy();
    const request = await readWhole(incoming);
    requests.push(request);
    const violation = contract.violation(request);
    if (violation !== null) violations.push(violation);
    if (meeting === 'hang') return;
    if (meeting === 'lost') return void incoming.socket.destroy();
    if (violation !== null) return void response.writeHead(400).end(violation);
    if (meeting === 'take') return contract.take(request, response);
    if (meeting === 'refuse' && contract.refuse !== undefined) return contract.refuse(request, response);
    answerFault(meeting, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    notifier: contract.make(url),
    requests,
    meet: (...given) => {
      meetings = given;
    },
    seen: () => requests.map(contract.identity),
    violations: () => violations,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const FAULTS: Partial<Record<Meeting, [number, { [header: string]: string }]>> = {
  overload: [429, { 'retry-after': '1' }],
  'overload-long': [429, { 'retry-after': '600' }],
  fault: [500, {}],
};

function answerFault(meeting: Meeting, response: ServerResponse): void {
  const [status, headers] = FAULTS[meeting] ?? [400, {}];
  response.writeHead(status, headers).end();
}

async function readWhole(request: IncomingMessage): Promise<SeenRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString('utf8');
  return { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body };
}
