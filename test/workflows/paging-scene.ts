import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Target } from '../../src/recovery/values.ts';
import { deliverAlerts } from '../../src/temporal/alerts.ts';
import { executeUpdate } from '../../src/temporal/updates.ts';
import type { RecordAnswer } from '../../src/workflows/recovery.ts';
import { freshQueue, workflowBundle } from './environment.ts';
import { nameOf, type Phase } from './paging-names.ts';
import { type Delivery, type PagingReceiver, type Reception, startPagingReceiver } from './paging-receiver.ts';
import { type PagingWorker, pagingWorker, type Uptime } from './paging-worker.ts';
import type { TemporalServer } from './servers.ts';

/** A recovery of the scene: what it hangs in, and when somebody must be paged for it. */
export interface Paged {
  workflowId: string;
  target: Target;
  phase: Phase;
  /** ms since 1970. */
  deadline: number;
}

/** Recoveries beside one real worker, whose pages go to a real receiver. */
export interface PagingScene {
  worker: PagingWorker;
  receiver: PagingReceiver;
  /** Begins a recovery by an alert that fires since so many ms, and whose first rung is so many seconds after its begin. */
  begin(phase: Phase, rungSeconds: number, sinceMs?: number): Promise<Paged>;
  /** The deliveries of a recovery's messages of one kind. */
  deliveriesOf(paged: Paged, event: string): Delivery[];
  /** The record, from a worker that has to be there. */
  read(paged: Paged): Promise<RecordAnswer>;
  close(paged: Paged): Promise<void>;
  stop(): Promise<void>;
}

/** Everything but the worker's start. */
export async function startPagingScene(
  server: Omit<TemporalServer, 'stop'>,
  receive: (message: Delivery['message'], nth: number) => Reception,
  slots = 50,
): Promise<PagingScene> {
  const folder = mkdtempSync(join(tmpdir(), 'kintsugi-pages-'));
  const bundle = join(folder, 'workflow-bundle.js');
  writeFileSync(bundle, (await workflowBundle()).code);
  const queue = freshQueue();
  const { client } = server.environment;
  const receiver = await startPagingReceiver(receive);
  const worker = pagingWorker([server.address, queue, bundle, receiver.url, `${slots}`]);
  let begun = 0;
  return {
    worker,
    receiver,
    begin(phase, rungSeconds, sinceMs = 0) {
      begun += 1;
      const name = nameOf(begun, phase, `${rungSeconds}s`);
      return begin(client, { cluster: queue.replace(/^kintsugi-/, ''), phase, name, rungSeconds, sinceMs });
    },
    deliveriesOf: ({ target }, event) =>
      receiver.deliveries.filter(({ message }) => message.target.name === target.name && message.event === event),
    read: (paged) => client.workflow.getHandle(paged.workflowId).query<RecordAnswer>('record'),
    close: (paged) => close(client, paged),
    async stop() {
      await worker.kill();
      await receiver.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Beginning {
  cluster: string;
  phase: Phase;
  name: string;
  rungSeconds: number;
  sinceMs: number;
}

/** As the gateway does it. */
async function begin(client: Client, { cluster, phase, name, rungSeconds, sinceMs }: Beginning): Promise<Paged> {
  const target = { namespace: 'pages', kind: 'Deployment', name };
  const startsAt = Date.now() - sinceMs;
  const alert = {
    fingerprint: name,
    name: 'AgentBrunoPodCrashLooping',
    status: 'firing' as const,
    startsAt: new Date(startsAt).toISOString(),
    role: 'trigger' as const,
    labels: { namespace: target.namespace },
  };
  const runbook = 'agent-bruno-pod-crash-loop';
  const signal = { v: 1 as const, runbook, digest: 'd'.repeat(64), after: `${rungSeconds}s`, alerts: [alert] };
  const delivery = { cluster, target, signal, mayStart: true };
  // What Temporal does not take in time Alertmanager sends again; repeats are harmless.
  await deliverAlerts(client, delivery).catch(() => deliverAlerts(client, delivery));
  const workflowId = `recovery/${cluster}/pages/deployment/${name}`;
  return { workflowId, target, phase, deadline: startsAt + rungSeconds * 1000 };
}

async function close(client: Client, { workflowId }: Paged): Promise<void> {
  const handle = client.workflow.getHandle(workflowId);
  const { record } = await handle.query<RecordAnswer>('record');
  const id = randomUUID();
  const order = { id, recoveryId: record.recoveryId, actor: 'ana', reason: 'seen enough', rootCause: 'a test' };
  await executeUpdate(handle, 'close', { argument: order, id });
  await handle.result();
}

/** What a page may take, from its deadline or from the worker's return. */
export const BOUND_MS = 5_000;

/**
 * From when on a page is late: the deadline, or the return of the worker that was away then. A worker that did not live for
 * the bound's time has promised nothing; the next one has.
 */
export function dueAt(deadline: number, uptimes: Uptime[]): number {
  const due = uptimes
    .map(({ from, to }) => ({ from: Math.max(from, deadline), to }))
    .find(({ from, to }) => to - from >= BOUND_MS);
  if (due === undefined) throw new Error('no worker lived long enough after the deadline for its page to be due');
  return due.from;
}

/** Waits until something is so, for a minute at most unless told otherwise. */
export async function until(isSo: () => boolean | Promise<boolean>, mostMs = 60_000): Promise<void> {
  const end = Date.now() + mostMs;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`waited ${mostMs / 1000} s in vain until ${isSo}`);
    await sleep(50);
  }
}
