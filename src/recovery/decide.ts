import { Clock } from './clock.ts';
import type { EventBody } from './events.ts';
import { nextFact } from './facts.ts';
import { mustMakeWay, nextPeopleStep } from './people-lane.ts';
import type { RecoveryRecord } from './record.ts';
import type { PeopleStep, TargetStep } from './steps.ts';
import { mustStop, nextTargetStep } from './target-lane.ts';

/** What is to be done now. */
export interface Decision {
  /** A fact that follows from the record and the time: append it and decide again before anything else. */
  fact: EventBody | null;
  /** The step to start in each lane; null where the lane is busy or has nothing to do. */
  target: TargetStep | null;
  people: PeopleStep | null;
  /** The step in flight on the target must end before its time. */
  stopTarget: boolean;
  /** The step in flight in the people lane must end before its time: a page is due. */
  stopPeople: boolean;
  /** Decide again at this time at the latest (RFC 3339); null: only when something happens. */
  wakeAt: string | null;
  finished: boolean;
}

/**
 * All policy: from the record (which holds the runbook and the time) to what both lanes do now. Pure.
 * At most one step touches the target and one talks to people.
 */
export function decideNext(record: RecoveryRecord): Decision {
  const clock = new Clock(record.now);
  const fact = nextFact(record, clock);
  if (fact !== null)
    return {
      fact,
      target: null,
      people: null,
      stopTarget: false,
      stopPeople: false,
      wakeAt: record.now,
      finished: false,
    };
  return {
    fact: null,
    target: nextTargetStep(record, clock),
    people: nextPeopleStep(record, clock),
    stopTarget: mustStop(record, clock),
    stopPeople: mustMakeWay(record, clock),
    wakeAt: clock.wakeAt,
    finished: record.closed !== null,
  };
}
