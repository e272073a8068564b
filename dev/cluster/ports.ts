import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { KintsugiError } from '../../src/errors.ts';

/**
 * Where ports are taken from: below those that Linux gives to outgoing connections (net.ipv4.ip_local_port_range, from 32768)
 * and Kubernetes to NodePorts (from 30000), so that nobody takes one by chance between its choice and its use.
 */
export const PORTS = { first: 20_000, last: 29_999 } as const;

const MOST_TRIES = 200;

/** A TCP port that is free on the address: the preferred one, else one of {@link PORTS}. Throws when none can be bound. */
export async function freePort(address: string, preferred?: number): Promise<number> {
  if (preferred !== undefined && (await canListen(address, preferred))) return preferred;
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const port = randomInt(PORTS.first, PORTS.last + 1);
    if (await canListen(address, port)) return port;
  }
  throw new KintsugiError('unavailable', `no port can be opened on ${address}`, {
    where: address,
    fix: 'Check that the address exists on this machine (ip addr).',
  });
}

function canListen(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, address, () => server.close(() => resolve(true)));
  });
}

const MOST_STARTS = 3;

/**
 * What `start` resolves to. Temporal's servers take more ports than those that they are given, from the ones of outgoing
 * connections, and end when another program was quicker: one that `ended` before it was ready is started again, on other ports.
 */
export async function startServer<T>(start: () => Promise<T>, ended: (thrown: unknown) => boolean): Promise<T> {
  for (let starts = 1; ; starts += 1) {
    try {
      return await start();
    } catch (thrown) {
      if (starts === MOST_STARTS || !ended(thrown)) throw thrown;
    }
  }
}
