import type { EventBody } from '../../src/recovery/events.ts';
import { openPage } from '../../src/recovery/fold-pages.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { silencedBy } from '../../src/recovery/silences.ts';
import type { TargetStep } from '../../src/recovery/steps.ts';
import { isInHand } from '../../src/recovery/take-over.ts';

/** What the simulation knows of people in command, and the rules that no course of events may break. */

/** A write that begins after a take-over is one that a person ordered since, or its undo. */
export function writesInHand(record: RecoveryRecord, step: TargetStep & { name: 'apply' | 'undo' }): string[] {
  const { takenOver, attempts, closing } = record;
  if (takenOver === undefined) return [];
  const attempt = attempts.find(({ n }) => n === step.n);
  const since = attempt?.ordered !== undefined && Date.parse(attempt.ordered.at) >= Date.parse(takenOver.at);
  const isUndoOrder = step.name === 'undo' && (attempt?.why ?? '').startsWith('ordered by');
  const how = closing === null ? '' : ' while it was being closed';
  return since || isUndoOrder ? [] : [`automation's ${step.name} after ${takenOver.by} took over${how}`];
}

/** No episode pages twice for the first time; none is forgotten; none calls people about what one of them has in hand. */
export function pageRules(record: RecoveryRecord, event: EventBody): string[] {
  if (event.kind === 'tick') return isForgotten(record) ? ['the deadline passed and nobody was called'] : [];
  if (event.kind !== 'rung-due' || event.rung !== 0 || event.about !== undefined) return [];
  const broken = [];
  if (openPage(record) !== null) broken.push('a first page while one is open');
  // Beside a procedure a target may be well, and break, within one episode.
  if (pagesOfEpisode(record).length > 0 && record.procedure === undefined) broken.push('two first pages of an episode');
  if (isInHand(record) && record.closing === null) broken.push('a page about what a person has in hand');
  return broken;
}

function pagesOfEpisode({ pages, episode }: RecoveryRecord) {
  const since = Date.parse(episode.openedAt);
  return pages.filter(({ about, rungs }) => about === undefined && Date.parse(rungs[0]?.dueAt ?? '') >= since);
}

/** A minute after the deadline, or after the silence that held the page, somebody was called, or there is nothing to call anybody about. */
function isForgotten(record: RecoveryRecord): boolean {
  const { episode, recovered, closing, look, procedure, silences, now } = record;
  const isHeld = silencedBy(record) !== null;
  const isOver = recovered !== null || closing !== null || look.healthy === true || isInHand(record) || isHeld;
  const times = [episode.deadline, episode.openedAt, silences?.ended?.at, silences?.current?.until];
  const due = Math.max(...times.flatMap((time) => (time === undefined ? [] : [Date.parse(time)])));
  const isLate = Date.parse(now) - due > 60_000;
  // An alert that turns out to have begun earlier may move the deadline into the past: then it is asked first whether it is silenced.
  const { people } = record.inFlight;
  const isAsking = people?.step === 'read-silences' && Date.parse(now) - Date.parse(people.at) <= 5_000;
  if (isOver || !isLate || isAsking || procedure !== undefined) return false;
  return pagesOfEpisode(record).length === 0 && openPage(record) === null;
}
