import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import type { Activities } from '../recovery/activities.ts';
import { peopleQueueOf } from '../recovery/ids.ts';
import { payloadConverterPath } from './bundle.ts';

/** What the workers of one process poll with. */
export interface WorkersOptions {
  connection: NativeConnection;
  namespace: string;
  taskQueue: string;
  workflowBundle: NonNullable<WorkerOptions['workflowBundle']>;
  activities: Activities;
  limits: { cachedWorkflows: number; concurrentActivities: number };
}

/** The workers of one process, as one. */
export interface Workers {
  /** Polls until they are shut down; rejects as soon as one fails. */
  run(): Promise<void>;
  /** Takes no new steps and lets those under way end; safe to call twice. */
  shutdown(): void;
}

/** How long steps under way may take to end at a stop: a write takes 15 s at most (below the pod's grace period of 30 s). */
const GRACE = { shutdownGraceTime: '15s', shutdownForceTime: '20s' } as const;

/**
 * After a worker's death all its recoveries have to be replayed by the next, just when pages may be due. Few tasks at a time, so that
 * none waits in this process until its 2 s are over and its replay was for nothing; nearly all pollers for recoveries that are not
 * in memory yet, so that what pages has done already does not hold up a first page; and two threads, since half of a replay's time
 * is the waiting for the timer thread that Node starts at each call into a workflow.
 */
const REPLAYS: Partial<WorkerOptions> = {
  maxConcurrentWorkflowTaskExecutions: 10,
  nonStickyToStickyPollRatio: 0.9,
  workflowThreadPoolSize: 2,
  stickyQueueScheduleToStartTimeout: '1s',
};

/** Messages to people at the same time. Each only waits for an answer, 15 s at most. */
const CONCURRENT_MESSAGES = 100;

/**
 * One worker for the recoveries and their steps, and one that only speaks to people: a page never waits for a slot that steps
 * on broken targets hold, some of them for minutes. Timeouts as durability 13 has them: a killed worker costs seconds, not
 * the SDK's default of ten and more. `own` replaces some of these settings.
 */
export async function createWorkers(options: WorkersOptions, own: Partial<WorkerOptions> = {}): Promise<Workers> {
  const { connection, namespace, taskQueue, workflowBundle, activities, limits } = options;
  const shared: Partial<WorkerOptions> = {
    connection,
    namespace,
    dataConverter: { payloadConverterPath },
    maxHeartbeatThrottleInterval: '500ms',
    defaultHeartbeatThrottleInterval: '500ms',
    ...GRACE,
  };
  const recoveries = await Worker.create({
    ...shared,
    taskQueue,
    workflowBundle,
    // All of them: a recovery that began under an earlier version has its messages scheduled here.
    activities: { ...activities },
    maxCachedWorkflows: limits.cachedWorkflows,
    maxConcurrentActivityTaskExecutions: limits.concurrentActivities,
    ...REPLAYS,
    ...own,
  });
  const people = await Worker.create({
    ...shared,
    taskQueue: peopleQueueOf(taskQueue),
    activities: speaking(activities),
    maxConcurrentActivityTaskExecutions: CONCURRENT_MESSAGES,
    ...own,
  });
  return asOne([recoveries, people]);
}

/** What people wait for, or what a page waits for. */
function speaking({ escalate, readSilences, changeSilences }: Activities): Partial<Activities> {
  return { escalate, readSilences, changeSilences };
}

function asOne(workers: Worker[]): Workers {
  const shutdown = () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const run = async () => {
    // One that fails takes the other with it: half a worker would look alive.
    const runs = workers.map((worker) => worker.run().finally(shutdown));
    await Promise.allSettled(runs);
    await Promise.all(runs);
  };
  return { run, shutdown };
}
