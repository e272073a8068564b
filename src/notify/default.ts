import { KintsugiError } from '../errors.ts';
import type { MessageContext, Notifier } from './notifier.ts';

/** One step of the workflow has 15 s for a message: all of the list must have had their turn in it. */
const BUDGET_MS = 13_000;

/**
 * The notifier `default`: those of `notifiers.default` in their order, until one takes the message. What it returns for a page
 * names who took it, so whatever follows goes to the same one, and the record says which it was.
 */
export function createDefaultNotifier(order: readonly Notifier[]): Notifier {
  const people = order.filter(({ reachesPeople }) => reachesPeople);

  /** Who took the page, if that is known; else all of them. */
  const about = ({ providerId = '', ...context }: MessageContext): [Notifier, MessageContext][] => {
    const [, name, id = ''] = /^([^/]+)\/(.*)$/s.exec(providerId) ?? [];
    const taker = people.find((notifier) => notifier.name === name);
    if (taker !== undefined) return [[taker, { ...context, ...(id === '' ? {} : { providerId: id }) }]];
    return people.map((notifier) => [notifier, context]);
  };

  return {
    name: 'default',
    reachesPeople: people.length > 0,
    trigger: (page, context) =>
      inTurn(about(context), async (notifier, own) => named(notifier, await notifier.trigger(page, own))),
    update: (page, context) => inTurn(about(context), (notifier, own) => notifier.update(page, own)),
    resolve: (page, reason, context) => inTurn(about(context), (notifier, own) => notifier.resolve(page, reason, own)),
    ask: (page, approval, context) =>
      inTurn(about(context), async (notifier, own) => named(notifier, await notifier.ask(page, approval, own))),
    answered: (page, approval, answer, context) =>
      inTurn(about(context), (notifier, own) => notifier.answered(page, approval, answer, own)),
    acknowledge: (page, by, context) =>
      inTurn(about(context), (notifier, own) =>
        notifier.acknowledge === undefined ? notifier.update(page, own) : notifier.acknowledge(page, by, own),
      ),
    note: (page, text, context) =>
      inTurn(
        about(context).filter(([{ note }]) => note !== undefined),
        async (notifier, own) => notifier.note?.(page, text, own),
      ),
  };
}

/** What the provider calls it, with who took it. */
function named({ name }: Notifier, { providerId }: { providerId: string }): { providerId: string } {
  return { providerId: `${name}/${providerId}` };
}

/**
 * Until one takes it; each has its share of the time.
 * @throws KintsugiError what stands against each; retryable if one of them may take it later
 */
async function inTurn<T>(
  turns: [Notifier, MessageContext][],
  send: (notifier: Notifier, context: MessageContext) => Promise<T>,
): Promise<T> {
  const errors: [string, KintsugiError][] = [];
  for (const [notifier, context] of turns) {
    const signal = AbortSignal.any([context.signal, AbortSignal.timeout(Math.floor(BUDGET_MS / turns.length))]);
    try {
      return await send(notifier, { ...context, signal });
    } catch (thrown) {
      if (context.signal.aborted || !(thrown instanceof KintsugiError)) throw thrown;
      errors.push([notifier.name, thrown]);
    }
  }
  throw noneTook(errors);
}

function noneTook(errors: [string, KintsugiError][]): KintsugiError {
  const worst = errors.find(([, { retryable }]) => retryable) ?? errors[0];
  const where = 'notifiers.default';
  if (worst === undefined) {
    const fix = 'name one in notifiers.default of the configuration file';
    return new KintsugiError('refused', 'no notifier of notifiers.default takes this', { where, fix });
  }
  const [, { code, retryable, fix, cause }] = worst;
  const words = errors.map(([name, { message }]) => `${name}: ${message}`).join('; ');
  return new KintsugiError(code, words, {
    where: errors.map(([, error]) => error.where).join(', '),
    fix,
    retryable,
    cause,
  });
}
