import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from '@jest/globals';
import { freePort, PORTS, startServer } from '../../dev/cluster/ports.ts';

const LOOPBACK = '127.0.0.1';

test('a free port is none that Linux may give to an outgoing connection meanwhile', async () => {
  const ports = await Promise.all(Array.from({ length: 50 }, () => freePort(LOOPBACK)));
  for (const port of ports) {
    expect(port).toBeGreaterThanOrEqual(PORTS.first);
    expect(port).toBeLessThanOrEqual(PORTS.last);
  }
});

test('a preferred port is taken where it is free, and another where it is not', async () => {
  const preferred = await freePort(LOOPBACK);
  expect(await freePort(LOOPBACK, preferred)).toBe(preferred);
  const server = createServer().listen(preferred, LOOPBACK);
  await once(server, 'listening');
  try {
    expect(await freePort(LOOPBACK, preferred)).not.toBe(preferred);
  } finally {
    server.close();
  }
});

test('an address that this machine does not have is named', async () => {
  await expect(freePort('192.0.2.1')).rejects.toThrow('no port can be opened on 192.0.2.1');
});

test('a server that ended before it was ready is started again, and what it ended with is thrown after the third time', async () => {
  const outcomes = [new Error('ended'), 'ready'];
  const next = async () => {
    const outcome = outcomes.shift();
    if (outcome instanceof Error) throw outcome;
    return outcome;
  };
  expect(await startServer(next, () => true)).toBe('ready');
  let starts = 0;
  const never = async () => {
    starts += 1;
    throw new Error(`ended ${starts}`);
  };
  await expect(startServer(never, () => true)).rejects.toThrow('ended 3');
  await expect(startServer(never, () => false)).rejects.toThrow('ended 4');
});
