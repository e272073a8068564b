import { createHash } from 'node:crypto';
import { Context } from '@temporalio/activity';
import { KintsugiError, messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { type MessageContext, mayBeTaken, type Notifier, PartlyTaken } from '../notify/notifier.ts';
import type { Activities } from '../recovery/activities.ts';
import type { EscalateInput, EscalateResult } from '../recovery/escalation.ts';
import { withFailures } from './failure.ts';

/** What escalation needs: the notifiers by name (`createNotifiers`), the log always among them. */
export interface EscalationDependencies {
  notifiers: Readonly<Record<string, Notifier>>;
  log: Logger;
  /** How long one notifier may take, in ms; then the next one has its turn. Each bounds itself below that. */
  patienceMs?: number;
}

/** Below the activity's own time limit: what is tried again by Temporal is only what a dead worker has left. */
const PATIENCE_MS = 14_000;

/**
 * The activity that speaks to people through one notifier (durability 11). It never throws for what a provider answers or
 * does not answer: `taken: false` with the reason lets the workflow go to the next notifier. Whatever the notifier, the
 * message also stands in the log, which by itself is never `taken`.
 */
export function createEscalation({
  notifiers,
  log,
  patienceMs = PATIENCE_MS,
}: EscalationDependencies): Pick<Activities, 'escalate'> {
  return {
    escalate: withFailures(async (given) => {
      const input = withShortKeys(withOwnKey(given));
      const { messageKey, notifier, event, providerId } = input;
      const context: MessageContext = { messageKey, signal: Context.current().cancellationSignal };
      const logNotifier = notifiers.log;
      if (logNotifier !== undefined) await send(logNotifier, input, context);
      const own = providerId === undefined ? context : { ...context, providerId };
      const result = await deliver(notifiers[notifier], input, { ...own, patienceMs });
      if (result.taken && result.error === undefined)
        log.info({ messageKey, notifier, event, providerId: result.providerId }, 'message taken');
      else if (notifier !== 'log') log.error({ messageKey, notifier, event, error: result.error }, 'message not taken');
      return result;
    }),
  };
}

/** What the list is gone through again for under the same key; every other message has a number of its own in its key. */
const SAID_AGAIN: ReadonlySet<EscalateInput['event']> = new Set(['trigger', 'approval', 'answered']);

/**
 * What is said again after half a minute may say more by then. Under the same key a strict receiver would refuse it for its other
 * body, and a lax one drop it: so the key is that of these very words. All of it is one page still, by the page's key.
 */
function withOwnKey(input: EscalateInput): EscalateInput {
  const { event, page, approval, answer, messageKey } = input;
  if (!SAID_AGAIN.has(event)) return input;
  const words = createHash('sha256')
    .update(JSON.stringify([page, approval, answer]))
    .digest('hex');
  return { ...input, messageKey: `${messageKey}/${words.slice(0, 12)}` };
}

/** The longest key that providers take (PagerDuty's `dedup_key`; an Idempotency-Key is usually bounded by the same). */
const LONGEST_KEY = 255;

/** The same key for every message of a page, whatever the length of the target's names (durability 11). */
function withShortKeys(input: EscalateInput): EscalateInput {
  const { page, messageKey } = input;
  return { ...input, page: { ...page, key: shortKey(page.key) }, messageKey: shortKey(messageKey) };
}

function shortKey(key: string): string {
  return key.length > LONGEST_KEY ? `sha256:${createHash('sha256').update(key).digest('hex')}` : key;
}

async function deliver(
  notifier: Notifier | undefined,
  input: EscalateInput,
  { patienceMs, ...context }: MessageContext & { patienceMs: number },
): Promise<EscalateResult> {
  if (notifier === undefined) {
    return { taken: false, error: `there is no notifier "${input.notifier}": its settings are missing` };
  }
  if (!notifier.reachesPeople) return { taken: false, error: `written to the ${notifier.name}, which reaches nobody` };
  const limit = AbortSignal.timeout(patienceMs);
  try {
    const providerId = await sendWithin(limit, notifier, input, context);
    return { taken: true, ...(providerId === undefined ? {} : { providerId }) };
  } catch (thrown) {
    if (context.signal.aborted) throw thrown;
    if (limit.aborted) return { taken: false, error: `timeout: no answer in ${patienceMs / 1000} s`, lost: true };
    const error = thrown instanceof KintsugiError ? `${thrown.code}: ${thrown.message}` : messageOf(thrown);
    if (thrown instanceof PartlyTaken) return { taken: true, error };
    return { taken: false, error, ...(mayBeTaken(thrown) ? { lost: true } : {}) };
  }
}

/** A notifier that does not hear its signal holds nobody up. */
function sendWithin(
  limit: AbortSignal,
  notifier: Notifier,
  input: EscalateInput,
  context: MessageContext,
): Promise<string | undefined> {
  const signal = AbortSignal.any([context.signal, limit]);
  const stopped = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  return Promise.race([send(notifier, input, { ...context, signal }), stopped]);
}

async function send(notifier: Notifier, input: EscalateInput, context: MessageContext): Promise<string | undefined> {
  const { page } = input;
  switch (input.event) {
    case 'trigger':
      return (await notifier.trigger(page, context)).providerId;
    case 'update':
      await notifier.update(page, context);
      return undefined;
    case 'resolve':
      await notifier.resolve(page, input.reason ?? 'recovered', context);
      return undefined;
    case 'approval':
      if (input.approval === undefined) throw missingApproval();
      return (await notifier.ask(page, input.approval, context)).providerId;
    case 'answered':
      if (input.approval === undefined || input.answer === undefined) throw missingApproval();
      await notifier.answered(page, input.approval, input.answer, context);
      return undefined;
    case 'acknowledge':
      if (notifier.acknowledge === undefined) await notifier.update(page, context);
      else await notifier.acknowledge(page, input.actor ?? 'somebody', context);
      return undefined;
    case 'note':
      if (notifier.note === undefined) throw withoutNotes(notifier);
      await notifier.note(page, input.text ?? page.title, context);
      return undefined;
  }
}

function withoutNotes({ name }: Notifier): KintsugiError {
  return new KintsugiError('refused', `${name} takes no message of low urgency`, {
    where: 'escalation.note',
    fix: 'Name a notifier that does: docs/reference/notifiers.md lists them.',
  });
}

function missingApproval(): KintsugiError {
  return new KintsugiError('invalid', 'an approval was to be asked for, or its answer told, without saying which', {
    where: 'escalate',
    fix: 'This is a fault of the workflow: report it.',
  });
}
