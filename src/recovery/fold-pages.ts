import type { OrderName, RecoveryEvent } from './events.ts';
import { isSamePerson } from './people.ts';
import type { PageRecord, RecoveryRecord, RungRecord } from './record.ts';

/** The pages' part of the fold: one page an episode of trouble, its rungs, who took it, what they were told. */
export function foldPages(record: RecoveryRecord, event: RecoveryEvent): RecoveryRecord {
  switch (event.kind) {
    case 'step-started':
      return event.step === 'page' ? updatePage(record, (page) => ({ ...page, composedAt: event.seq })) : record;
    case 'rung-due':
      return openRung(record, { rung: event.rung, why: event.why, dueAt: event.at, tries: [] }, event.about);
    case 'order':
      // Whoever takes over has the page with it.
      return event.accepted && ACKNOWLEDGES.has(event.name) ? acknowledge(record, event) : record;
    case 'relapsed':
      return endPageAboutHold(record, event.at);
    case 'page-sent':
      return toldAsComposed(addTry(record, event.rung, { notifier: event.notifier, at: event.at, taken: true }));
    case 'page-failed':
      return addTry(record, event.rung, { notifier: event.notifier, at: event.at, taken: false, error: event.error });
    case 'page-updated':
      return told(record, event.upTo);
    case 'page-resolved':
      return updatePage(record, (page) => ({ ...page, resolved: { at: event.at, reason: event.reason } }));
    case 'step-failed':
      return event.step === 'update-page'
        ? updatePage(record, (page) => ({ ...page, updateFailedAt: event.at }))
        : record;
    default:
      return record;
  }
}

/** The page that is open now, or null: a resolved page is over, a relapse opens the next number. */
export function openPage(record: RecoveryRecord): PageRecord | null {
  const last = record.pages.at(-1);
  return last === undefined || last.resolved !== null ? null : last;
}

/** The notifier that took a page first, or null while none has. */
export function takenBy(page: PageRecord): string | null {
  const taken = page.rungs.flatMap(({ tries }) => tries).find((attempt) => attempt.taken);
  return taken?.notifier ?? null;
}

const ACKNOWLEDGES: ReadonlySet<OrderName> = new Set(['acknowledge', 'takeOver']);

/** The same person again changes nothing; another one has the page from then on. */
function acknowledge(record: RecoveryRecord, event: RecoveryEvent & { kind: 'order' }): RecoveryRecord {
  const { actor, verified, at } = event;
  return updatePage(record, (page) =>
    page.acknowledged !== undefined && isSamePerson(page.acknowledged.by, actor)
      ? page
      : { ...page, acknowledged: { by: actor.trim(), at, verified } },
  );
}

/** What breaks under a page about a hold gets a page of its own. */
function endPageAboutHold(record: RecoveryRecord, at: string): RecoveryRecord {
  if (openPage(record)?.about !== 'hold') return record;
  return updatePage(record, (page) => ({ ...page, resolved: { at, reason: 'the target broke again' } }));
}

function openRung(record: RecoveryRecord, rung: RungRecord, about?: PageRecord['about']): RecoveryRecord {
  if (openPage(record) === null) {
    const number = record.pages.length + 1;
    const page: PageRecord = {
      number,
      ...(about === undefined ? {} : { about }),
      key: `${record.recoveryId}/${number}`,
      rungs: [rung],
      toldUpTo: 0,
      composedAt: 0,
      updateFailedAt: null,
      resolved: null,
    };
    return { ...record, pages: [...record.pages, page] };
  }
  return updatePage(record, (page) => ({ ...page, rungs: [...page.rungs, rung] }));
}

function addTry(record: RecoveryRecord, rung: number, attempt: RungRecord['tries'][number]): RecoveryRecord {
  return updatePage(record, (page) => ({
    ...page,
    rungs: page.rungs.map((entry) => (entry.rung === rung ? { ...entry, tries: [...entry.tries, attempt] } : entry)),
  }));
}

/** People know what stood in the message that was taken, not what has happened since. */
function toldAsComposed(record: RecoveryRecord): RecoveryRecord {
  return told(record, openPage(record)?.composedAt ?? 0);
}

function told(record: RecoveryRecord, upTo: number): RecoveryRecord {
  return updatePage(record, (page) => ({ ...page, toldUpTo: Math.max(page.toldUpTo, upTo), updateFailedAt: null }));
}

function updatePage(record: RecoveryRecord, change: (page: PageRecord) => PageRecord): RecoveryRecord {
  const page = openPage(record);
  if (page === null) return record;
  return { ...record, pages: [...record.pages.slice(0, -1), change(page)] };
}
