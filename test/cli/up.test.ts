import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { stringify } from 'yaml';
import { needs } from '../needs.ts';
import { devServer, freePort, type TemporalServer } from '../workflows/servers.ts';
import { PROGRAM } from './command.ts';

needs('temporal');

let server: TemporalServer;
let home: string;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'kintsugi-up-'));
  server = await devServer();
}, 60_000);
afterAll(async () => {
  await server?.stop();
  rmSync(home, { recursive: true });
});

/** A kubeconfig of a cluster that does not answer: nothing of it is asked before a recovery begins. */
function kubeconfig(): string {
  const file = join(home, 'kubeconfig');
  const clusters = [{ name: 'away', cluster: { server: 'https://127.0.0.1:1' } }];
  const contexts = [{ name: 'away', context: { cluster: 'away', user: 'nobody' } }];
  writeFileSync(
    file,
    stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'away',
      clusters,
      contexts,
      users: [{ name: 'nobody', user: {} }],
    }),
  );
  return file;
}

test('up serves alerts and recoveries with keys of its own, says where, and ends with 0 when it is told to stop', async () => {
  const metricsPort = await freePort();
  const up = execa(process.execPath, [PROGRAM, 'up'], {
    extendEnv: false,
    reject: false,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: home,
      TEMPORAL_ADDRESS: server.address,
      KUBECONFIG: kubeconfig(),
      KINTSUGI_CLUSTER: 'up-test',
      KINTSUGI_GATEWAY_ADDRESS: '127.0.0.1:0',
      KINTSUGI_METRICS_ADDRESS: `127.0.0.1:${metricsPort}`,
      KINTSUGI_LOG_LEVEL: 'fatal',
    },
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: up.stdout })) {
    lines.push(line);
    if (line.startsWith('Ctrl-C')) break;
  }
  const place = (name: string) =>
    lines
      .find((line) => line.startsWith(name))
      ?.slice(name.length)
      .trim() ?? '';
  try {
    const token = readFileSync(place('Bearer token'), 'utf8').trim();
    const alerts = place('Alerts go to');
    expect((await fetch(new URL('/readyz', alerts))).status).toBe(200);
    const post = (bearer: string) =>
      fetch(alerts, { method: 'POST', headers: { authorization: `Bearer ${bearer}` }, body: '{"alerts": []}' });
    expect((await post(token)).status).toBe(200);
    expect((await post('another')).status).toBe(401);
    expect(await (await fetch(place('Metrics'))).text()).toContain('temporal_');
    expect(place('Worker polls')).toBe('kintsugi-up-test');
  } finally {
    up.kill('SIGTERM');
  }
  const { exitCode, stderr } = await up;
  expect(exitCode).toBe(0);
  expect(stderr).toContain('SIGTERM: ending what is under way');
}, 90_000);

test('a gateway by itself says where it listens, and ends with 0 by Ctrl-C', async () => {
  const gateway = execa(process.execPath, [PROGRAM, 'gateway', '--json'], {
    extendEnv: false,
    reject: false,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: home,
      TEMPORAL_ADDRESS: server.address,
      KINTSUGI_GATEWAY_ADDRESS: '127.0.0.1:0',
      KINTSUGI_GATEWAY_TOKEN: 't'.repeat(16),
      KINTSUGI_LOG_LEVEL: 'fatal',
    },
  });
  // One that ends instead of saying where it listens is told by its own words.
  await Promise.race([once(gateway.stdout, 'data'), gateway]);
  gateway.kill('SIGINT');
  const { exitCode, stdout, stderr } = await gateway;
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(JSON.parse(stdout)).toEqual({ url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) });
}, 60_000);
