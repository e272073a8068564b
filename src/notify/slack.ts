import { z } from 'zod';
import { messageOf } from '../errors.ts';
import { webAddress } from './address.ts';
import type { MessageContext, NotifierDependencies, NotifierKind } from './notifier.ts';
import { readSecret } from './secret-file.ts';
import { createSlackClient, type Posted, type SlackClient } from './slack/client.ts';
import { isGone } from './slack/faults.ts';
import {
  approvalMessage,
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
    'A Slack message for each page, edited in place, with the steps in its thread, and buttons that lead through the gateway.',
  settings: slackSettings,
  create(settings, dependencies) {
    const slack = speaker(settings, dependencies);
    const { buttons } = slack;
    return {
      name: dependencies.name,
      reachesPeople: true,
      trigger: (page, context) =>
        bounded(context, async (bound) => {
          const at = await slack.post(pageMessage(page, { buttons }), bound);
          await slack.answer(at, stepsMessage(page), bound);
          return { providerId: idOf(at) };
        }),
      update: (page, context) =>
        bounded(context, (bound) => slack.edit(pageMessage(page, { buttons }), updateMessage(page), bound)),
      resolve: (page, reason, context) =>
        bounded(context, (bound) => slack.edit(resolvedMessage(page, reason), resolutionMessage(page, reason), bound)),
      acknowledge: (page, by, context) =>
        bounded(context, (bound) =>
          slack.edit(pageMessage(page, { buttons }), lineMessage({ event: 'acknowledge', page, by }), bound),
        ),
      ask: (page, approval, context) =>
        bounded(context, async (bound) => {
          await slack.post(approvalMessage(page, approval, { buttons }), bound, { broadcast: true });
        }),
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
  /** A message of its own; in the page's thread where there is a page. */
  post(message: SlackMessage, context: MessageContext, options?: { broadcast: boolean }): Promise<Posted>;
  /** An answer in a thread, once its message has been taken: that it is missing takes nothing back. */
  answer(at: Posted, message: SlackMessage, context: MessageContext): Promise<void>;
  /** Edits the page's message and answers in its thread; without a message to edit, posts it anew. */
  edit(message: SlackMessage, news: SlackMessage, context: MessageContext): Promise<void>;
}

function speaker(
  { tokenFile, channel, apiUrl, signingSecretFile }: SlackSettings,
  { name, log, place }: NotifierDependencies,
): Speaker {
  const where = place('tokenFile');
  const client: SlackClient = createSlackClient({ apiUrl, token: () => readSecret(tokenFile, where), where, log });
  const post: Speaker['post'] = (message, { signal, providerId }, options) => {
    const thread = postedAt(providerId);
    return client.post(message, { signal, channel, ...(thread === null ? {} : { thread }), ...options });
  };
  const answer: Speaker['answer'] = async (thread, message, { signal, messageKey }) => {
    try {
      await client.post(message, { signal, channel, thread });
    } catch (thrown) {
      log.warn({ notifier: name, messageKey, error: messageOf(thrown) }, 'the answer in the thread was not taken');
    }
  };
  return {
    buttons: signingSecretFile !== undefined,
    post,
    answer,
    async edit(message, news, context) {
      const at = postedAt(context.providerId);
      const { providerId: _, ...afresh } = context;
      if (at === null) {
        await post(message, afresh);
        return;
      }
      try {
        await client.edit(at, message, context.signal);
      } catch (thrown) {
        if (!isGone(thrown)) throw thrown;
        await post(message, afresh);
        return;
      }
      await answer(at, news, context);
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
