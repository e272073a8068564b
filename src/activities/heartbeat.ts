import { Context } from '@temporalio/activity';
import type { Activities } from '../recovery/activities.ts';

/** Steps that act beat every 500 ms under a heartbeat timeout of 2 s: a dead worker is noticed within it (durability 13). */
export const HEARTBEAT_MS = 500;

/** How a step tells that it lives, and learns that it was cancelled. */
export interface Pulse {
  /** Says what is being waited for; throws when the activity was cancelled. */
  heartbeat(detail: string): void;
  signal: AbortSignal;
}

/**
 * Runs a step while its activity beats every {@link HEARTBEAT_MS}, whatever the step is doing.
 * The last detail said is repeated, so that Temporal's UI shows what is being waited for.
 */
export async function beating<T>(step: (pulse: Pulse) => Promise<T>): Promise<T> {
  const context = Context.current();
  const signal = context.cancellationSignal;
  let last = 'started';
  context.heartbeat(last);
  const timer = setInterval(() => context.heartbeat(last), HEARTBEAT_MS);
  try {
    return await step({
      heartbeat(detail) {
        last = detail;
        signal.throwIfAborted();
      },
      signal,
    });
  } finally {
    clearInterval(timer);
  }
}

/** The same activities, each of which beats from its begin to its end: a killed worker is noticed in whatever it was doing. */
export function alive(activities: Activities): Activities {
  const beat =
    <Input, Result>(run: (input: Input) => Promise<Result>) =>
    (input: Input) =>
      beating(() => run(input));
  return {
    loadRunbook: beat(activities.loadRunbook),
    findOwner: beat(activities.findOwner),
    forward: beat(activities.forward),
    diagnose: beat(activities.diagnose),
    classify: beat(activities.classify),
    planRemedy: activities.planRemedy,
    applyAction: activities.applyAction,
    verify: activities.verify,
    look: beat(activities.look),
    readSilences: beat(activities.readSilences),
    changeSilences: beat(activities.changeSilences),
    checkAfterRecovery: beat(activities.checkAfterRecovery),
    compensate: activities.compensate,
    release: beat(activities.release),
    escalate: beat(activities.escalate),
  };
}
