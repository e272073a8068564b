import { z } from 'zod';
import { messageOf } from '../errors.ts';
import type { Page } from '../recovery/escalation.ts';
import { webAddress } from './address.ts';
import type { MessageContext, NotifierDependencies, NotifierKind } from './notifier.ts';
import { readSecret } from './secret-file.ts';
import { createSlackClient, type Posted, type SlackClient } from './slack/client.ts';
import { isGone } from './slack/faults.ts';
import {
  answeredMessage,
  approvalMessage,
  callMessage,
  hasSteps,
  lineMessage,
  pageMessage,
  resolutionMessage,
  resolvedMessage,
  type SlackMessage,
  stepsMessage,
  updateMessage,
} from './slack/message.ts';

/** What may be spent on a message and the answer in its thread: the activity has 15 s. */
const WHOLE_MS = 14_000;
/** What may be spent on each thing that only goes with what calls people. */
const BESIDE_MS = 3000;
/** Pages whose steps are remembered as told: far more than are open at one time. */
const REMEMBERED = 1000;

export const slackSettings = z.strictObject({
  tokenFile: z.string().min(1).describe('A file with the bot token (`xoxb-...`), whose scope is `chat:write`'),
  channel: z
    .string()
    .trim()
    .min(1)
    .describe('Where pages are posted: the id of the channel (`C...`), or the name of a public one'),
  signingSecretFile: z
    .string()
    .min(1)
    .optional()
    .describe("A file with the app's signing secret: messages then have buttons, and the gateway takes their orders"),
  apiUrl: webAddress.optional().describe('In place of https://slack.com/api/'),
});
export type SlackSettings = z.infer<typeof slackSettings>;

const kind: NotifierKind<SlackSettings> = {
  name: 'slack',
  summary:
    'A Slack message for each page, edited in place, with the steps in its thread, and buttons that lead through the gateway; a later rung is a message of its own that leads to it.',
  settings: slackSettings,
  create(settings, dependencies) {
    const slack = speaker(settings, dependencies);
    const { buttons } = slack;
    const steps = createStepsTeller(slack);
    /** The page's message as it is now, and the news in its thread. */
    const revise = (page: Page, message: SlackMessage, news: SlackMessage, context: MessageContext) =>
      bounded(context, async (bound) => {
        const at = await slack.revise(message, news, bound);
        await steps(page, at, bound);
      });
    return {
      name: dependencies.name,
      reachesPeople: true,
      trigger: (page, context) =>
        bounded(context, async (bound) => {
          const message = pageMessage(page, { buttons });
          const known = await slack.refresh(message, bound);
          // An answer in its thread would wake nobody, and one that is shown in the channel too points there and no more.
          if (known !== null) await slack.post(callMessage(page, await slack.addressOf(known, bound)), bound);
          const at = known ?? (await slack.post(message, bound));
          await steps(page, at, bound);
          return { providerId: idOf(at) };
        }),
      update: (page, context) => revise(page, pageMessage(page, { buttons }), updateMessage(page), context),
      resolve: (page, reason, context) =>
        revise(page, resolvedMessage(page, reason), resolutionMessage(page, reason), context),
      acknowledge: (page, by, context) =>
        revise(page, pageMessage(page, { buttons }), lineMessage({ event: 'acknowledge', page, by }), context),
      ask: (page, approval, context) =>
        bounded(context, async (bound) => {
          return { providerId: idOf(await slack.post(approvalMessage(page, approval, { buttons }), bound)) };
        }),
      answered: (page, approval, answer, context) =>
        bounded(context, (bound) => slack.replace(answeredMessage(page, approval, answer), bound)),
      note: (page, note, context) =>
        bounded(context, async (bound) => {
          await slack.post(lineMessage({ event: 'note', page, note }), bound);
        }),
    };
  },
};

export default kind;

