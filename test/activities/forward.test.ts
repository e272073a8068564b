import { needs } from '../needs.ts';

needs('temporal');

import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { defaultPayloadConverter } from '@temporalio/common';
import { createForwarding } from '../../src/activities/owner.ts';
import type { AlertMessage } from '../../src/recovery/values.ts';
import type { AlertSignal } from '../../src/temporal/alerts.ts';
import { registerSearchAttributes } from '../../src/temporal/search-attributes.ts';
import { type FakeApi, startFakeApi } from '../kubernetes/fake-api.ts';
import { devServer, type TemporalServer } from '../workflows/servers.ts';
import { inActivity } from './in-activity.ts';

const RUNBOOK = 'agent-bruno-pod-crash-loop';

let server: TemporalServer;
let api: FakeApi;
beforeAll(async () => {
  api = await startFakeApi();
  server = await devServer();
  await registerSearchAttributes(server.environment.client);
}, 60_000);
afterAll(async () => {
  await api?.close();
  await server?.stop();
});

function alert(fingerprint: string, changes: Partial<AlertMessage> = {}): AlertMessage {
  const labels = { note: 'x'.repeat(1000) };
  const startsAt = '2026-01-31T03:00:00.000Z';
  return {
    fingerprint,
    name: 'AgentBrunoPodCrashLooping',
    status: 'firing',
    role: 'trigger',
    startsAt,
    labels,
    ...changes,
  };
}

/** The `alert` signals in the history of a workflow, in their order. */
async function signalsTo(workflowId: string): Promise<AlertSignal[]> {
  const history = await server.environment.client.workflow.getHandle(workflowId).fetchHistory();
  return (history.events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) => {
    const [payload] = signal?.input?.payloads ?? [];
    return payload === undefined ? [] : [defaultPayloadConverter.fromPayload<AlertSignal>(payload)];
  });
}

test('many alerts are sent on in messages of at most 8 KiB, each under the runbook that it belongs to', async () => {
  const runbooks = join(import.meta.dirname, '../../runbooks');
  const { forward } = createForwarding({
    kubernetes: api.kubernetes,
    temporal: server.environment.client,
    settings: { cluster: 'test', runbooks, notifiers: [] },
  });
  const own = Array.from({ length: 20 }, (_, index) => alert(`own-${index}`));
  const others = [alert('other', { name: 'HighMemory', runbook: 'high-memory' })];
  const to = { namespace: 'bruno', kind: 'Deployment', name: 'agent-bruno' };
  const { workflowId } = await inActivity(() =>
    forward({ to, runbook: RUNBOOK, digest: 'd', alerts: [...others, ...own], input: {} }),
  );
  const signals = await signalsTo(workflowId);
  expect(signals.length).toBeGreaterThan(3);
  for (const signal of signals) expect(Buffer.byteLength(JSON.stringify(signal))).toBeLessThanOrEqual(8192);
  const byRunbook = (name: string) => signals.filter(({ runbook }) => runbook === name).flatMap(({ alerts }) => alerts);
  expect(byRunbook(RUNBOOK).map(({ fingerprint }) => fingerprint)).toEqual(own.map(({ fingerprint }) => fingerprint));
  expect(byRunbook('high-memory').map(({ name }) => name)).toEqual(['HighMemory']);
  expect(signals[0]?.runbook).toBe(RUNBOOK);
}, 60_000);

test('a procedure that was started with an id of its own starts the recovery of its target, or is an order to the open one', async () => {
  const { forward } = createForwarding({
    kubernetes: api.kubernetes,
    temporal: server.environment.client,
    settings: { cluster: 'test', runbooks: join(import.meta.dirname, '../../runbooks'), notifiers: [] },
  });
  const to = { namespace: 'kosmos', kind: 'Deployment', name: 'zeus-orchestrator' };
  const start = { procedure: 'restore', params: { claim: 'zeus-data' }, actor: 'ana' };
  const send = () => inActivity(() => forward({ to, runbook: RUNBOOK, digest: 'd', alerts: [], input: start }));
  const { workflowId } = await send();
  const handle = server.environment.client.workflow.getHandle(workflowId);
  const [begun] = (await handle.fetchHistory()).events ?? [];
  const [input] = begun?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
  expect(input === undefined ? null : defaultPayloadConverter.fromPayload(input)).toEqual(start);
  await send();
  const { runId } = await handle.describe();
  expect((await signalsTo(workflowId)).at(-1)).toEqual({
    ...{ name: 'run', id: expect.any(String), recoveryId: `${workflowId}@${runId.slice(-8)}` },
    ...{ runbook: RUNBOOK, ...start },
  });
}, 60_000);
