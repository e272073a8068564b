import {
  ActivityCancellationType,
  type ActivityOptions,
  ApplicationFailure,
  CancellationScope,
  proxyActivities,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../recovery/activities.ts';
import { peopleQueueOf } from '../recovery/ids.ts';

/**
 * How each kind of activity is run. Every activity beats its heart twice a second for as long as its worker lives, so a killed
 * worker is noticed within the heartbeat timeout; start-to-close bounds one that hangs.
 */
const HEARTBEAT: ActivityOptions = { heartbeatTimeout: '2s' };

/** Reads are retried for about half a minute; then the record says what is wrong and the policy tries again later. */
const READ: ActivityOptions = {
  ...HEARTBEAT,
  startToCloseTimeout: '60s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '8s', maximumAttempts: 5 },
};

/** A look is one read of the live state: soon repeated by the policy, so it is not worth many tries. */
const LOOK: ActivityOptions = {
  ...READ,
  startToCloseTimeout: '20s',
  retry: { initialInterval: '1s', maximumAttempts: 3 },
};

/**
 * A write takes 15 s at most, so that its undo can follow soon. It is retried with the recorded plan, and safely: applying twice
 * equals once. A cancelled write is waited for: its undo must not start while it may still write.
 */
function writing(waitSeconds: number): ActivityOptions {
  return {
    ...HEARTBEAT,
    startToCloseTimeout: (waitSeconds + 15) * 1000,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '5s', maximumAttempts: 30 },
  };
}

/**
 * How long one verification may take, in ms: a target in back-off is waited for as long as the longest window, which is only
 * then waited out; an API server that is away, the memory's second measurement and the checks come on top.
 */
export function verificationTimeout(longestWindowSeconds: number): number {
  return (2 * longestWindowSeconds + 240) * 1000;
}

/** Verification only reads, however long its window is; a retry goes on from the pods' own start times. */
function verifying(windowSeconds: number): ActivityOptions {
  return {
    ...HEARTBEAT,
    startToCloseTimeout: verificationTimeout(windowSeconds),
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '5s', maximumAttempts: 30 },
  };
}

/**
 * A notifier answers for itself within its own time, taken or not, and then the next one has its turn. What is tried again here is
 * only what a dead worker has left, at once and under the same key, by which the receiver drops a repeat: that no answer came
 * from us is no refusal by the provider. A message that itself kills the worker is left to the next notifier in the end.
 */
const NOTIFY: ActivityOptions = {
  ...HEARTBEAT,
  startToCloseTimeout: '20s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '1s', maximumAttempts: 10 },
};

/**
 * Asked in the queue of the pages, and waited for by the workflow's own clock ({@link soon}): an attempt that Temporal itself times
 * out would be no sooner known of, and its test server skips no time any more after one.
 */
const ASK: ActivityOptions = {
  startToCloseTimeout: '60s',
  scheduleToCloseTimeout: '60s',
  retry: { maximumAttempts: 1 },
};

/** Whether a page is held is known within this, or it is not held: it may not be late for a slow answer. */
const SOON_MS = 2_000;

/**
 * What an activity answers within two seconds; its later end is nobody's any more. It is not cancelled: the SDK knows no timeout
 * of an abandoned attempt, and fails every later task of its workflow.
 */
export function soon<T>(ask: () => Promise<T>): Promise<T> {
  const answer = CancellationScope.nonCancellable(ask);
  answer.catch(() => undefined);
  return CancellationScope.cancellable(async () => {
    const late = sleep(SOON_MS).then(() => {
      throw ApplicationFailure.nonRetryable('there was no answer within two seconds', 'timeout');
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      CancellationScope.current().cancel();
    }
  });
}

/** The activities of one step; `summary` is what the Temporal UI shows for it. */
export const activities = {
  reading: (summary: string) => proxyActivities<Activities>({ ...READ, summary }),
  looking: (summary: string) => proxyActivities<Activities>({ ...LOOK, summary }),
  asking: (summary: string) =>
    proxyActivities<Activities>({ ...ASK, taskQueue: peopleQueueOf(workflowInfo().taskQueue), summary }),
  writing: (summary: string, waitSeconds: number) => proxyActivities<Activities>({ ...writing(waitSeconds), summary }),
  verifying: (summary: string, windowSeconds: number) =>
    proxyActivities<Activities>({ ...verifying(windowSeconds), summary }),
  notifying: (summary: string) =>
    proxyActivities<Activities>({ ...NOTIFY, taskQueue: peopleQueueOf(workflowInfo().taskQueue), summary }),
};
