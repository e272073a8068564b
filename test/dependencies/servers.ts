import { createServer, connect as dial, type Socket } from 'node:net';
import type { BsonDocument } from '../../src/dependencies/bson.ts';
import { encodeMessage, parseMessage } from '../../src/dependencies/op-msg.ts';
import type { Forward } from '../../src/kubernetes/port-forward.ts';

/** A server of a test, reached as a pod is. */
export interface FakeDependency {
  forward: Forward;
  /** What it was asked, in order. */
  asked: string[];
  close(): Promise<void>;
}

async function listen(asked: string[], serve: (socket: Socket) => void): Promise<FakeDependency> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => open.delete(socket));
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    asked,
    forward: async () => dial(address.port, '127.0.0.1'),
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** A Redis that answers each command by its words; null is silence. */
export function startRedis(answer: (command: string) => string | null): Promise<FakeDependency> {
  const asked: string[] = [];
  return listen(asked, (socket) => {
    socket.on('data', (chunk) => {
      // One command at a time is all that is ever sent: *2\r\n$4\r\nAUTH\r\n$2\r\npw\r\n
      const words = chunk
        .toString()
        .split('\r\n')
        .filter((_, index) => index > 0 && index % 2 === 0);
      const command = words.join(' ');
      asked.push(command);
      const reply = answer(command);
      // In two pieces, as a network may.
      if (reply !== null) {
        socket.write(reply.slice(0, 2));
        setImmediate(() => socket.write(reply.slice(2)));
      }
    });
  });
}

/** INFO of a Redis that is well, with these fields instead. */
export function redisAnswers(info: Record<string, string> = {}): (command: string) => string | null {
  const fields = { role: 'master', used_memory: '100', used_memory_human: '100B', maxmemory: '0', ...info };
  const text = `# All\r\n${Object.entries(fields)
    .map(([key, value]) => `${key}:${value}\r\n`)
    .join('')}`;
  return (command) => {
    if (command === 'PING') return '+PONG\r\n';
    return command.startsWith('INFO') ? `$${text.length}\r\n${text}\r\n` : '+OK\r\n';
  };
}

/** A MongoDB that answers each command by its document; null is silence. */
export function startMongo(answer: (command: BsonDocument) => BsonDocument | null): Promise<FakeDependency> {
  const asked: string[] = [];
  return listen(asked, (socket) => {
    socket.on('data', (chunk) => {
      const message = parseMessage(chunk);
      if (message === null) return;
      asked.push(Object.keys(message.value)[0] ?? '');
      const reply = answer(message.value);
      if (reply !== null) socket.write(encodeMessage(1, reply));
    });
  });
}
