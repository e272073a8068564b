import type { RecoveryEvent } from './events.ts';
import type { PageRecord, RungRecord, RungTry, Told } from './page-record.ts';
import { isSamePerson } from './people.ts';
import type { RecoveryRecord } from './record.ts';

/** An update or acknowledgement that a notifier refused so often is given up; the next news is another message. */
const MOST_NEWS_TRIES = 5;
/** So often a resolution is said to a notifier that took the page: ten minutes. */
const MOST_RESOLUTIONS = 20;

/** The pages' part of the fold: one page an episode of trouble, its rungs, who took it, what they were told. */
export function foldPages(record: RecoveryRecord, event: RecoveryEvent): RecoveryRecord {
  switch (event.kind) {
    case 'step-started':
      return event.step === 'page' ? updateOpen(record, (page) => ({ ...page, composedAt: event.seq })) : record;
    case 'rung-due':
      return openRung(record, event);
    case 'order':
      return event.accepted ? heard(changeHands(record, event), event) : record;
    case 'watched':
      return event.broken ? updateOpen(record, (page) => reopened(page, record.newsSeq)) : record;
    case 'relapsed':
      return endPageAboutHold(record, event.at);
    case 'page-sent':
      return updateOpen(record, (page) => sent(page, event));
    case 'page-failed': {
      const { notifier, at, error, lost } = event;
      return updateOpen(record, (page) =>
        withTry(page, event, { notifier, at, taken: false, error, ...(lost === undefined ? {} : { lost }) }),
      );
    }
    case 'page-updated':
      return update(record, event.page, (page) => tell(page, event.notifier, { upTo: event.upTo }));
    case 'page-acknowledged':
      return update(record, event.page, (page) => tell(page, event.notifier, { acknowledged: event.by }));
    case 'page-resolved':
      return update(record, event.page, (page) => resolved(page, event));
    case 'message-failed':
      return update(record, event.page, (page) => failed(page, event));
    default:
      return record;
  }
}

/** The page that is open now, or null: a resolved page is over, a relapse opens the next number. */
export function openPage(record: RecoveryRecord): PageRecord | null {
  const last = record.pages.at(-1);
  return last === undefined || last.resolved !== null ? null : last;
}

/** The notifiers that took a page, in the order in which they did. */
export function takers(page: PageRecord): string[] {
  return [...new Set(triesOf(page).flatMap(({ taken, notifier }) => (taken ? [notifier] : [])))];
}

/**
 * Who may have the page: those that took it, and those whose answer was lost; where there is none of either, who was asked
 * last. The log never has.
 */
function audience(page: PageRecord): string[] {
  const tries = triesOf(page).filter(({ notifier }) => notifier !== 'log');
  const may = [...takers(page), ...tries.flatMap(({ lost, notifier }) => (lost === true ? [notifier] : []))];
  return may.length > 0 ? [...new Set(may)] : tries.slice(-1).map(({ notifier }) => notifier);
}

/** Who is to be told that the page is over; a notifier that does not take it is left after a while, one that never took the page at once. */
export function toResolve(page: PageRecord): string[] {
  if (page.resolved !== null) return page.owed ?? [];
  return audience(page).filter((notifier) => !hasRefusedResolution(page, notifier));
}

function hasRefusedResolution(page: PageRecord, notifier: string): boolean {
  const failure = page.told?.[notifier]?.failure;
  return failure?.step === 'resolve-page' && failure.count >= (takers(page).includes(notifier) ? MOST_RESOLUTIONS : 1);
}

/** What a notifier that took the page knows of it. */
export function toldOf(page: PageRecord, notifier: string): Told {
  return page.told?.[notifier] ?? { upTo: page.toldUpTo };
}

/** What the notifier's provider calls the page. */
export function providerIdOf(page: PageRecord, notifier: string): string | undefined {
  return triesOf(page).findLast((attempt) => attempt.notifier === notifier && attempt.providerId !== undefined)
    ?.providerId;
}

