import { answerCommand, askedAttempt } from '../recovery/answers.ts';
import type { Attempt } from '../recovery/attempt.ts';
import { Clock } from '../recovery/clock.ts';
import { after, milliseconds, spanText } from '../recovery/durations.ts';
import { openPage, takers } from '../recovery/fold-pages.ts';
import { formatTarget } from '../recovery/ids.ts';
import { nextRung } from '../recovery/ladder.ts';
import type { PageRecord } from '../recovery/page-record.ts';
import { phaseOf } from '../recovery/phase.ts';
import { activeAttempt, alertsFiring, effectiveMode, modeReason } from '../recovery/policy.ts';
import type { RecoveryRecord } from '../recovery/record.ts';
import { silencedBy } from '../recovery/silences.ts';
import { oneLine } from '../recovery/words.ts';
import { clockTime } from './sentences.ts';

/** The last lines of a live view: where a recovery is, what it waits for and until when, and what a person can do about it. */

/** In lines, the most important first; pure, times in UTC, spans from `now` (RFC 3339). */
export function waitingLines(record: RecoveryRecord, now: string): string[] {
  return linesOf(record, now).map(oneLine);
}

function linesOf(record: RecoveryRecord, now: string): string[] {
  if (record.closed !== null) return [`closed: ${record.closed.outcome}`];
  const doing = record.inFlight.target?.step ?? record.inFlight.people?.step ?? 'waiting';
  const head = `${phaseOf(record)}, ${doing}, ${timeLeft(record, now)}`;
  return [
    head,
    ...inHandLines(record, now),
    ...silenceLines(record, now),
    ...approvalLines(record, now),
    ...heldBackLines(record),
    ...pageLines(record, now),
    ...settlingLines(record, now),
  ];
}

function timeLeft(record: RecoveryRecord, now: string): string {
  if (record.recovered !== null) return `recovered ${ago(record.recovered.at, now)}`;
  if (record.takenOver !== undefined) return `in the hands of ${record.takenOver.by}`;
  const page = openPage(record);
  if (page !== null) return `people were paged ${ago(page.rungs[0]?.dueAt ?? now, now)}`;
  const left = Date.parse(record.episode.deadline) - Date.parse(now);
  if (left > 0) return `${spanText(left)} until a person is paged`;
  return silencedBy(record) === null ? 'the deadline has come' : 'the deadline has come, the page is held';
}

function inHandLines({ takenOver, target }: RecoveryRecord, now: string): string[] {
  if (takenOver === undefined) return [];
  const { by, at, reason } = takenOver;
  const why = reason === undefined ? '' : ` (${reason})`;
  return [`taken over by ${by} ${ago(at, now)}${why}: automation writes nothing until ${command('hand-back', target)}`];
}

function silenceLines(record: RecoveryRecord, now: string): string[] {
  const silence = silencedBy(record);
  if (silence === null) return [];
  const { by, source, why, until, id } = silence;
  const end = source === 'kintsugi' ? `; end it by kintsugi silence end ${id}` : ', in Alertmanager';
  return [`silenced by ${by} (${why}) for ${span(now, until)} more${end}`];
}

function approvalLines(record: RecoveryRecord, now: string): string[] {
  const asked = askedAttempt(record);
  if (asked?.approval == null) return [];
  const { quorum, by, expiresAt } = asked.approval;
  const people = quorum === 1 ? '' : ` by ${quorum - by.length} more ${quorum - by.length === 1 ? 'person' : 'people'}`;
  return [
    `${asked.remedy} waits for approval${people}, ${span(now, expiresAt)} left: ${answerCommand('approve', record.recoveryId, asked)}`,
  ];
}

/** Only while it waits: an attempt that goes on, or is asked about, was held back before. */
function heldBackLines(record: RecoveryRecord): string[] {
  const attempt = activeAttempt(record);
  if (attempt === null || record.takenOver !== undefined || silencedBy(record) !== null) return [];
  if (effectiveMode(record) === 'observe' && isToGoOn(attempt))
    return [`${attempt.remedy} is not begun: the mode is observe (${modeReason(record)})`];
  if (attempt.heldBack === null || !isToGoOn(attempt) || record.inFlight.target !== null) return [];
  return [`${attempt.remedy} is held back: ${attempt.heldBack.why}`];
}

function isToGoOn({ stage }: Attempt): boolean {
  return stage === 'planned' || stage === 'approved' || stage === 'applying';
}

function pageLines(record: RecoveryRecord, now: string): string[] {
  const page = openPage(record);
  if (page === null) return [];
  const [taken] = takers(page);
  if (taken === undefined) return ['nobody has taken the page yet: the notifiers are tried in turn'];
  if (page.acknowledged !== undefined)
    return [`acknowledged by ${page.acknowledged.by} ${ago(page.acknowledged.at, now)}`];
  const next = nextRungAt(record, page, now);
  const later =
    next === null || record.takenOver !== undefined ? '' : `; the next people are called in ${span(now, next)}`;
  return [`${taken} took the page, and nobody has acknowledged it${later}: ${command('ack', record.target)}`];
}

/** When the next rung of an open page is due, or the last one again; null where nobody else is called. */
function nextRungAt(record: RecoveryRecord, page: PageRecord, now: string): string | null {
  const clock = new Clock(now);
  const due = page.about === undefined ? nextRung(record, page, clock) : null;
  return due === null ? clock.wakeAt : now;
}

function settlingLines(record: RecoveryRecord, now: string): string[] {
  if (record.recovered === null) return [];
  const end = after(record.recovered.at, milliseconds(record.runbook?.content.spec.settle ?? '30m'));
  const settled = Date.parse(end) <= Date.parse(now);
  const firing = Object.values(record.alerts).filter(({ role, status }) => role === 'trigger' && status === 'firing');
  const alerts = alertsFiring(record)
    ? `until ${[...new Set(firing.map(({ name }) => name))].join(', ')} no longer fires`
    : null;
  const until = settled ? [] : [`for ${span(now, end)} more`];
  const waits = [...until, ...(alerts === null ? [] : [alerts])].join(', and ');
  return waits === '' ? [] : [`stays open ${waits}: a relapse is the same recovery, and undo is still possible`];
}

/** A command that a person can paste: a target is shorter than a recovery's id, and means the open one. */
function command(name: string, target: RecoveryRecord['target']): string {
  return `kintsugi ${name} ${target === null ? 'ID' : formatTarget(target)}`;
}

function span(now: string, until: string): string {
  return spanText(Date.parse(until) - Date.parse(now));
}

function ago(time: string, now: string): string {
  return `${spanText(Date.parse(now) - Date.parse(time))} ago (${clockTime(time)})`;
}
