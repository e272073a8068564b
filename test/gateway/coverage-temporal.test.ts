import { needs, provided } from '../needs.ts';

needs('temporal');

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Context } from '@temporalio/activity';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { type Covered, readCoverage } from '../../src/gateway/coverage.ts';
import { deliverAlerts } from '../../src/temporal/alerts.ts';
import { registerSearchAttributes } from '../../src/temporal/search-attributes.ts';

let temporal: TestWorkflowEnvironment;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  temporal = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'existing-path', path: provided('temporal') } },
  });
  await registerSearchAttributes(temporal.client);
}, 60_000);
afterAll(() => temporal.teardown());

/** Brings one firing trigger that broke `minutes` ago to the recovery of a workload of that name. */
function alert(name: string, namespace: string, minutes: number) {
  const startsAt = new Date(Date.now() - minutes * 60_000).toISOString();
  const labels = { alertname: 'AgentBrunoPodCrashLooping', namespace };
  return deliverAlerts(temporal.client, {
    cluster: 'homelab',
    target: { namespace, kind: 'Deployment', name },
    mayStart: true,
    signal: {
      v: 1,
      runbook: 'agent-bruno-pod-crash-loop',
      digest: 'd',
      after: '15m',
      alerts: [
        { fingerprint: name, name: 'AgentBrunoPodCrashLooping', status: 'firing', startsAt, role: 'trigger', labels },
      ],
    },
  });
}

/** Temporal's lists follow its histories with a little delay. */
async function untilListed(count: number): Promise<void> {
  for (;;) {
    const listed = await temporal.client.workflow.count('KintsugiRunbook IS NOT NULL');
    if (listed.count >= count) return;
    await sleep(100);
  }
}

async function coverageByNamespace(): Promise<Covered[]> {
  const covered = await readCoverage(temporal.client, () => new Date());
  return covered.sort((a, b) => (a.namespace < b.namespace ? -1 : 1));
}

test('without a worker no recovery answers, so nothing is covered', async () => {
  expect(await alert('early', 'early', 1)).toBe('started');
  await untilListed(1);
  expect(await readCoverage(temporal.client, () => new Date())).toEqual([]);
}, 30_000);

test('the recoveries themselves tell which alerts are in good hands', async () => {
  // Pending until the worker stops: a worker cannot end while an activity ignores that.
  const pending = () => Context.current().cancelled;
  const worker = await Worker.create({
    connection: temporal.nativeConnection,
    taskQueue: 'kintsugi-homelab',
    workflowsPath: join(import.meta.dirname, '../../src/workflows/index.ts'),
    activities: { loadRunbook: pending, escalate: pending },
    shutdownForceTime: '1s',
  });
  await alert('late', 'late', 20);
  await untilListed(2);
  const covered = await worker.runUntil(coverageByNamespace);
  expect(covered).toEqual([
    { alertname: 'AgentBrunoPodCrashLooping', namespace: 'early', covered: true },
    { alertname: 'AgentBrunoPodCrashLooping', namespace: 'late', covered: false },
  ]);
}, 60_000);
