import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandleWithStartDetails } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, type WorkerOptions, type WorkflowBundle } from '@temporalio/worker';
import type { Activities } from '../../src/recovery/activities.ts';
import type { AlertMessage } from '../../src/recovery/values.ts';
import { executeUpdate } from '../../src/temporal/updates.ts';
import { buildWorkflowBundle } from '../../src/worker/bundle.ts';
import { createWorkers, type Workers } from '../../src/worker/workers.ts';
import type { RecordAnswer } from '../../src/workflows/recovery.ts';

Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: {} });

let bundle: Promise<WorkflowBundle> | undefined;

/** The workflows' bundle, made once a test process. */
export function workflowBundle(): Promise<WorkflowBundle> {
  bundle ??= buildWorkflowBundle();
  return bundle;
}

let queues = 0;

/** A queue name that no other test of this process uses. */
export function freshQueue(): string {
  queues += 1;
  return `kintsugi-test${process.pid}-${queues}`;
}

export interface TestWorkers extends Workers {
  /** Runs them for as long as something takes, and answers what that does. */
  runUntil<R>(something: () => Promise<R>): Promise<R>;
}

/** The product's workers with the given activities; `own` replaces some of the product's settings. */
export async function worker(
  environment: TestWorkflowEnvironment,
  activities: Activities,
  taskQueue: string,
  own: Partial<WorkerOptions> = {},
): Promise<TestWorkers> {
  const options = {
    connection: environment.nativeConnection,
    namespace: environment.namespace ?? 'default',
    taskQueue,
    workflowBundle: await workflowBundle(),
    activities: environment.supportsTimeSkipping ? unhurried(activities) : activities,
    limits: { cachedWorkflows: 200, concurrentActivities: 50 },
  };
  const workers = await createWorkers(options, { shutdownGraceTime: 0, shutdownForceTime: '2s', ...own });
  const runUntil = async <R>(something: () => Promise<R>): Promise<R> => {
    const running = workers.run();
    const ended = running.then(() => Promise.reject(new Error('the workers have ended')));
    let result: R;
    try {
      result = await Promise.race([something(), ended]);
    } catch (thrown) {
      workers.shutdown();
      // That a step which a failed test holds does not end says nothing: what failed is told.
      await running.catch(() => undefined);
      throw thrown;
    }
    workers.shutdown();
    await running;
    return result;
  };
  return { ...workers, runUntil };
}

/**
 * A plan takes longer than a message, as it does really. What follows from one stops a message that is under way, and the server that
 * skips time fails for good on the cancellation of a step that ends at that moment.
 */
function unhurried(activities: Activities): Activities {
  const planRemedy: Activities['planRemedy'] = async (input) => {
    const planned = await activities.planRemedy(input);
    await sleep(150);
    return planned;
  };
  return { ...activities, planRemedy };
}

export type RecoveryHandle = WorkflowHandleWithStartDetails;

/** An alert of agent-bruno, firing since `startsAt`. */
export function alert(startsAt: string, changes: Partial<AlertMessage> = {}): AlertMessage {
  return {
    fingerprint: 'f1',
    name: 'AgentBrunoPodCrashLooping',
    status: 'firing',
    startsAt,
    role: 'trigger',
    labels: { namespace: 'bruno' },
    ...changes,
  };
}

/** Starts the recovery of agent-bruno as the gateway does: by a signal with start. */
export async function startByAlert(
  environment: TestWorkflowEnvironment,
  taskQueue: string,
  alerts: AlertMessage[],
): Promise<RecoveryHandle> {
  const cluster = taskQueue.replace(/^kintsugi-/, '');
  const handle = await environment.client.workflow.signalWithStart('agent-bruno-pod-crash-loop', {
    workflowId: `recovery/${cluster}/bruno/deployment/agent-bruno`,
    taskQueue,
    args: [{}],
    signal: 'alert',
    signalArgs: [{ v: 1, runbook: 'agent-bruno-pod-crash-loop', after: '15m', alerts }],
  });
  return environment.client.workflow.getHandle(handle.workflowId) as RecoveryHandle;
}

/** A recovery that an alert has just started. */
export interface Started {
  handle: RecoveryHandle;
  queue: string;
  /** When the alert began, RFC 3339. */
  startsAt: string;
}

/** Starts a recovery by an alert of this moment, and sees what becomes of it beside a worker with these activities. */
export async function besideWorker(
  environment: TestWorkflowEnvironment,
  activities: Activities,
  see: (started: Started) => Promise<void>,
): Promise<void> {
  const queue = freshQueue();
  const running = await worker(environment, activities, queue);
  await running.runUntil(async () => {
    const startsAt = new Date(await environment.currentTimeMs()).toISOString();
    await see({ handle: await startByAlert(environment, queue, [alert(startsAt)]), queue, startsAt });
  });
}

/** The record as the query answers it. */
export function recordOf(handle: { query<T>(name: string): Promise<T> }): Promise<RecordAnswer> {
  return handle.query<RecordAnswer>('record');
}

/** Asks the record until it is as wanted; the test's own time limit bounds it. */
export async function until(
  handle: { query<T>(name: string): Promise<T> },
  wanted: (answer: RecordAnswer) => boolean,
): Promise<RecordAnswer> {
  for (;;) {
    const answer = await recordOf(handle);
    if (wanted(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

let orders = 0;

/** Gives an order by its update, as the CLI does; throws when it is refused. */
export async function order(
  handle: RecoveryHandle,
  name: string,
  args: Record<string, unknown> = {},
): Promise<unknown> {
  const { record } = await recordOf(handle);
  orders += 1;
  const id = `order-${process.pid}-${orders}`;
  const seen = name === 'approve' ? seenPlan(record) : {};
  const message = { id, recoveryId: record.recoveryId, actor: 'ana', reason: 'seen enough', ...seen, ...args };
  return executeUpdate(handle, name, { argument: message, id });
}

/** The plan that waits, as an approval names it. */
export function seenPlan({ attempts }: RecordAnswer['record']): { digest?: string } {
  const digest = attempts.find(({ stage }) => stage === 'asked')?.approval?.digest;
  return digest === undefined ? {} : { digest };
}

/** Ends a recovery by an order, as a person does who has seen enough, and waits for its end. */
export async function close(handle: RecoveryHandle): Promise<unknown> {
  await order(handle, 'close');
  return handle.result();
}
