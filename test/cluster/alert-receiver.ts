import { once } from 'node:events';
import { createServer } from 'node:http';
import { z } from 'zod';

/** The parts of Alertmanager's post that tests look at (Alertmanager, webhook_config, version 4). */
const postSchema = z.object({
  version: z.literal('4'),
  groupKey: z.string(),
  receiver: z.string(),
  alerts: z.array(
    z.object({
      status: z.enum(['firing', 'resolved']),
      labels: z.record(z.string(), z.string()),
      generatorURL: z.string(),
    }),
  ),
});

export interface ReceivedPost extends z.infer<typeof postSchema> {
  path: string;
  authorization: string | undefined;
}

/** A receiver of alerts that keeps what it was sent. */
export interface AlertReceiver {
  url: string;
  posts: ReceivedPost[];
  stop(): Promise<void>;
}

/** Listens on a free loopback port and answers every post with 200. */
export async function startAlertReceiver(): Promise<AlertReceiver> {
  const posts: ReceivedPost[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const post = postSchema.parse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
    posts.push({ ...post, path: request.url ?? '', authorization: request.headers.authorization });
    response.end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    posts,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
