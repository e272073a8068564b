import { createHash } from 'node:crypto';
import { KintsugiError, messageOf } from '../errors.ts';
import { type MessageContext, mayBeTaken, type Notifier, PartlyTaken } from './notifier.ts';
import { type Taker, takersIn, withTakers, writtenTakers } from './takers.ts';

/** One step of the workflow has 15 s for a message: all of the list must have had their turn in it. */
const BUDGET_MS = 13_000;
/** Pages of which it is remembered who was told the last news, while others still are to be: far more than are open at one time. */
const REMEMBERED = 1000;

type Send<T> = (notifier: Notifier, context: MessageContext) => Promise<T>;

/**
 * The notifier `default`: those of `notifiers.default` in their order, until one takes the message. What it returns for a page
 * names who took it, and who may have it: they are told what follows. A later rung goes through the whole list again, those that
 * have the page first.
 */
export function createDefaultNotifier(order: readonly Notifier[]): Notifier {
  const people = order.filter(({ reachesPeople }) => reachesPeople);
  const tellAll = createTeller(people);
  return {
    name: 'default',
    reachesPeople: people.length > 0,
    trigger: (page, context) => callOne(people, context, (notifier, own) => notifier.trigger(page, own)),
    ask: (page, approval, context) => callOne(people, context, (notifier, own) => notifier.ask(page, approval, own)),
    update: (page, context) =>
      tellAll({ page, isEnd: false, what: 'update' }, context, (notifier, own) => notifier.update(page, own)),
    acknowledge: (page, by, context) =>
      tellAll({ page, isEnd: false, what: `acknowledge ${by}` }, context, (notifier, own) =>
        notifier.acknowledge === undefined ? notifier.update(page, own) : notifier.acknowledge(page, by, own),
      ),
    resolve: (page, reason, context) =>
      tellAll({ page, isEnd: true, what: `resolve ${reason}` }, context, (notifier, own) =>
        notifier.resolve(page, reason, own),
      ),
    answered: (page, approval, answer, context) =>
      tellAll({ page, isEnd: true, what: `answered ${answer.outcome}` }, context, (notifier, own) =>
        notifier.answered(page, approval, answer, own),
      ),
    note: async (page, text, context) => {
      const quiet = people.filter(({ note }) => note !== undefined);
      await inTurn(quiet.map(unasked), context, async (notifier, own) => notifier.note?.(page, text, own));
    },
  };
}

function unasked(notifier: Notifier): Taker {
  return { notifier, took: false };
}

/** Calls people by the first that takes it; those that have the page come first. Returns who has it by now. */
async function callOne(
  people: readonly Notifier[],
  { providerId = '', ...context }: MessageContext,
  send: Send<{ providerId: string }>,
): Promise<{ providerId: string }> {
  const before = takersIn(providerId, people);
  const first = before.filter(({ took }) => took);
  const others = people.filter((notifier) => !first.some((taker) => taker.notifier === notifier));
  const { by, answer, lost } = await inTurn([...first, ...others.map(unasked)], context, send);
  const now = [...lost.map(unasked), { notifier: by, took: true, id: answer.providerId }];
  return { providerId: writtenTakers(withTakers(before, now)) };
}

interface Told<T> {
  by: Notifier;
  answer: T;
  /** Those before it whose answer was lost. */
  lost: Notifier[];
}

/**
 * Until one takes it; each has its share of the time that is left.
 * @throws KintsugiError what stands against each; retryable if one of them may take it later
 */
async function inTurn<T>(turns: readonly Taker[], context: MessageContext, send: Send<T>): Promise<Told<T>> {
  const failures: Failure[] = [];
  const end = Date.now() + BUDGET_MS;
  for (const [index, { notifier, id }] of turns.entries()) {
    const share = Math.max(0, Math.floor((end - Date.now()) / (turns.length - index)));
    const own = { ...context, ...(id === undefined ? {} : { providerId: id }) };
    const result = await sendWithin(share, notifier, own, send);
    if ('answer' in result) {
      const lost = failures.filter(({ mayHave }) => mayHave).map((failure) => failure.notifier);
      return { by: notifier, answer: result.answer, lost };
    }
    failures.push(result);
  }
  throw noneTook(failures);
}

interface Failure {
  notifier: Notifier;
  error: KintsugiError;
  /** Its answer was lost. */
  mayHave: boolean;
}

