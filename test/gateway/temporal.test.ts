import { needs, provided } from '../needs.ts';

needs('temporal');

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { freePort } from '../../dev/cluster/ports.ts';
import { loadConfiguration } from '../../src/configuration/configuration.ts';
import { type RunningGateway, startGateway } from '../../src/gateway/main.ts';
import { createLogger } from '../../src/log.ts';
import { catalogue } from '../runbook/catalogue.ts';

/** The gateway is started before Temporal is, as after a power cut; what follows is one story on the real server. */

const token = 'a-token-of-good-length';
const workflowId = 'recovery/homelab/shop/deployment/web';
const fatal: unknown[] = [];
let port: number;
let gateway: RunningGateway;
let temporal: TestWorkflowEnvironment | null = null;

beforeAll(async () => {
  port = await freePort('127.0.0.1');
  const configuration = loadConfiguration({
    KINTSUGI_CLUSTER: 'homelab',
    KINTSUGI_RUNBOOKS: join(import.meta.dirname, '../runbook'),
    KINTSUGI_GATEWAY_TOKEN: token,
    KINTSUGI_GATEWAY_ADDRESS: '127.0.0.1:0',
    TEMPORAL_ADDRESS: `127.0.0.1:${port}`,
  });
  const log = createLogger({ level: 'silent', component: 'gateway' });
  gateway = await startGateway(configuration, { catalogue, log, onFatal: (thrown) => fatal.push(thrown) });
});
afterAll(async () => {
  await gateway.stop();
  await temporal?.teardown();
});

function alert(name: string, more: object = {}) {
  return {
    status: 'firing',
    fingerprint: name,
    labels: { alertname: name, namespace: 'shop', severity: 'critical', team: 'web' },
    startsAt: '2026-01-31T03:00:00Z',
    ...more,
  };
}

/** Posts as Alertmanager does: again after every 5xx. Returns the last answer and the statuses of all. */
async function postAsAlertmanager(alerts: unknown[]): Promise<{ statuses: number[]; body: unknown }> {
  const statuses: number[] = [];
  for (;;) {
    const answer = await fetch(`${gateway.url}/api/v1/alerts`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ version: '4', groupKey: '{}:{alertname="x"}', alerts }),
    });
    statuses.push(answer.status);
    const body: unknown = await answer.json();
    if (answer.status < 500) return { statuses, body };
    if (statuses.length === 1) await startTemporal();
    await sleep(200);
  }
}

async function startTemporal(): Promise<void> {
  temporal = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'existing-path', path: provided('temporal') }, port },
  });
}

function recovery(): WorkflowHandle {
  if (temporal === null) throw new Error('Temporal was not started by an earlier test');
  return temporal.client.workflow.getHandle(workflowId);
}

async function signals(): Promise<unknown[]> {
  const { events } = await recovery().fetchHistory();
  return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) => {
    const payload = signal?.input?.payloads?.[0];
    return payload === undefined || payload === null ? [] : [defaultPayloadConverter.fromPayload<unknown>(payload)];
  });
}

test('an alert that came while Temporal was down is stored by its retry, and starts one recovery', async () => {
  const { statuses, body } = await postAsAlertmanager([alert('WebPodCrashLooping')]);
  expect(statuses[0]).toBe(503);
  expect(statuses.at(-1)).toBe(200);
  expect(body).toEqual({ results: [{ fingerprint: 'WebPodCrashLooping', status: 'started', workflowId }] });
  const description = await recovery().describe();
  expect(description).toMatchObject({
    type: 'good',
    taskQueue: 'kintsugi-homelab',
    searchAttributes: { KintsugiTarget: ['shop/deployment/web'], KintsugiRunbook: ['good'] },
  });
  const { events } = await recovery().fetchHistory();
  const started = events?.[0]?.workflowExecutionStartedEventAttributes;
  expect(Number(started?.workflowTaskTimeout?.seconds)).toBe(2);
  expect(Number(started?.workflowExecutionTimeout?.seconds ?? 0)).toBe(0);
  expect(Number(started?.workflowRunTimeout?.seconds ?? 0)).toBe(0);
}, 90_000);

test('repeats, related and resolved alerts join it, each post with one message', async () => {
  const before = (await signals()).length;
  const { body } = await postAsAlertmanager([
    alert('WebSlow'),
    alert('WebPodCrashLooping'),
    alert('WebPodCrashLooping', { fingerprint: 'other', status: 'resolved' }),
  ]);
  expect(body).toMatchObject({ results: [{ status: 'joined' }, { status: 'joined' }, { status: 'joined' }] });
  const sent = await signals();
  expect(sent).toHaveLength(before + 1);
  expect(sent.at(-1)).toMatchObject({
    v: 1,
    runbook: 'good',
    digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    after: '15m',
    alerts: [
      { name: 'WebPodCrashLooping', role: 'trigger', status: 'firing', groupKey: '{}:{alertname="x"}' },
      { name: 'WebSlow', role: 'related', status: 'firing' },
      { fingerprint: 'other', role: 'trigger', status: 'resolved' },
    ],
  });
}, 30_000);

test('once the recovery has ended, related and resolved alerts are recorded and start none', async () => {
  await recovery().terminate('the test goes on without it');
  const { body } = await postAsAlertmanager([alert('WebSlow'), alert('WebPodCrashLooping', { status: 'resolved' })]);
  expect(body).toMatchObject({ results: [{ status: 'recorded', workflowId }, { status: 'recorded' }] });
  expect((await recovery().describe()).status.name).toBe('TERMINATED');
}, 30_000);

test('a trigger that fires again starts the next recovery of the same target', async () => {
  const { body } = await postAsAlertmanager([alert('WebPodCrashLooping')]);
  expect(body).toMatchObject({ results: [{ status: 'started', workflowId }] });
}, 30_000);

test('with Temporal there, the gateway is ready and nothing was fatal', async () => {
  expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);
  expect(fatal).toEqual([]);
});
