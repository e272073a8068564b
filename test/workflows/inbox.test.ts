import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import type { Activities } from '../../src/recovery/activities.ts';
import type { EventBody } from '../../src/recovery/events.ts';
import type { RecordAnswer } from '../../src/workflows/recovery.ts';
import { needs } from '../needs.ts';
import { alert, close, freshQueue, type RecoveryHandle, seenPlan, startByAlert, until, worker } from './environment.ts';
import { inApproveMode, type Script, script } from './scripted-activities.ts';
import { devServer, serverOfFile } from './servers.ts';

needs('temporal');

const RUNBOOK = 'agent-bruno-pod-crash-loop';
const LIMIT = 60_000;

const server = serverOfFile(devServer);

/** Runs `see` beside a worker with these activities; `queue` names the cluster too. */
async function withWorker(changes: Partial<Activities>, see: (queue: string, played: Script) => Promise<void>) {
  const queue = freshQueue();
  const played = script(changes);
  const running = await worker(server.environment, played.activities, queue);
  await running.runUntil(() => see(queue, played));
}

/** A recovery that an alert has started and that waits for approval of its first remedy. */
async function waiting(queue: string): Promise<{ handle: RecoveryHandle; startsAt: string }> {
  const startsAt = new Date().toISOString();
  const handle = await startByAlert(server.environment, queue, [alert(startsAt)]);
  await until(handle, ({ record }) => record.attempts[0]?.approval?.sentBy != null);
  return { handle, startsAt };
}

function refusals({ events }: RecordAnswer): string[] {
  return events.flatMap((event) => (event.kind === 'message-refused' ? [event.why] : []));
}

function kinds({ events }: RecordAnswer, kind: EventBody['kind']): number {
  return events.filter((event) => event.kind === kind).length;
}

/** A payload as it could come from any program. */
function payload(data: string, encoding?: string) {
  const metadata = encoding === undefined ? {} : { encoding: Buffer.from(encoding) };
  return { metadata, data: Buffer.from(data) };
}

describe('a message that cannot be read wedges nothing', () => {
  const payloads = [
    ['is no JSON', payload('{not json', 'json/plain')],
    ['names an encoding that nobody knows', payload('{}', 'binary/of-tomorrow')],
    ['names no encoding', payload('{}')],
  ] as const;

  test.each(payloads)(
    'a signal whose payload %s is refused in the record, and the next one is taken',
    async (_why, malformed) => {
      await withWorker(inApproveMode, async (queue) => {
        const { handle, startsAt } = await waiting(queue);
        for (const signalName of ['alert', 'order', 'nonsense']) {
          await server.environment.connection.workflowService.signalWorkflowExecution({
            namespace: server.environment.namespace ?? 'default',
            workflowExecution: { workflowId: handle.workflowId },
            signalName,
            input: { payloads: [malformed] },
          });
        }
        expect(refusals(await until(handle, (answer) => refusals(answer).length === 3))).toEqual([
          expect.stringContaining('an alert message could not be read'),
          expect.any(String),
          'unknown signal "nonsense"; known: alert, order',
        ]);
        await handle.signal('alert', { v: 1, alerts: [alert(startsAt, { fingerprint: 'f2' })] });
        await until(handle, ({ record }) => record.alerts.f2 !== undefined);
        expect(await close(handle)).toMatchObject({ outcome: 'closed' });
      });
    },
    LIMIT,
  );

  test(
    'an alert message of more than 8 KiB is refused',
    () =>
      withWorker(inApproveMode, async (queue) => {
        const { handle, startsAt } = await waiting(queue);
        await handle.signal('alert', { v: 1, alerts: [alert(startsAt, { labels: { long: 'x'.repeat(8192) } })] });
        const answer = await until(handle, (now) => refusals(now).length > 0);
        expect(refusals(answer)).toEqual([expect.stringContaining('larger than 8192 bytes')]);
        await close(handle);
      }),
    LIMIT,
  );
});

describe('alerts', () => {
  test(
    'that come ten times are one recovery, counted; an older episode that resolves says nothing',
    () =>
      withWorker(inApproveMode, async (queue) => {
        const { handle, startsAt } = await waiting(queue);
        for (let again = 0; again < 9; again += 1) await startByAlert(server.environment, queue, [alert(startsAt)]);
        const answer = await until(handle, ({ record }) => record.alerts.f1?.count === 10);
        expect(kinds(answer, 'alert-received')).toBe(1);
        const before = new Date(Date.parse(startsAt) - 3_600_000).toISOString();
        await handle.signal('alert', { v: 1, alerts: [alert(before, { status: 'resolved' })] });
        await handle.signal('alert', { v: 1, alerts: [alert(startsAt, { fingerprint: 'f2', status: 'resolved' })] });
        await handle.signal('nonsense');
        const { record } = await until(handle, (now) => refusals(now).length === 1);
        expect(record.alerts.f1?.status).toBe('firing');
        expect(record.alerts.f2).toBeUndefined();
        await close(handle);
      }),
    LIMIT,
  );
});

