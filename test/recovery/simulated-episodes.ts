import { after, isPast, milliseconds } from '../../src/recovery/durations.ts';
import type { RecoveryEvent } from '../../src/recovery/events.ts';
import { openPage } from '../../src/recovery/fold-pages.ts';
import { MOST_REPEATS } from '../../src/recovery/ladder.ts';
import type { PageRecord } from '../../src/recovery/page-record.ts';
import { isSamePerson } from '../../src/recovery/people.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { isInHand } from '../../src/recovery/take-over.ts';

/** What must have been reached of episodes for the rules to mean something. */
export function episodeReach(before: RecoveryRecord, now: RecoveryRecord): string[] {
  const [held, page] = [openPage(before), openPage(now)];
  if (held === null || page === null || page.handedBack === undefined) return [];
  if (held.acknowledged !== undefined && page.acknowledged === undefined) return ['a page let go'];
  return page.rungs.length > held.rungs.length ? ['a rung after a page was let go'] : [];
}

/** What no course of events may do to the time until people are called, and to whose a page is. */
export class EpisodeRules {
  /** The relapse that began the present episode, and the look that first saw the target broken. */
  private relapse: { episode: number; seenAt: string } | null = null;
  /** The open page: who has it, by which order, and when it was last let go. */
  private page: { number: number; holder: { name: string; by: string } | null; letGo: string } | null = null;

  /** An extension of what has not recovered since, and the earliest time from which any rung of it counts. */
  private extension: { ms: number; firstRung: string } | null = null;

  /** The rules that an event breaks, given the records before and after it. */
  broken(before: RecoveryRecord, event: RecoveryEvent, now: RecoveryRecord): string[] {
    const stuck = event.kind === 'tick' ? this.stuck(before) : [];
    if (event.kind === 'relapsed') this.relapse = { episode: now.episode.number, seenAt: now.look.at ?? event.at };
    this.followPage(now, event);
    return [...stuck, ...this.earlyDeadline(now), ...this.lostExtension(now, event)];
  }

  /** Until the target recovers an extension is there, and lies on top of whichever deadline is the first. */
  private lostExtension({ recovered, episode, alerts }: RecoveryRecord, event: RecoveryEvent): string[] {
    if (recovered !== null) this.extension = null;
    if (event.kind === 'order' && event.accepted && event.name === 'extend') {
      const ms = milliseconds(String(event.args.by));
      this.extension = { ms, firstRung: after(episode.deadline, -ms) };
    }
    if (this.extension === null) return [];
    const triggers = Object.values(alerts).map(({ startsAt, after: rung }) =>
      after(startsAt, milliseconds(rung ?? '15m')),
    );
    const times = [this.extension.firstRung, after(episode.brokenSince, milliseconds('15m')), ...triggers];
    this.extension.firstRung = times.reduce((least, time) => (isPast(time, least) ? time : least));
    const { firstRung, ms } = this.extension;
    if (episode.extended === undefined) return ['an extension was lost'];
    return isPast(after(firstRung, ms - 1), episode.deadline) ? [] : ['a deadline was moved back over an extension'];
  }

  /** A relapse counts from no time at which the target was well. */
  private earlyDeadline({ episode }: RecoveryRecord): string[] {
    const { relapse } = this;
    if (relapse?.episode !== episode.number || Date.parse(episode.deadline) >= Date.parse(relapse.seenAt)) return [];
    return ['the deadline of a relapse lies before the look that first saw it'];
  }

  private followPage(record: RecoveryRecord, event: RecoveryEvent): void {
    const page = openPage(record);
    if (page === null) this.page = null;
    else if (this.page?.number !== page.number)
      this.page = { number: page.number, holder: null, letGo: page.rungs[0]?.dueAt ?? event.at };
    if (this.page === null || event.kind !== 'order' || !event.accepted) return;
    const { holder } = this.page;
    const isSame = holder !== null && isSamePerson(holder.name, event.actor);
    if (event.name === 'acknowledge' || (event.name === 'takeOver' && !isSame))
      this.page.holder = { name: event.actor, by: event.name };
    if (event.name !== 'handBack' || holder?.by !== 'takeOver') return;
    this.page.holder = null;
    this.page.letGo = event.at;
  }

  /** What is due at a record's time has happened when time goes on: a page that nobody has climbs, and says its last rung again. */
  private stuck(record: RecoveryRecord): string[] {
    const page = openPage(record);
    const isOver = record.recovered !== null || record.closing !== null || isInHand(record);
    if (page === null || page.about !== undefined || isOver || this.page === null || this.page.holder !== null)
      return [];
    const due = nextCall(record, page, this.page.letGo);
    return due !== null && isPast(after(due, 1_000), record.now) ? ['a page that nobody has does not climb'] : [];
  }
}

/** When the next people are called at the latest about a page that was let go at that time; null where nobody else is. */
function nextCall(record: RecoveryRecord, page: PageRecord, letGo: string): string | null {
  const rungs = record.runbook?.content.spec.escalation.rungs ?? [];
  const [first] = rungs;
  const next = rungs.find((_, index) => page.rungs.every(({ rung }) => rung !== index));
  if (first === undefined) return null;
  if (next !== undefined) return after(letGo, milliseconds(next.after) - milliseconds(first.after));
  const said = page.rungs.filter(({ rung }) => rung === rungs.length - 1);
  const last = said.at(-1)?.dueAt ?? letGo;
  const repeat = rungs.at(-1)?.repeat;
  if (repeat === undefined || said.length > MOST_REPEATS) return null;
  return after(isPast(last, letGo) ? letGo : last, milliseconds(repeat));
}
