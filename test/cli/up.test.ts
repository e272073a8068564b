import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { stringify } from 'yaml';
import { freePort } from '../../dev/cluster/ports.ts';
import { startServer } from '../http/server.ts';
import { needs } from '../needs.ts';
import { devServer, type TemporalServer } from '../workflows/servers.ts';
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

/** A kubeconfig of a cluster that does not answer. */
function kubeconfig(apiServer: string): string {
  const file = join(home, 'kubeconfig');
  const clusters = [{ name: 'away', cluster: { server: apiServer, 'insecure-skip-tls-verify': true } }];
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

/** Starts `up` and returns once it says that it serves, with the lines that it said until then. */
async function startUp(cluster: string, apiServer: string) {
  const metricsPort = await freePort('127.0.0.1');
  const up = execa(process.execPath, [PROGRAM, 'up'], {
    extendEnv: false,
    reject: false,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: home,
      TEMPORAL_ADDRESS: server.address,
      KUBECONFIG: kubeconfig(apiServer),
      KINTSUGI_CLUSTER: cluster,
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
  return { up, place };
}

test('up serves alerts and recoveries with keys of its own, says where, and ends with 0 when it is told to stop', async () => {
  const { up, place } = await startUp('up-test', 'https://127.0.0.1:1');
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

test('a second stop signal ends up at once, while the first waits for a step that is under way', async () => {
  // An API server that takes every call and never answers: the step that asks it lasts.
  const silent = await startServer(() => undefined);
  const { up, place } = await startUp('up-stopped-twice', silent.url);
  const said = (text: string) =>
    new Promise<void>((resolve) => {
      let all = '';
      up.stderr.on('data', (chunk: Buffer) => {
        all += chunk.toString();
        if (all.includes(text)) resolve();
      });
    });
  try {
    const { workflowId } = await server.environment.client.workflow.start('agent-bruno-pod-crash-loop', {
      workflowId: 'recovery/up-stopped-twice/bruno/deployment/agent-bruno',
      taskQueue: place('Worker polls'),
      args: [{}],
    });
    const underWay = async () => {
      const { raw } = await server.environment.client.workflow.getHandle(workflowId).describe();
      return raw.pendingActivities?.some(({ activityType }) => activityType?.name === 'diagnose') === true;
    };
    while (!(await underWay()) || silent.seen.length === 0) await sleep(50);
    const stopping = said('a second one ends it at once');
    up.kill('SIGTERM');
    await stopping;
    up.kill('SIGTERM');
    expect((await up).exitCode).toBe(130);
  } finally {
    up.kill('SIGKILL');
    await silent.close();
  }
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
