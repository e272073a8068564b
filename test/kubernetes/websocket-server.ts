import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { Duplex } from 'node:stream';

/** One WebSocket as the API server's pods/portforward speaks it: messages of a channel's number and bytes. */
export interface Channel {
  send(channel: number, bytes: Buffer): void;
  onMessage(take: (channel: number, bytes: Buffer) => void): void;
  /** Ends it; resolves when the other side has gone. */
  end(): void;
  closed: Promise<void>;
}

/**
 * A server that takes WebSockets and nothing else, enough of RFC 6455 for short unfragmented messages.
 * @param accept an HTTP status refuses, `hang` never answers, a function takes the connection
 */
export async function startWebSockets(
  accept: number | 'hang' | ((channel: Channel, path: string) => void),
): Promise<{ url: string; close(): Promise<void> }> {
  const open = new Set<Duplex>();
  const server = createServer();
  server.on('upgrade', (request, socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.on('end', () => socket.end());
    if (accept === 'hang') return;
    if (typeof accept === 'number') {
      socket.end(`HTTP/1.1 ${accept} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
      return;
    }
    const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: v4.channel.k8s.io\r\nSec-WebSocket-Accept: ${createHash('sha1').update(key).digest('base64')}\r\n\r\n`,
    );
    accept(channelOf(socket), request.url ?? '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function portOf(server: Server): number {
  const address = server.address();
  return address === null || typeof address === 'string' ? 0 : address.port;
}

function channelOf(socket: Duplex): Channel {
  const takers: ((channel: number, bytes: Buffer) => void)[] = [];
  socket.on('data', (frame: Buffer) => {
    const binary = (frame[0] ?? 0) === 0x82;
    const length = (frame[1] ?? 0) & 0x7f;
    if (!binary || length > 125) return;
    const mask = frame.subarray(2, 6);
    const body = Buffer.from(frame.subarray(6, 6 + length).map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
    for (const take of takers) take(body[0] ?? 0, body.subarray(1));
  });
  return {
    send: (channel, bytes) => void socket.write(Buffer.concat([Buffer.from([0x82, bytes.length + 1, channel]), bytes])),
    onMessage: (take) => void takers.push(take),
    end: () => void socket.end(Buffer.from([0x88, 0])),
    closed: new Promise((resolve) => socket.on('close', () => resolve())),
  };
}
