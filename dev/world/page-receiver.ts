import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';

const bodySchema = z.looseObject({ event: z.string(), title: z.string(), key: z.string() });

/** A page as it came in: the webhook's body, its Idempotency-Key and when (ms since 1970). */
export interface ReceivedPage {
  at: number;
  idempotencyKey: string;
  body: z.infer<typeof bodySchema>;
}

/** Stands in for the people who are paged: takes every message and keeps it. */
export interface PageReceiver {
  url: string;
  pages: ReceivedPage[];
  stop(): Promise<void>;
}

/** Listens on a free loopback port. */
export async function startPageReceiver(onPage: (page: ReceivedPage) => void = () => undefined): Promise<PageReceiver> {
  const pages: ReceivedPage[] = [];
  const server = createServer(async (request, response) => {
    const body = bodySchema.safeParse(JSON.parse((await text(request)) || '{}'));
    if (!body.success) {
      response.writeHead(400).end();
      return;
    }
    const page = { at: Date.now(), idempotencyKey: String(request.headers['idempotency-key'] ?? ''), body: body.data };
    pages.push(page);
    onPage(page);
    response.writeHead(202, { 'content-type': 'application/json' }).end('{"id":"received"}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const stop = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { url: `http://127.0.0.1:${port}/pages`, pages, stop };
}
