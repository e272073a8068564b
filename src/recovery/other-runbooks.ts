import { after, milliseconds } from './durations.ts';
import type { EventBody, RecoveryEvent } from './events.ts';
import { activeAttempt } from './policy.ts';
import type { AlertRecord, Episode, RecoveryRecord } from './record.ts';
import type { AlertMessage } from './values.ts';

/**
 * Alerts of another runbook that reach the one recovery of a busy target (durability 7): they are kept with their own
 * deadline, which pages, and get their runbook's turn when this one's work has ended in a recovery.
 */

const DEFAULT_RUNG = '15m';

/** By what a record keeps an alert: one alert may belong to two runbooks of the same target. */
export function alertKey({ fingerprint, runbook }: Pick<AlertMessage, 'fingerprint' | 'runbook'>): string {
  return runbook === undefined ? fingerprint : `${runbook}/${fingerprint}`;
}

/** The trigger alerts of other runbooks that fire. */
export function othersFiring(record: RecoveryRecord): AlertRecord[] {
  return Object.values(record.alerts).filter(
    ({ runbook, role, status }) => runbook !== undefined && role === 'trigger' && status === 'firing',
  );
}

/** The episode's deadline, brought forward to the earliest that an alert of another runbook has of its own. */
export function withOthersDeadlines(record: RecoveryRecord, episode: Episode): Episode {
  if (episode.deadlinePassed) return episode;
  const waiting = othersFiring(record).filter((alert) => !isServed(record, alert));
  const times = [episode.deadline, ...waiting.map(deadlineOf)];
  const deadline = times.reduce((least, time) => (Date.parse(time) < Date.parse(least) ? time : least));
  return deadline === episode.deadline ? episode : { ...episode, deadline };
}

/** Whether the alert's runbook has had its turn in this recovery. */
function isServed(record: RecoveryRecord, { runbook = '' }: AlertRecord): boolean {
  return record.served.includes(runbook);
}

function deadlineOf({ startsAt, after: rung = DEFAULT_RUNG }: AlertRecord): string {
  return after(startsAt, milliseconds(rung));
}

/** The other runbook that is due: the target has recovered by this one, and no work of it is under way. */
export function runbookChanged(record: RecoveryRecord): EventBody | null {
  const { recovered, closing, inFlight, leaseHeld } = record;
  if (recovered === null || closing !== null || leaseHeld || inFlight.target !== null) return null;
  if (record.forward !== null || activeAttempt(record) !== null) return null;
  const waiting = othersFiring(record).filter((alert) => !isServed(record, alert));
  const [first] = waiting.sort((a, b) => Date.parse(a.startsAt) - Date.parse(b.startsAt));
  if (first?.runbook === undefined) return null;
  const { runbook, startsAt } = first;
  return {
    kind: 'runbook-changed',
    from: record.runbookName,
    to: runbook,
    brokenSince: startsAt,
    deadline: deadlineOf(first),
  };
}

/** The same recovery under its other runbook, as if it had just begun; what was tried, changed and said stays. */
export function foldRunbookChanged(
  record: RecoveryRecord,
  { from, to, brokenSince, deadline, at }: RecoveryEvent & { kind: 'runbook-changed' },
): RecoveryRecord {
  const alerts = Object.values(record.alerts).map(
    ({ runbook = from, ...alert }): AlertRecord => (runbook === to ? alert : { ...alert, runbook }),
  );
  return {
    ...record,
    runbookName: to,
    startedBy: 'alert',
    served: [...record.served, from],
    runbook: null,
    recovered: null,
    diagnosis: null,
    findings: null,
    diagnosisStale: false,
    look: { at: null, wanted: false, healthy: null, broken: false, saw: '' },
    alerts: Object.fromEntries(alerts.map((alert) => [alertKey(alert), alert])),
    episode: {
      number: record.episode.number + 1,
      brokenSince,
      deadline,
      deadlineGiven: false,
      openedAt: at,
      deadlinePassed: false,
    },
  };
}