describe('orders', () => {
  test(
    'that cannot be taken are refused with the reason: what is not valid leaves nothing in the record, what is not possible now is named there',
    () =>
      withWorker(inApproveMode, async (queue) => {
        const { handle } = await waiting(queue);
        const { record } = await until(handle, () => true);
        const good = { id: 'o1', recoveryId: record.recoveryId, actor: 'ana' };
        type Refused = [string, unknown, RegExp];
        const bad: Refused[] = [
          ['approve', undefined, /one object/],
          ['approve', { id: 'o1' }, /missing in the order: recoveryId, actor/],
          ['approve', { ...good, recoveryId: `${handle.workflowId}@00000000` }, /this is recovery/],
          ['close', { ...good, reason: 'x'.repeat(8192) }, /larger than 8192 bytes/],
        ];
        const notNow: Refused[] = [
          ['approve', { ...good, id: 'o2', n: 7 }, /attempt 7 does not wait/],
          ['approve', { ...good, id: 'o3', digest: 'another' }, /the plan has changed/],
          ['undo', { ...good, id: 'o4' }, /no change of this recovery stands/],
        ];
        const refuse = async ([name, message, reason]: Refused) => {
          const refused = handle.executeUpdate(name, { args: [message] });
          await expect(refused).rejects.toMatchObject({ cause: { message: expect.stringMatching(reason) } });
        };
        for (const each of bad) await refuse(each);
        expect(kinds(await until(handle, () => true), 'order')).toBe(0);
        // The same again under its id is answered the same, and stands there once.
        for (const each of [...notNow, ...notNow]) await refuse(each);
        const { record: after } = await until(handle, () => true);
        expect(Object.entries(after.orders)).toMatchObject([
          ['o2', { name: 'approve', actor: 'ana', accepted: false, reason: expect.stringMatching(/attempt 7/) }],
          ['o3', { accepted: false }],
          ['o4', { name: 'undo', accepted: false }],
        ]);
        await close(handle);
      }),
    LIMIT,
  );

  test(
    'with the same id are done once, come they as update or as signal',
    () =>
      withWorker(inApproveMode, async (queue, played) => {
        const { handle } = await waiting(queue);
        const { record } = await until(handle, () => true);
        const order = { id: 'o1', recoveryId: record.recoveryId, actor: 'ana', n: 1, ...seenPlan(record) };
        await handle.signal('order', { ...order, name: 'approve' });
        await handle.executeUpdate('approve', { args: [order] });
        await handle.signal('order', { ...order, name: 'reject' });
        const answer = await until(handle, (now) => now.record.recovered !== null);
        expect(kinds(answer, 'order')).toBe(1);
        expect(played.calls.filter((name) => name === 'applyAction')).toHaveLength(2);
        await close(handle);
      }),
    LIMIT,
  );
});

