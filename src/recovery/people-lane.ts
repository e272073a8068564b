import type { Clock } from './clock.ts';
import { openPage, takers, toldOf, toResolve } from './fold-pages.ts';
import { holdPageOver } from './holds.ts';
import { rungsToSay } from './ladder.ts';
import { nextNote } from './notes.ts';
import { pageReason } from './page-reason.ts';
import type { PageRecord, RungRecord } from './page-record.ts';
import { activeAttempt, approvalToAsk, effectiveMode } from './policy.ts';
import { procedureResolution } from './procedures.ts';
import { nextAnswer, owesAnswers } from './questions.ts';
import type { RecoveryRecord } from './record.ts';
import { isSilencedAsking, isSilenceToBeAsked, mayAsk, mayCall } from './silences.ts';
import type { PeopleStep, StepName } from './steps.ts';

/** When every notifier of a rung has refused, the list is tried again after this (durability 11). */
const NOTIFY_AGAIN_MS = 30_000;
/** Rounds of the list before a run that could end otherwise no longer waits for them. */
const MOST_ROUNDS = 20;
/** Where a recovery pages whose runbook never loaded: the worker's configuration says who that is. */
const DEFAULT_NOTIFIERS = ['default', 'log'];

/** What the people lane should do now: pages before questions, questions before news. Paging never waits for the target. */
export function nextPeopleStep(record: RecoveryRecord, clock: Clock): PeopleStep | null {
  if (record.closed !== null || record.inFlight.people !== null) return null;
  return (
    sendPage(record, clock) ??
    askBeforePage(record, clock) ??
    askApproval(record, clock) ??
    askBeforeApproval(record) ??
    resolvePage(record, clock) ??
    tellAcknowledged(record, clock) ??
    nextAnswer(record, clock) ??
    askSilences(record, clock) ??
    updatePage(record, clock) ??
    nextNote(record)
  );
}

/**
 * Whether what is being said must end before its time: a page that is due, and a question, wait for no slow answer to anything
 * that is less urgent; and to a question that is over nobody needs an answer.
 */
export function mustMakeWay(record: RecoveryRecord, clock: Clock): boolean {
  const step = record.inFlight.people?.step;
  // Whether it is silenced is known within two seconds, and may be what the page or the question waits for.
  if (record.closed !== null || step === undefined || step === 'page' || step === 'read-silences') return false;
  if (sendPage(record, clock) !== null || askBeforePage(record, clock) !== null) return true;
  const isAsking = askApproval(record, clock) !== null;
  return step === 'ask' ? !isAsking : isAsking || askBeforeApproval(record) !== null;
}

/** The notifiers of a rung in the order of fallback. */
function notifiersOf(record: RecoveryRecord, rung: number): string[] {
  const rungs = record.runbook?.content.spec.escalation.rungs;
  return rungs?.[rung]?.notify ?? DEFAULT_NOTIFIERS;
}

