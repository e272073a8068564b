import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type ErrorCode, KintsugiError } from '../errors.ts';
import { fetchFailure } from '../fetch-failure.ts';
import type { MessageContext, NotifierKind } from './notifier.ts';
import { type PageMessage, webhookBody } from './page.ts';

/** At most three tries of 4 s each and their pauses: under 15 s, then the next notifier has its turn. */
const TRIES = 3;
const TIMEOUT_MS = 4000;
const PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 1000;

const answer = z.object({ id: z.string().min(1) });

const kind: NotifierKind = {
  name: 'webhook',
  summary: 'Posts the page as JSON to KINTSUGI_WEBHOOK_URL, with an Idempotency-Key.',
  create({ webhookUrl, webhookSecret }) {
    if (webhookUrl === undefined) return null;
    const post = (message: PageMessage, context: MessageContext): Promise<string | undefined> =>
      postRepeatedly({ url: webhookUrl, secret: webhookSecret, message, context });
    return {
      name: 'webhook',
      reachesPeople: true,
      async trigger(page, context) {
        return { providerId: (await post({ event: 'trigger', page }, context)) ?? page.key };
      },
      async update(page, context) {
        await post({ event: 'update', page }, context);
      },
      async resolve(page, reason, context) {
        await post({ event: 'resolve', page, reason }, context);
      },
      async ask(page, approval, context) {
        await post({ event: 'approval', page, approval }, context);
      },
      async acknowledge(page, by, context) {
        await post({ event: 'acknowledge', page, by }, context);
      },
      async note(page, note, context) {
        await post({ event: 'note', page, note }, context);
      },
    };
  },
};

export default kind;

interface Post {
  url: string;
  secret: string | undefined;
  message: PageMessage;
  context: MessageContext;
}

/**
 * Posts until a 2xx takes the message. Overload, server faults and lost answers are tried again: the Idempotency-Key lets the
 * receiver drop a repeat (durability 11). Any other answer is final. Returns the receiver's own id, if its answer has one.
 */
async function postRepeatedly(post: Post): Promise<string | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await postOnce(post);
    } catch (thrown) {
      const retryable = thrown instanceof KintsugiError && thrown.retryable;
      if (!retryable || attempt === TRIES || post.context.signal.aborted) throw thrown;
    }
    await sleep(Math.min(PAUSE_MS * attempt, LONGEST_PAUSE_MS), undefined, { signal: post.context.signal });
  }
}

async function postOnce({ url, secret, message, context }: Post): Promise<string | undefined> {
  const body = JSON.stringify(webhookBody(message, context.messageKey));
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'idempotency-key': context.messageKey,
      ...(secret === undefined ? {} : { 'x-kintsugi-signature': signatureOf(body, secret) }),
    },
    body,
    // A page holds evidence: it goes where the configuration says and nowhere else.
    redirect: 'manual',
    signal,
  }).catch((thrown: unknown) => {
    throw unanswered(thrown);
  });
  if (response.ok) return idOf(await response.text().catch(() => ''));
  await response.body?.cancel().catch(() => undefined);
  throw refusal(response.status);
}

/** `sha256=<hex>` of the body, keyed with KINTSUGI_WEBHOOK_SECRET. */
function signatureOf(body: string, secret: string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}

function idOf(text: string): string | undefined {
  try {
    return answer.safeParse(JSON.parse(text)).data?.id;
  } catch {
    return undefined;
  }
}

function unanswered(thrown: unknown): KintsugiError {
  const { timedOut, reason } = fetchFailure(thrown);
  return new KintsugiError(timedOut ? 'timeout' : 'unavailable', `the webhook gave no answer: ${reason}`, {
    where: 'KINTSUGI_WEBHOOK_URL',
    fix: 'Check that the receiver runs and can be reached from the worker.',
    cause: thrown,
  });
}

const REFUSALS: Partial<Record<number, ErrorCode>> = {
  401: 'forbidden',
  403: 'forbidden',
  404: 'not-found',
  408: 'timeout',
  429: 'unavailable',
};

function refusal(status: number): KintsugiError {
  const code = REFUSALS[status] ?? (status >= 500 ? 'unavailable' : 'refused');
  return new KintsugiError(code, `the webhook answered ${status}`, {
    where: 'KINTSUGI_WEBHOOK_URL',
    fix:
      code === 'unavailable'
        ? 'See why the receiver cannot take it now.'
        : 'Check the address and what the receiver accepts.',
  });
}
