import type { Clock } from './clock.ts';
import { openPage, takenBy } from './fold-pages.ts';
import { holdPageOver } from './holds.ts';
import { procedureResolution } from './procedures.ts';
import type { PageRecord, RecoveryRecord, RungRecord } from './record.ts';
import type { PeopleStep } from './steps.ts';

/** When every notifier of a rung has refused, the list is tried again after this (durability 11). */
const NOTIFY_AGAIN_MS = 30_000;
/** Rounds of the list before a run that could end otherwise no longer waits for them. */
const MOST_ROUNDS = 20;
/** Where a recovery pages whose runbook never loaded. */
const DEFAULT_NOTIFIERS = ['webhook', 'log'];

/** What the people lane should do now: pages before questions, questions before news. Paging never waits for the target. */
export function nextPeopleStep(record: RecoveryRecord, clock: Clock): PeopleStep | null {
  if (record.closed !== null || record.inFlight.people !== null) return null;
  const page = sendPage(record, clock);
  if (page !== null) return page;
  const failure = record.failures.people;
  if (failure !== null && !clock.passed(failure.at, NOTIFY_AGAIN_MS)) return null;
  return resolvePage(record) ?? askApproval(record, clock) ?? updatePage(record);
}

/** Whether a question or news in flight must end before its time: a page that is due waits for no slow answer. */
export function mustMakeWay(record: RecoveryRecord, clock: Clock): boolean {
  const step = record.inFlight.people?.step;
  return record.closed === null && (step === 'ask' || step === 'update-page') && sendPage(record, clock) !== null;
}

/** The notifiers of a rung in the order of fallback. */
function notifiersOf(record: RecoveryRecord, rung: number): string[] {
  const rungs = record.runbook?.content.spec.escalation.rungs;
  return rungs?.[rung]?.notify ?? DEFAULT_NOTIFIERS;
}

function sendPage(record: RecoveryRecord, clock: Clock): PeopleStep | null {
  const page = openPage(record);
  if (page === null || resolution(record) !== null) return null;
  for (const rung of page.rungs) {
    const notifier = nextNotifier(rung, notifiersOf(record, rung.rung), clock);
    if (notifier !== null) return { name: 'page', rung: rung.rung, notifier };
  }
  return null;
}

/** The list in order until one takes it, and again from its start. Every message also stands in the log, which never counts. */
function nextNotifier(rung: RungRecord, list: string[], clock: Clock): string | null {
  if (rung.tries.some(({ taken }) => taken)) return null;
  const providers = list.filter((name) => name !== 'log');
  // Where there is nobody but the log to tell, saying it once is all that can be done.
  if (providers.length === 0) return rung.tries.length === 0 ? 'log' : null;
  return inTurn(providers, rung.tries, clock);
}

/** The next of a list after `tries` fruitless ones; a pause lies between two rounds. */
function inTurn(list: string[], tries: { at: string }[], clock: Clock): string | null {
  const last = tries.at(-1);
  const roundIsOver = list.length > 0 && tries.length % list.length === 0;
  if (last !== undefined && roundIsOver && !clock.passed(last.at, NOTIFY_AGAIN_MS)) return null;
  return list[tries.length % Math.max(1, list.length)] ?? null;
}

function askApproval(record: RecoveryRecord, clock: Clock): PeopleStep | null {
  const asked = record.attempts.find(({ stage }) => stage === 'asked');
  if (asked?.approval == null || asked.approval.sentBy !== null) return null;
  const providers = notifiersOf(record, 0).filter((name) => name !== 'log');
  const notifier = inTurn(providers.length > 0 ? providers : ['log'], asked.approval.tries, clock);
  return notifier === null ? null : { name: 'ask', n: asked.n, notifier };
}

/** A page that people got is resolved when the target has verified healthy, or when a person has closed the recovery. */
function resolvePage(record: RecoveryRecord): PeopleStep | null {
  const page = openPage(record);
  if (page === null) return null;
  const reason = resolution(record);
  const notifier = mayKnow(page);
  if (reason === null || notifier === null || resolveGivenUp(record, page)) return null;
  return { name: 'resolve-page', notifier, reason };
}

/** Who took the page; else who was asked last, for an answer that was lost is no refusal; null if nobody was reached at all. */
function mayKnow(page: PageRecord): string | null {
  const tries = page.rungs.flatMap((rung) => rung.tries).filter(({ notifier }) => notifier !== 'log');
  return takenBy(page) ?? tries.at(-1)?.notifier ?? null;
}

/** The resolution that nobody is left to be told of: the page is over all the same. */
export function untoldResolution(record: RecoveryRecord): string | null {
  const page = openPage(record);
  const reason = resolution(record);
  if (page === null || reason === null || record.inFlight.people !== null) return null;
  return mayKnow(page) === null || resolveGivenUp(record, page) ? `${reason} (nobody took this message)` : null;
}

function resolution(record: RecoveryRecord): string | null {
  if (record.closing?.order === 'close') return `closed by ${record.closing.actor}`;
  if (openPage(record)?.about === 'hold') return holdPageOver(record);
  switch (record.recovered?.by) {
    case 'remedy':
      return 'a remedy verified: the target is healthy';
    case 'itself':
      return 'the target is healthy again by itself';
    case 'person':
      if (record.takenOver !== undefined) return `the target is healthy again in the hands of ${record.takenOver.by}`;
      return 'the remedy that a person ordered verified: the target is healthy';
    case undefined:
      return procedureResolution(record);
  }
}

function updatePage(record: RecoveryRecord): PeopleStep | null {
  const page = openPage(record);
  if (page === null || !hasNews(record, page)) return null;
  const notifier = takenBy(page);
  return notifier === null ? null : { name: 'update-page', notifier, upTo: record.seq };
}

function hasNews(record: RecoveryRecord, page: PageRecord): boolean {
  return record.newsSeq > page.toldUpTo;
}

/** Whether people are to be told something still: the run does not end before, within reason. */
export function hasUntold(record: RecoveryRecord): boolean {
  const page = openPage(record);
  if (page === null) return false;
  if (resolution(record) !== null) return true;
  return page.rungs.some(({ rung, tries }) => {
    const providers = notifiersOf(record, rung).filter((name) => name !== 'log');
    const waits = !tries.some(({ taken }) => taken) && tries.length < MOST_ROUNDS * providers.length;
    return tries.length === 0 || waits;
  });
}

/** A resolution that nobody takes holds the end up for ten minutes at most; where no page was taken, one try is enough. */
function resolveGivenUp(record: RecoveryRecord, page: PageRecord): boolean {
  const failure = record.failures.people;
  const most = takenBy(page) === null ? 1 : MOST_ROUNDS;
  return failure?.step === 'resolve-page' && failure.count >= most;
}