/** What the notifier does by the client. */
interface Speaker {
  buttons: boolean;
  /** A message of its own in the channel: an answer in a thread wakes nobody. */
  post(message: SlackMessage, context: MessageContext): Promise<Posted>;
  /** An answer in a thread, once its message has been taken: whether it was taken, and no more than a word in the log if not. */
  answer(at: Posted, message: SlackMessage, context: MessageContext): Promise<boolean>;
  /**
   * Edits the page's message, if there is one, before people are called by another: where it is, or null where there is none. That it
   * cannot be edited just now keeps nobody from being called.
   */
  refresh(message: SlackMessage, context: MessageContext): Promise<Posted | null>;
  /** The address of a message for people; null where Slack does not say it in time. */
  addressOf(at: Posted, context: MessageContext): Promise<string | null>;
  /** Edits a message in place; one that somebody has deleted needs nothing, one that nobody knows of is answered anew. */
  replace(message: SlackMessage, context: MessageContext): Promise<void>;
  /** Edits the page's message and answers in its thread; without a message to edit, posts it anew. Returns where it is. */
  revise(message: SlackMessage, news: SlackMessage, context: MessageContext): Promise<Posted>;
}

/**
 * Tells the written steps in a page's thread, as soon as they are done by machine: at the page, or by a later message where it
 * came before the diagnosis. Once; a worker that has been started anew may say them again.
 */
function createStepsTeller({ answer }: Speaker): (page: Page, at: Posted, context: MessageContext) => Promise<void> {
  const told = new Set<string>();
  return async (page, at, context) => {
    const thread = idOf(at);
    // Steps that were not possible yet are told again once they were taken.
    const key = page.steps.some(({ pending }) => pending) ? `${thread} pending` : thread;
    if (told.has(key) || told.has(thread) || !hasSteps(page)) return;
    if (!(await answer(at, stepsMessage(page), context))) return;
    if (told.size >= REMEMBERED) told.clear();
    told.add(key);
  };
}

function speaker(
  { tokenFile, channel, apiUrl, signingSecretFile }: SlackSettings,
  { name, log, place }: NotifierDependencies,
): Speaker {
  const where = place('tokenFile');
  const client: SlackClient = createSlackClient({ apiUrl, token: () => readSecret(tokenFile, where), where, log });
  const post: Speaker['post'] = (message, { signal }) => client.post(message, { signal, channel });
  const answer: Speaker['answer'] = async (thread, message, { signal, messageKey }) => {
    try {
      await client.post(message, { signal, channel, thread });
      return true;
    } catch (thrown) {
      log.warn({ notifier: name, messageKey, error: messageOf(thrown) }, 'the answer in the thread was not taken');
      return false;
    }
  };
  return {
    buttons: signingSecretFile !== undefined,
    post,
    answer,
    async refresh(message, { signal, providerId, messageKey }) {
      const at = postedAt(providerId);
      if (at === null) return null;
      try {
        await client.edit(at, message, AbortSignal.any([signal, AbortSignal.timeout(BESIDE_MS)]));
      } catch (thrown) {
        if (isGone(thrown)) return null;
        log.warn({ notifier: name, messageKey, error: messageOf(thrown) }, "the page's message was not edited");
      }
      return at;
    },
    async addressOf(at, { signal, messageKey }) {
      try {
        return await client.permalink(at, AbortSignal.any([signal, AbortSignal.timeout(BESIDE_MS)]));
      } catch (thrown) {
        log.warn({ notifier: name, messageKey, error: messageOf(thrown) }, "the page's message has no known address");
        return null;
      }
    },
    async replace(message, context) {
      const at = postedAt(context.providerId);
      if (at === null) return void (await post(message, context));
      await client.edit(at, message, context.signal).catch((thrown: unknown) => {
        if (!isGone(thrown)) throw thrown;
      });
    },
    async revise(message, news, context) {
      const at = postedAt(context.providerId);
      if (at === null) return post(message, context);
      try {
        await client.edit(at, message, context.signal);
      } catch (thrown) {
        if (!isGone(thrown)) throw thrown;
        return post(message, context);
      }
      await answer(at, news, context);
      return at;
    },
  };
}

/** The page's provider id: the channel by its id, and the message's time stamp. */
function idOf({ channel, ts }: Posted): string {
  return `${channel}/${ts}`;
}

function postedAt(providerId: string | undefined): Posted | null {
  const [, channel, ts] = /^([A-Z0-9]+)\/(\d+\.\d+)$/.exec(providerId ?? '') ?? [];
  return channel === undefined || ts === undefined ? null : { channel, ts };
}

/** Ends what is still under way before the activity does, so that the next notifier has its turn. */
function bounded<T>(context: MessageContext, send: (bound: MessageContext) => Promise<T>): Promise<T> {
  return send({ ...context, signal: AbortSignal.any([context.signal, AbortSignal.timeout(WHOLE_MS)]) });
}
