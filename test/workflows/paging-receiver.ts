import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';

/** What becomes of one delivery: `lost` is taken, but its answer never arrives. */
export type Reception = 'taken' | 'refused' | 'hung' | 'lost';

const messageSchema = z.looseObject({
  event: z.string(),
  key: z.string(),
  messageKey: z.string(),
  recoveryId: z.string(),
  target: z.object({ name: z.string() }),
  reason: z.string().optional(),
});

/** One delivery of a message, as it came in. */
export interface Delivery {
  /** ms since 1970. */
  at: number;
  idempotencyKey: string;
  /** The whole body: a repeat is the same, letter by letter. */
  text: string;
  message: z.infer<typeof messageSchema>;
  reception: Reception;
}

export interface PagingReceiver {
  url: string;
  deliveries: Delivery[];
  stop(): Promise<void>;
}

/** A receiver of pages that is not always well: `receive` says what becomes of a message's next delivery, the `nth` of it. */
export async function startPagingReceiver(
  receive: (message: Delivery['message'], nth: number) => Reception,
): Promise<PagingReceiver> {
  const deliveries: Delivery[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request).catch(() => null);
    // A sender that died in the middle of its post has sent nothing.
    if (body === null) return;
    const message = messageSchema.parse(JSON.parse(body));
    const idempotencyKey = String(request.headers['idempotency-key'] ?? '');
    const earlier = deliveries.filter((delivery) => delivery.idempotencyKey === idempotencyKey);
    const reception = receive(message, earlier.length);
    deliveries.push({ at: Date.now(), idempotencyKey, text: body, message, reception });
    if (reception === 'taken') response.writeHead(202, { 'content-type': 'application/json' }).end('{"id":"received"}');
    else if (reception === 'refused') response.writeHead(503).end();
    else if (reception === 'lost') request.socket.destroy();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const stop = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { url: `http://127.0.0.1:${port}/pages`, deliveries, stop };
}