describe('a start by a person', () => {
  function start(queue: string, type: string, input?: unknown) {
    return server.environment.client.workflow.execute(type, {
      workflowId: `recovery/${queue.replace(/^kintsugi-/, '')}/bruno/deployment/agent-bruno`,
      taskQueue: queue,
      args: input === undefined ? [] : [input],
      workflowExecutionTimeout: '30s',
    });
  }

  test(
    'of a runbook that is not there fails at once and lists those that are',
    () => {
      const loadRunbook: Activities['loadRunbook'] = async ({ name }) => {
        throw ApplicationFailure.nonRetryable(`no runbook "${name}"; known: ${RUNBOOK}`, 'not-found');
      };
      return withWorker({ loadRunbook }, async (queue) => {
        await expect(start(queue, 'agent-brno', {})).rejects.toMatchObject({
          cause: { type: 'UnknownRunbook', nonRetryable: true, message: expect.stringContaining(RUNBOOK) },
        });
      });
    },
    LIMIT,
  );

  test(
    'with a wrong input fails at once and names every fault',
    () =>
      withWorker({}, async (queue) => {
        const input = { target: 'bruno/agent', mode: 'yolo', deadline: 'soon', actr: 'ana', reason: 7 };
        const faults = ['"actr" is not known', '"target" must be', '"mode" must be', '"deadline" must be', '"reason"'];
        for (const fault of faults) {
          await expect(start(queue, RUNBOOK, input)).rejects.toMatchObject({
            cause: { type: 'InvalidInput', message: expect.stringContaining(fault) },
          });
        }
      }),
    LIMIT,
  );

  test(
    'in observe mode shows the plan, writes nothing and ends',
    () =>
      withWorker({}, async (queue, played) => {
        expect(await start(queue, RUNBOOK, { mode: 'observe' })).toMatchObject({ outcome: 'observed' });
        expect(played.calls).toContain('planRemedy');
        expect(played.calls).not.toContain('applyAction');
        expect(played.pages).toEqual([]);
      }),
    LIMIT,
  );

  test.each([undefined, null, {}])(
    "with %j as its input recovers the runbook's own target",
    (input) =>
      withWorker(inApproveMode, async (queue) => {
        const running = start(queue, RUNBOOK, input);
        const workflowId = `recovery/${queue.replace(/^kintsugi-/, '')}/bruno/deployment/agent-bruno`;
        const handle = server.environment.client.workflow.getHandle(workflowId);
        const asked = ({ record }: RecordAnswer) => record.attempts[0]?.stage === 'asked';
        await untilStarted(handle);
        await until(handle, asked);
        await close(handle as RecoveryHandle);
        expect(await running).toMatchObject({ outcome: 'closed' });
      }),
    LIMIT,
  );

  async function untilStarted(handle: { describe(): Promise<unknown> }): Promise<void> {
    while (
      !(await handle.describe().then(
        () => true,
        () => false,
      ))
    );
  }

  test(
    'with an id that the UI made forwards to the recovery of the target, and closes as forwarded',
    () =>
      withWorker({}, async (taskQueue, played) => {
        const forwarded = await server.environment.client.workflow.execute(RUNBOOK, {
          workflowId: randomUUID(),
          taskQueue,
          args: [{ mode: 'approve', actor: 'ana' }],
        });
        expect(forwarded).toMatchObject({ outcome: 'forwarded' });
        expect(played.calls).toEqual(['loadRunbook', 'forward']);
      }),
    LIMIT,
  );
});

describe('an alert that names only a pod', () => {
  async function startOfPod(queue: string): Promise<RecoveryHandle> {
    const signalArgs: [unknown] = [{ v: 1, runbook: RUNBOOK, alerts: [alert(new Date().toISOString())] }];
    const { workflowId } = await server.environment.client.workflow.signalWithStart(RUNBOOK, {
      workflowId: `recovery/${queue.replace(/^kintsugi-/, '')}/bruno/pod/agent-bruno-5d9-x2b`,
      taskQueue: queue,
      args: [{}],
      signal: 'alert',
      signalArgs,
    });
    return server.environment.client.workflow.getHandle(workflowId) as RecoveryHandle;
  }

  test(
    'is forwarded to the recovery of its owner for as long as it fires',
    () =>
      withWorker({}, async (queue, played) => {
        const handle = await startOfPod(queue);
        const { record } = await until(handle, (now) => now.record.forward !== null);
        expect(record.forward?.to).toMatch(/\/bruno\/deployment\/agent-bruno$/);
        const startsAt = record.alerts.f1?.startsAt ?? '';
        await handle.signal('alert', { v: 1, alerts: [alert(startsAt, { status: 'resolved' })] });
        expect(await handle.result()).toMatchObject({ outcome: 'forwarded' });
        expect(played.calls.filter((name) => name === 'forward')).toHaveLength(2);
        expect(played.calls).not.toContain('diagnose');
        expect(played.pages).toEqual([]);
      }),
    LIMIT,
  );

  test(
    'of an owner that is gone ends as target-gone, without a page where the rest is healthy',
    () =>
      withWorker(
        { findOwner: async () => ({ found: 'gone', healthy: true, saw: 'no pod and no owner' }) },
        async (queue, played) => {
          const handle = await startOfPod(queue);
          expect(await handle.result()).toMatchObject({ outcome: 'target-gone' });
          expect(played.pages).toEqual([]);
        },
      ),
    LIMIT,
  );

  test(
    'and whose forwarder is cancelled from the UI ends as cancelled',
    () =>
      withWorker({}, async (queue, played) => {
        const handle = await startOfPod(queue);
        await until(handle, (now) => now.record.forward !== null);
        await handle.cancel();
        expect(await handle.result()).toMatchObject({ outcome: 'cancelled' });
        expect(played.pages).toEqual([]);
      }),
    LIMIT,
  );
});