function triesOf(page: PageRecord): RungTry[] {
  return page.rungs.flatMap(({ tries }) => tries);
}

/** Whoever takes over has the page with it, and lets go of it with the target. */
function changeHands(record: RecoveryRecord, event: RecoveryEvent & { kind: 'order' }): RecoveryRecord {
  switch (event.name) {
    case 'acknowledge':
    case 'takeOver':
      return updateOpen(record, (page) => acknowledged(page, event));
    case 'handBack':
      // By the former rules whoever had taken over kept the page.
      if (record.formerRules === true) return record;
      return updateOpen(record, (page) => handedBack(page, event.at));
    default:
      return record;
  }
}

/** The same person again keeps it since when they had it; another one has the page from then on. */
function acknowledged(page: PageRecord, event: RecoveryEvent & { kind: 'order' }): PageRecord {
  const { name, actor, verified, at } = event;
  const { withTarget, ...rest } = page;
  const isKnown = page.acknowledged !== undefined && isSamePerson(page.acknowledged.by, actor);
  const isByTarget = name === 'takeOver' && (!isKnown || withTarget === true);
  return {
    ...rest,
    ...(isKnown ? {} : { acknowledged: { by: actor.trim(), at, verified } }),
    ...(isByTarget ? { withTarget: true } : {}),
  };
}

/** Nobody has it then but whoever has said so by an acknowledgement; who takes it on next is told anew. */
function handedBack(page: PageRecord, at: string): PageRecord {
  if (page.acknowledged === undefined) return page;
  if (page.withTarget === undefined) return { ...page, handedBack: at };
  const { acknowledged: _, withTarget: __, told = {}, ...rest } = page;
  const known = Object.entries(told).map(([notifier, { acknowledged: ___, ...one }]): [string, Told] => [
    notifier,
    one,
  ]);
  return { ...rest, told: Object.fromEntries(known), handedBack: at };
}

/**
 * Whoever is reached by the notifier through which something was said knows it: PagerDuty would take it as news, and open anew what a
 * person has resolved there. What was news before is still to be told.
 */
function heard(record: RecoveryRecord, event: RecoveryEvent & { kind: 'order' }): RecoveryRecord {
  const { through } = event.args;
  if (typeof through !== 'string') return record;
  return updateOpen(record, (page) =>
    takers(page)
      .filter((notifier) => notifier === through || standsFor(providerIdOf(page, notifier), through))
      .reduce((now, notifier) => tell(now, notifier, saidIn(record, page, notifier, event)), page),
  );
}

/** Whether one notifier, and it alone, has the page for `default`, by what that calls it: a line for each. */
function standsFor(providerId = '', through: string): boolean {
  return providerId.startsWith(`${through}/`) && !providerId.includes('\n');
}

function saidIn(
  { newsSeq }: RecoveryRecord,
  page: PageRecord,
  notifier: string,
  { name, seq, args }: RecoveryEvent & { kind: 'order' },
): Partial<Told> {
  if (name === 'acknowledge') return page.acknowledged === undefined ? {} : { acknowledged: page.acknowledged.by };
  if (name !== 'note') return {};
  const over = args.over === true ? { endedThere: true as const } : {};
  return { ...over, ...(toldOf(page, notifier).upTo >= newsSeq ? { upTo: seq } : {}) };
}

/** Where a person has ended the page and the target is broken all the same, the last news are to be told once more. */
function reopened(page: PageRecord, newsSeq: number): PageRecord {
  const told = Object.entries(page.told ?? {}).map(([notifier, one]): [string, Told] => {
    const { endedThere, ...known } = one;
    return [notifier, endedThere === undefined ? one : { ...known, upTo: Math.min(known.upTo, newsSeq - 1) }];
  });
  return page.told === undefined ? page : { ...page, told: Object.fromEntries(told) };
}

