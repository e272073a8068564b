import { after, isPast, milliseconds } from './durations.ts';
import type { RecoveryEvent } from './events.ts';
import { openPage } from './fold-pages.ts';
import { giveWay } from './new-attempt.ts';
import { orderUnderWay } from './ordered.ts';
import { activeAttempt, canLook, effectiveMode, leadingFinding } from './policy.ts';
import type { OrderArgs, RecoveryRecord } from './record.ts';
import { isInHand } from './take-over.ts';
import type { Finding } from './values.ts';

/** Orders that steer a recovery and write nothing by themselves: `retry`, `extend`, `note`. */

/** A remedy that a person named: planned before any other, also where it was tried before. */
export interface Retry {
  by: string;
  at: string;
  cause: string;
  remedy: string;
  /** What it is for: the finding of that cause; where there is none, the person's word. */
  finding: Finding;
}

/** What a person has to say, for whoever reads the record or has the page. */
export interface Note {
  by: string;
  at: string;
  text: string;
}

/** A deadline is moved by this much at most, once an episode: nobody puts the page off for long. */
export const LONGEST_EXTENSION = '15m';
/** The record keeps the last notes; the events have them all. */
const MOST_NOTES = 20;

export function foldSteering(record: RecoveryRecord, event: RecoveryEvent): RecoveryRecord {
  switch (event.kind) {
    case 'order':
      return event.accepted ? foldOrder(record, event) : record;
    case 'planned':
    case 'remedy-refused':
      return record.retry?.remedy === event.remedy && record.retry.cause === event.cause
        ? withoutRetry(record)
        : record;
    case 'recovered':
    case 'relapsed':
    case 'runbook-changed':
      return withoutRetry(record);
    default:
      return record;
  }
}

function foldOrder(record: RecoveryRecord, event: RecoveryEvent & { kind: 'order' }): RecoveryRecord {
  const { actor: by, at, args } = event;
  switch (event.name) {
    case 'retry': {
      const wanted = wantedRemedy(record, args, by);
      if (wanted === null) return record;
      const what = { what: wanted.remedy, by };
      return {
        ...record,
        retry: { by, at, ...wanted },
        attempts: record.attempts.map((attempt) => giveWay(attempt, what)),
      };
    }
    case 'extend': {
      const { episode } = record;
      const span = String(args.by);
      const addedMs = (episode.addedMs ?? 0) + milliseconds(span);
      const deadline = after(episode.deadline, milliseconds(span));
      return { ...record, episode: { ...episode, deadline, addedMs, extended: { by, at, span } } };
    }
    case 'note':
      return { ...record, notes: [...(record.notes ?? []), { by, at, text: String(args.text) }].slice(-MOST_NOTES) };
    case 'takeOver':
      return withoutRetry(record);
    default:
      return record;
  }
}

function withoutRetry({ retry: _, ...record }: RecoveryRecord): RecoveryRecord {
  return record;
}

/** Why the deadline is not moved, or null. */
export function refuseExtend(record: RecoveryRecord): string | null {
  const { runbook, recovered, episode, takenOver, now } = record;
  if (runbook === null) return 'the runbook is not loaded yet: try again in a moment';
  if (recovered !== null) return 'the target is healthy: no deadline runs';
  if (isInHand(record)) return `it is in the hands of ${takenOver?.by}: the deadline stands still`;
  if (openPage(record) !== null) return 'people are paged already';
  if (episode.deadlinePassed || isPast(episode.deadline, now)) return `the deadline has passed, at ${episode.deadline}`;
  const { extended } = episode;
  return extended === undefined
    ? null
    : `it was extended once already, by ${extended.by} for ${extended.span}: it is at ${episode.deadline}`;
}

/** Why no remedy is tried again, or null; without a name, whether one could be at all. */
export function refuseRetry(record: RecoveryRecord, args: OrderArgs): string | null {
  const { runbook, recovered, takenOver, findings } = record;
  if (runbook === null || !canLook(record)) return 'there is no workload that anything could be tried on yet';
  if (effectiveMode(record) === 'observe') return 'the mode here is observe, in which nothing is written';
  if (recovered !== null) return 'the target is healthy: there is nothing to mend';
  if (takenOver !== undefined) return `${takenOver.by} has taken over: remedies are tried again once it is handed back`;
  if (findings === null) return 'it is not diagnosed yet: a remedy is tried for what was found';
  const active = activeAttempt(record);
  const ordered = orderUnderWay(record, active);
  if (ordered !== null) return `${ordered.what}, which ${ordered.by} ordered, is still under way`;
  if (active !== null && !(active.stage === 'asked' && active.actions.length === 0))
    return `${active.remedy} is still under way`;
  const isNamed = args.remedy !== undefined || args.cause !== undefined;
  if (!isNamed || wantedRemedy(record, args, '') !== null) return null;
  return `the runbook has no such remedy; it has ${knownRemedies(record)}`;
}

function knownRemedies({ runbook }: RecoveryRecord): string {
  const causes = (runbook?.content.spec.causes ?? []).filter(({ remedies }) => remedies.length > 0);
  const known = causes.map(({ cause, remedies }) => `${cause}: ${remedies.map(({ name }) => name).join(', ')}`);
  return known.length === 0 ? 'none' : known.join('; ');
}

/** The remedy that is meant, for the best finding that it is a remedy for; else for the cause that the person names. */
function wantedRemedy(
  record: RecoveryRecord,
  { cause, remedy }: OrderArgs,
  by: string,
): Pick<Retry, 'cause' | 'remedy' | 'finding'> | null {
  const { findings, runbook, attempts } = record;
  const lead = leadingFinding(record);
  const entries = (runbook?.content.spec.causes ?? []).filter(
    (entry) =>
      (cause === undefined || entry.cause === cause) &&
      entry.remedies.some(({ name }) => remedy === undefined || name === remedy),
  );
  const seen = [...(lead === null ? [] : [lead]), ...(findings ?? [])];
  const found = seen.find((finding) => entries.some((entry) => entry.cause === finding.cause));
  const entry = entries.find((one) => one.cause === found?.cause) ?? entries[0];
  if (entry === undefined) return null;
  const finding = found ?? namedFinding(entry.cause, lead, by);
  const tried = attempts.filter(({ findingKey }) => findingKey === finding.key).map((attempt) => attempt.remedy);
  const next = entry.remedies.find(({ name }) => !tried.includes(name)) ?? entry.remedies[0];
  const name = typeof remedy === 'string' ? remedy : next?.name;
  return name === undefined ? null : { cause: entry.cause, remedy: name, finding };
}

/** A cause that nobody has seen but the person who names it: the rules of safety see that there is no quote for it. */
function namedFinding(cause: string, lead: Finding | null, by: string): Finding {
  const container = lead?.container === undefined ? {} : { container: lead.container };
  const summary = `${cause}, as ${by} says`;
  return { cause, label: cause, key: `${cause}|named`, summary, ...container, root: true, score: 0, quotes: [] };
}

/** The finding of that key: seen, or named by a person. */
export function findingBy(record: RecoveryRecord, key: string): Finding | null {
  const named = [record.retry, ...record.attempts.map(({ retried }) => retried)].flatMap(
    (retry) => retry?.finding ?? [],
  );
  return [...(record.findings ?? []), ...named].find((finding) => finding.key === key) ?? null;
}
