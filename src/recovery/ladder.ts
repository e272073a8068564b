import type { Clock } from './clock.ts';
import { after, DEFAULT_RUNG, isPast, milliseconds } from './durations.ts';
import type { EventBody } from './events.ts';
import { takers } from './fold-pages.ts';
import type { PageRecord, RungRecord } from './page-record.ts';
import type { RecoveryRecord } from './record.ts';
import { isInHand } from './take-over.ts';

/**
 * How an open page climbs: rung by rung while nobody acknowledges it, and again and again on a last rung that repeats. A rung
 * that says `until: resolved` is for those who are told whoever has the page in hand. Whoever hands the target back lets it climb
 * on: the rungs that are left count from then.
 */

/** The last rung is not repeated more often than this: with half an hour in between, a day. */
export const MOST_REPEATS = 48;

function rungsOf(record: RecoveryRecord) {
  return record.runbook?.content.spec.escalation.rungs ?? [];
}

/** Whether a rung still calls people: who has the page, or the target, in hand stops all but those that go on until it is resolved. */
function calls(record: RecoveryRecord, page: PageRecord, rung: number): boolean {
  const isOpen = page.acknowledged === undefined && !isInHand(record);
  return isOpen || isForAll(record, rung);
}

function isForAll(record: RecoveryRecord, rung: number): boolean {
  return rungsOf(record)[rung]?.until === 'resolved';
}

/** The next rung of an open page, or the last one's next repetition, once its time has come. */
export function nextRung(record: RecoveryRecord, page: PageRecord, clock: Clock): EventBody | null {
  const rungs = rungsOf(record);
  const isLeft = (index: number) => isUnsaid(record, page, index) && calls(record, page, index);
  const rung = rungs.findIndex((_, index) => isLeft(index) && clock.reached(dueAt(record, page, index)));
  const next = rungs[rung];
  if (next === undefined) return repetition(record, page, clock);
  return { kind: 'rung-due', rung, why: `${next.after} passed${unanswered(page)}` };
}

/** By the former rules no page came down again to a rung below one that it had reached. */
function isUnsaid({ formerRules }: RecoveryRecord, { rungs }: PageRecord, index: number): boolean {
  return rungs.every(({ rung }) => (formerRules === true ? rung < index : rung !== index));
}

/** When a rung is due that was not said yet. An early page moves it, and a hand-back does where it was held up till then. */
function dueAt(record: RecoveryRecord, page: PageRecord, rung: number): string {
  const rungs = rungsOf(record);
  const afterMs = (index: number) => milliseconds(rungs[index]?.after ?? DEFAULT_RUNG);
  const { handedBack } = page;
  if (handedBack === undefined || isForAll(record, rung))
    return after(page.rungs[0]?.dueAt ?? record.now, afterMs(rung) - afterMs(0));
  const said = page.rungs.filter(({ dueAt }) => isPast(dueAt, handedBack)).map((entry) => entry.rung);
  const firstLeft = rungs.findIndex((_, index) => !said.includes(index));
  return after(handedBack, afterMs(rung) - afterMs(firstLeft - 1));
}

function repetition(record: RecoveryRecord, page: PageRecord, clock: Clock): EventBody | null {
  const rung = rungsOf(record).length - 1;
  const every = rungsOf(record)[rung]?.repeat;
  const said = page.rungs.filter((entry) => entry.rung === rung);
  const last = said.at(-1);
  if (every === undefined || last === undefined || said.length > MOST_REPEATS || !calls(record, page, rung))
    return null;
  const { handedBack } = page;
  const isHeldUp = handedBack !== undefined && isPast(last.dueAt, handedBack) && !isForAll(record, rung);
  if (!clock.passed(isHeldUp ? handedBack : last.dueAt, milliseconds(every))) return null;
  return { kind: 'rung-due', rung, repeat: said.length, why: `again after ${every}${unanswered(page)}` };
}

function unanswered({ acknowledged, handedBack }: PageRecord): string {
  if (acknowledged !== undefined) return '';
  return `, and nobody has acknowledged${handedBack === undefined ? '' : ' since it was handed back'}`;
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