function sendPage(record: RecoveryRecord, clock: Clock): PeopleStep | null {
  const page = openPage(record);
  if (page === null || resolution(record) !== null) return null;
  for (const entry of rungsToSay(record, page)) {
    const { rung, repeat } = entry;
    const notifier = nextNotifier(entry, notifiersOf(record, rung), clock);
    if (notifier !== null) return { name: 'page', rung, ...(repeat === undefined ? {} : { repeat }), notifier };
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

/** Right before a page it is asked whether a silence holds it: an answer takes two seconds at most. */
function askBeforePage(record: RecoveryRecord, clock: Clock): PeopleStep | null {
  if (openPage(record) !== null || record.recovered !== null || mayCall(record) !== 'ask') return null;
  return pageReason(record, clock) === null ? null : { name: 'read-silences' };
}

/** And before people are asked to approve what automation planned, where that is not known of the last minute. */
function askBeforeApproval(record: RecoveryRecord): PeopleStep | null {
  const asks = approvalToAsk(record);
  const waits = asks !== null && asks.attempt.ordered === undefined && mayAsk(record) === 'ask';
  return waits ? { name: 'read-silences' } : null;
}

function askSilences(record: RecoveryRecord, clock: Clock): PeopleStep | null {
  const stopped = effectiveMode(record) === 'observe' && (activeAttempt(record)?.actions.length ?? 0) > 0;
  return isSilenceToBeAsked(record, stopped, clock) ? { name: 'read-silences' } : null;
}

function askApproval(record: RecoveryRecord, clock: Clock): PeopleStep | null {
  const asked = record.attempts.find(({ stage }) => stage === 'asked');
  if (asked?.approval == null || asked.approval.sentBy !== null || record.closing !== null) return null;
  if (isSilencedAsking(record, asked)) return null;
  // Whoever could be paged is asked before the question goes round again.
  const rungs = record.runbook?.content.spec.escalation.rungs ?? [];
  const listed = [...notifiersOf(record, 0), ...rungs.flatMap(({ notify }) => notify)];
  const providers = [...new Set(listed)].filter((name) => name !== 'log');
  const notifier = inTurn(providers.length > 0 ? providers : ['log'], asked.approval.tries, clock);
  return notifier === null ? null : { name: 'ask', n: asked.n, digest: asked.approval.digest, notifier };
}

/**
 * A page that people got is resolved when the target has verified healthy, or when a person has closed the recovery; everybody
 * who has it, or may have, is told, also of an earlier page.
 */
function resolvePage(record: RecoveryRecord, clock: Clock): PeopleStep | null {
  for (const page of record.pages) {
    const reason = page.resolved?.reason ?? resolution(record);
    const notifier = reason === null ? null : readyFor('resolve-page', page, toResolve(page), clock);
    if (reason !== null && notifier !== null) return { name: 'resolve-page', page: page.number, notifier, reason };
  }
  return null;
}

const NEWS: ReadonlySet<StepName> = new Set(['acknowledge-page', 'update-page']);

/** The first that has not just refused such a message; one kind of news is as good as the other. */
function readyFor(step: StepName, page: PageRecord, notifiers: string[], clock: Clock): string | null {
  const ready = notifiers.find((notifier) => {
    const { failure } = toldOf(page, notifier);
    const isAlike = failure?.step === step || (failure !== undefined && NEWS.has(failure.step) && NEWS.has(step));
    return failure === undefined || !isAlike || clock.passed(failure.at, NOTIFY_AGAIN_MS);
  });
  return ready ?? null;
}

/** The resolution that nobody is left to be told of: the page is over all the same. */
export function untoldResolution(record: RecoveryRecord): string | null {
  const page = openPage(record);
  const reason = resolution(record);
  if (page === null || reason === null || record.inFlight.people !== null) return null;
  return toResolve(page).length === 0 ? `${reason} (nobody took this message)` : null;
}

function resolution(record: RecoveryRecord): string | null {
  if (record.closing?.order === 'close') {
    const { actor, outcome } = record.closing;
    return `closed by ${actor}${outcome === undefined ? '' : ` as ${outcome}`}`;
  }
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

/** Who has the page in hand is told to all that took it. */
function tellAcknowledged(record: RecoveryRecord, clock: Clock): PeopleStep | null {
  const page = openPage(record);
  const by = page?.acknowledged?.by;
  if (page === null || by === undefined || resolution(record) !== null) return null;
  const untold = takers(page).filter((notifier) => toldOf(page, notifier).acknowledged !== by);
  const notifier = readyFor('acknowledge-page', page, untold, clock);
  return notifier === null ? null : { name: 'acknowledge-page', page: page.number, notifier, by };
}

function updatePage(record: RecoveryRecord, clock: Clock): PeopleStep | null {
  const page = openPage(record);
  // That it is over is all the news there is.
  if (page === null || resolution(record) !== null) return null;
  const untold = takers(page).filter((notifier) => record.newsSeq > toldOf(page, notifier).upTo);
  const notifier = readyFor('update-page', page, untold, clock);
  return notifier === null ? null : { name: 'update-page', page: page.number, notifier, upTo: record.seq };
}

/** Whether people are to be told something still: the run does not end before, within reason. */
export function hasUntold(record: RecoveryRecord): boolean {
  if (record.pages.some(({ owed = [] }) => owed.length > 0) || owesAnswers(record)) return true;
  const page = openPage(record);
  if (page === null) return false;
  if (resolution(record) !== null) return true;
  return rungsToSay(record, page).some(({ rung, tries }) => {
    const providers = notifiersOf(record, rung).filter((name) => name !== 'log');
    const waits = !tries.some(({ taken }) => taken) && tries.length < MOST_ROUNDS * providers.length;
    return tries.length === 0 || waits;
  });
}