/** Whatever a notifier throws is its own failure, unless the whole message was called off. */
async function sendWithin<T>(
  shareMs: number,
  notifier: Notifier,
  context: MessageContext,
  send: Send<T>,
): Promise<{ answer: T } | Failure> {
  const share = AbortSignal.timeout(shareMs);
  try {
    return { answer: await send(notifier, { ...context, signal: AbortSignal.any([context.signal, share]) }) };
  } catch (thrown) {
    if (context.signal.aborted) throw thrown;
    const error = thrown instanceof KintsugiError ? thrown : unexpected(notifier, thrown, share.aborted);
    return { notifier, error, mayHave: mayBeTaken(thrown) };
  }
}

function unexpected({ name }: Notifier, thrown: unknown, isLate: boolean): KintsugiError {
  return new KintsugiError(isLate ? 'timeout' : 'unavailable', isLate ? 'no answer in its time' : messageOf(thrown), {
    where: `notifier ${name}`,
    fix: 'See why the provider does not answer.',
    cause: thrown,
  });
}

function noneTook(failures: readonly Failure[]): KintsugiError {
  const worst = (failures.find(({ error }) => error.retryable) ?? failures[0])?.error;
  if (worst !== undefined) return new KintsugiError(worst.code, wordsOf(failures), detailsOf(failures, worst));
  const fix = 'name one in notifiers.default of the configuration file';
  return new KintsugiError('refused', 'no notifier of notifiers.default takes this', {
    where: 'notifiers.default',
    fix,
  });
}

function wordsOf(failures: readonly Failure[]): string {
  return failures.map(({ notifier, error }) => `${notifier.name}: ${error.message}`).join('; ');
}

function detailsOf(failures: readonly Failure[], { fix, retryable, cause }: KintsugiError) {
  return { where: failures.map(({ error }) => error.where).join(', '), fix, retryable, cause };
}

/** What is told: about which page, and whether it is the end of it. Two with the same `what` and page are the same message. */
interface News {
  page: { key: string };
  isEnd: boolean;
  what: string;
}

/**
 * Tells all that have the page, at the same time. Of the end those are told too that may have it, once. Where some did not take it,
 * the same message goes to those alone when it comes again: few providers drop a repeat.
 * @throws PartlyTaken where some took it, and others that have the page did not
 */
function createTeller(people: readonly Notifier[]) {
  const done = new Map<string, { message: string; names: Set<string> }>();
  const doneOf = (news: News): Set<string> => {
    const message = digestOf(news);
    const known = done.get(news.page.key);
    return known?.message === message ? known.names : new Set();
  };
  const remember = (news: News, names: Set<string>): void => {
    if (done.size >= REMEMBERED) done.clear();
    done.set(news.page.key, { message: digestOf(news), names });
  };

  return async (news: News, { providerId = '', ...context }: MessageContext, send: Send<void>): Promise<void> => {
    const known = takersIn(providerId, people).filter(({ took }) => took || news.isEnd);
    const all = known.length > 0 ? known : people.map(unasked);
    const names = doneOf(news);
    const untold = all.filter(({ notifier }) => !names.has(notifier.name));
    const results = await Promise.all(untold.map((taker) => tell(taker, context, send)));
    const failed = results.filter((result) => result !== null);
    const failures = failed.filter(({ notifier }) => all.some((one) => one.took && one.notifier === notifier));
    const told = untold.filter(({ notifier }) => !failed.some((one) => one.notifier === notifier));
    done.delete(news.page.key);
    if (told.length + names.size === 0) throw noneTook(failed);
    const [worst] = failures;
    if (worst === undefined) return;
    const others = all.filter(({ notifier }) => !failures.some((one) => one.notifier === notifier));
    remember(news, new Set(others.map(({ notifier }) => notifier.name)));
    throw new PartlyTaken(worst.error.code, wordsOf(failures), detailsOf(failures, worst.error));
  };
}

function digestOf(news: News): string {
  return createHash('sha256').update(JSON.stringify(news)).digest('hex');
}

/** Null where it was told, or why not. */
async function tell({ notifier, id }: Taker, context: MessageContext, send: Send<void>): Promise<Failure | null> {
  const own = { ...context, ...(id === undefined ? {} : { providerId: id }) };
  const result = await sendWithin(BUDGET_MS, notifier, own, send);
  return 'answer' in result ? null : result;
}