/** What breaks under a page about a hold gets a page of its own. */
function endPageAboutHold(record: RecoveryRecord, at: string): RecoveryRecord {
  if (openPage(record)?.about !== 'hold') return record;
  return updateOpen(record, (page) => ({
    ...page,
    resolved: { at, reason: 'the target broke again' },
    owed: toResolve(page),
  }));
}

function openRung(record: RecoveryRecord, event: RecoveryEvent & { kind: 'rung-due' }): RecoveryRecord {
  const { rung, why, repeat, about, at } = event;
  const due: RungRecord = { rung, why, dueAt: at, ...(repeat === undefined ? {} : { repeat }), tries: [] };
  if (openPage(record) !== null) return updateOpen(record, (page) => ({ ...page, rungs: [...page.rungs, due] }));
  const number = record.pages.length + 1;
  const page: PageRecord = {
    number,
    ...(about === undefined ? {} : { about }),
    key: `${record.recoveryId}/${number}`,
    rungs: [due],
    toldUpTo: 0,
    composedAt: 0,
    resolved: null,
  };
  return { ...record, pages: [...record.pages, page] };
}

/** People know what stood in the message that was taken, not what has happened since. */
function sent(page: PageRecord, event: RecoveryEvent & { kind: 'page-sent' }): PageRecord {
  const { notifier, at, providerId } = event;
  const own = providerId === '' ? {} : { providerId };
  return tell(withTry(page, event, { notifier, at, taken: true, ...own }), notifier, { upTo: page.composedAt });
}

function withTry(page: PageRecord, which: { rung: number; repeat?: number }, attempt: RungTry): PageRecord {
  return {
    ...page,
    rungs: page.rungs.map((entry) =>
      entry.rung === which.rung && entry.repeat === which.repeat
        ? { ...entry, tries: [...entry.tries, attempt] }
        : entry,
    ),
  };
}

function tell(page: PageRecord, notifier: string, news: Partial<Told>): PageRecord {
  const { failure: _over, ...before } = toldOf(page, notifier);
  const upTo = Math.max(before.upTo, news.upTo ?? 0);
  return { ...page, told: { ...page.told, [notifier]: { ...before, ...news, upTo } } };
}

/** A page is over when the first of its notifiers knows it; the others are owed it, and one that has not told all it stands for. */
function resolved(page: PageRecord, event: RecoveryEvent & { kind: 'page-resolved' }): PageRecord {
  const owed = toResolve(page).filter((notifier) => notifier !== event.notifier || event.partly === true);
  return { ...page, resolved: page.resolved ?? { at: event.at, reason: event.reason }, owed };
}

function failed(page: PageRecord, event: RecoveryEvent & { kind: 'message-failed' }): PageRecord {
  const { notifier, step, at, upTo } = event;
  const before = toldOf(page, notifier);
  const count = before.failure?.step === step ? before.failure.count + 1 : 1;
  if (count >= MOST_NEWS_TRIES && step === 'update-page') return tell(page, notifier, { upTo: upTo ?? 0 });
  if (count >= MOST_NEWS_TRIES && step === 'acknowledge-page')
    return tell(page, notifier, { acknowledged: page.acknowledged?.by ?? '' });
  const after = { ...page, told: { ...page.told, [notifier]: { ...before, failure: { step, count, at } } } };
  return after.owed === undefined
    ? after
    : { ...after, owed: after.owed.filter((owed) => owed !== notifier || !hasRefusedResolution(after, owed)) };
}

/** Changes the page with this number; events of an older version name none, and mean the one that is open. */
function update(
  record: RecoveryRecord,
  number: number | undefined,
  change: (page: PageRecord) => PageRecord,
): RecoveryRecord {
  if (number === undefined) return updateOpen(record, change);
  return { ...record, pages: record.pages.map((page) => (page.number === number ? change(page) : page)) };
}

function updateOpen(record: RecoveryRecord, change: (page: PageRecord) => PageRecord): RecoveryRecord {
  const page = openPage(record);
  if (page === null) return record;
  return { ...record, pages: [...record.pages.slice(0, -1), change(page)] };
}
