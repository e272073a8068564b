import type { Clock } from './clock.ts';
import { after, milliseconds } from './durations.ts';
import type { EventBody } from './events.ts';
import { takers } from './fold-pages.ts';
import type { PageRecord, RungRecord } from './page-record.ts';
import { firstRungMs } from './policy.ts';
import type { RecoveryRecord } from './record.ts';
import { isInHand } from './take-over.ts';

/**
 * How an open page climbs: rung by rung while nobody acknowledges it, and again and again on a last rung that repeats. A rung
 * that says `until: resolved` is for those who are told whoever has the page in hand.
 */

/** The last rung is not repeated more often than this: with half an hour in between, a day. */
export const MOST_REPEATS = 48;

function rungsOf(record: RecoveryRecord) {
  return record.runbook?.content.spec.escalation.rungs ?? [];
}

/** Whether a rung still calls people: who has the page, or the target, in hand stops all but those that go on until it is resolved. */
function calls(record: RecoveryRecord, page: PageRecord, rung: number): boolean {
  const isOpen = page.acknowledged === undefined && !isInHand(record);
  return isOpen || rungsOf(record)[rung]?.until === 'resolved';
}

/** The next rung of an open page, or the last one's next repetition, once its time has come. */
export function nextRung(record: RecoveryRecord, page: PageRecord, clock: Clock): EventBody | null {
  const rungs = rungsOf(record);
  const first = page.rungs[0];
  if (first === undefined) return null;
  const highest = Math.max(...page.rungs.map(({ rung }) => rung));
  const index = rungs.findIndex((_, rung) => rung > highest && calls(record, page, rung));
  const next = rungs[index];
  if (next === undefined) return repetition(record, page, clock);
  // An early page moves the later rungs with it.
  const due = after(first.dueAt, milliseconds(next.after) - firstRungMs(record));
  return clock.reached(due) ? { kind: 'rung-due', rung: index, why: `${next.after} passed${unanswered(page)}` } : null;
}

function repetition(record: RecoveryRecord, page: PageRecord, clock: Clock): EventBody | null {
  const rung = rungsOf(record).length - 1;
  const every = rungsOf(record)[rung]?.repeat;
  const said = page.rungs.filter((entry) => entry.rung === rung);
  const last = said.at(-1);
  if (every === undefined || last === undefined || said.length > MOST_REPEATS || !calls(record, page, rung))
    return null;
  if (!clock.passed(last.dueAt, milliseconds(every))) return null;
  return { kind: 'rung-due', rung, repeat: said.length, why: `again after ${every}${unanswered(page)}` };
}

function unanswered({ acknowledged }: PageRecord): string {
  return acknowledged === undefined ? ', and nobody has acknowledged' : '';
}

/**
 * The rungs that are said until a notifier takes them. A repetition stands in for the same rung before it; once somebody has
 * acknowledged, nobody else is called, but a page that no provider has yet is still brought to the first.
 */
export function rungsToSay(record: RecoveryRecord, page: PageRecord): RungRecord[] {
  const newest = page.rungs.filter(({ rung }, i) => page.rungs.findLastIndex((other) => other.rung === rung) === i);
  const isUnknown = takers(page).length === 0;
  return newest.filter(({ rung }) => calls(record, page, rung) || (isUnknown && rung === 0));
}
