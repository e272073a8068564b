import type { Attempt, Requested } from './attempt.ts';
import type { Clock } from './clock.ts';
import { isGivenToTrouble, later } from './deadlines.ts';
import { after } from './durations.ts';
import type { RecoveryEvent } from './events.ts';
import { verifyAgain } from './holds.ts';
import { withdrawnRequest } from './new-attempt.ts';
import { withOthersDeadlines } from './other-runbooks.ts';
import { activeAttempt, isUnderWay } from './policy.ts';
import type { Episode, RecoveryRecord } from './record.ts';
import { isInHand, mayWrite, type TakenOver } from './take-over.ts';

/** The take-over's part of the fold, and what it ends. */
export function foldTakeOver(record: RecoveryRecord, event: RecoveryEvent): RecoveryRecord {
  // What was started before is known as a procedure only now.
  if (event.kind === 'runbook-loaded')
    return withoutRequests(record, ({ at }) => Date.parse(at) < Date.parse(record.takenOver?.at ?? ''));
  if (event.kind !== 'order' || !event.accepted) return record;
  switch (event.name) {
    case 'takeOver':
      return taken(record, event);
    case 'handBack':
      return handedBack(record, event.at);
    default:
      return record;
  }
}

/** What is under way is left as it is; what was only planned, asked for or ordered falls away. */
function taken({ next: _, ...record }: RecoveryRecord, event: RecoveryEvent & { kind: 'order' }): RecoveryRecord {
  const { actor: by, verified, at, args } = event;
  const reason = typeof args.reason === 'string' ? { reason: args.reason } : {};
  const takenOver: TakenOver = { by, verified, at, ...reason, episode: record.episode.number };
  const attempts = record.attempts.map((attempt) => leave(attempt, by));
  return withoutRequests({ ...withoutTimeInHand(record, at), takenOver, attempts }, () => true);
}

/** What was ordered before, and nobody has begun, is given up; whoever wants it still orders it again. */
function withoutRequests(record: RecoveryRecord, isBefore: (request: Requested) => boolean): RecoveryRecord {
  const { takenOver, requests, attempts } = record;
  const dropped = takenOver === undefined ? [] : requests.filter(isBefore);
  const why = `${takenOver?.by} took over: order it again if it is wanted`;
  return {
    ...record,
    requests: requests.filter((request) => !dropped.includes(request)),
    attempts: [
      ...attempts,
      ...dropped.map((request, index) => withdrawnRequest(record, request, attempts.length + 1 + index, why)),
    ],
  };
}

function leave(attempt: Attempt, by: string): Attempt {
  if (!isUnderWay(attempt)) return attempt;
  if (attempt.actions.length === 0) return { ...attempt, stage: 'withdrawn', why: `${by} took over` };
  const when = attempt.stage === 'undoing' ? 'while it was being undone' : 'before it was verified';
  return { ...attempt, stage: 'taken-over', why: `${by} took over ${when}` };
}

/** Automation goes on with what it knows of before, and with a new look at what a person has made of it. */
function handedBack(record: RecoveryRecord, at: string): RecoveryRecord {
  const { takenOver: _, ...rest } = withoutTimeInHand(record, at);
  if (rest.recovered !== null) return { ...rest, look: { ...rest.look, wanted: true } };
  return { ...rest, diagnosisStale: true };
}

/** The time in which a person had the trouble in hand does not count: the deadline is about nobody knowing of it. */
function withoutTimeInHand(record: RecoveryRecord, at: string): RecoveryRecord {
  const { takenOver, episode } = record;
  if (takenOver === undefined || !isInHand(record) || episode.deadlinePassed) return record;
  if (!isGivenToTrouble(record)) return { ...record, episode: movedOn(episode, takenOver.at, at) };
  // A procedure that was ordered on a well target may have had it break only since.
  const from = later(takenOver.at, episode.brokenSince);
  const inHand = [...(episode.inHand ?? []), { from, to: at }];
  return { ...record, episode: withOthersDeadlines(record, { ...movedOn(episode, from, at), inHand }) };
}

function movedOn(episode: Episode, from: string, to: string): Episode {
  const inHandMs = Date.parse(to) - Date.parse(from);
  return { ...episode, deadline: after(episode.deadline, inHandMs), addedMs: (episode.addedMs ?? 0) + inHandMs };
}

/** A write that takes no time may end by itself for this long; then a retry of it would be a new one. */
const WRITE_ENDS_MS = 3_000;

/** Whether the step in flight is automation's and ends for the person who took over: reading at once, a write when it is done. */
export function endsForPerson(record: RecoveryRecord, clock: Clock): boolean {
  const { takenOver, inFlight, attempts } = record;
  const { target } = inFlight;
  if (takenOver === undefined || target === null) return false;
  switch (target.step) {
    case 'plan':
      return record.requests.length === 0;
    case 'verify':
    case 'assess':
      return activeAttempt(record) === null && verifyAgain(record) === null;
    case 'apply':
    case 'undo': {
      const attempt = attempts.find(({ n }) => n === target.n);
      if (attempt === undefined || mayWrite(record, attempt) || activeAttempt(record)?.n === attempt.n) return false;
      const plan = attempt.plans[target.i ?? 0];
      const isOneWrite = plan !== undefined && plan.changes.length > 0 && plan.waitSeconds === 0;
      return !isOneWrite || clock.passed(takenOver.at, WRITE_ENDS_MS);
    }
    default:
      return false;
  }
}
