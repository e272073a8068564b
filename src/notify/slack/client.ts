import type { Logger as SlackLogger, WebClient } from '@slack/web-api';
import { z } from 'zod';
import type { Logger } from '../../log.ts';
import { type Attempt, repeatedly } from '../attempts.ts';
import { slackFault, Unanswered } from './faults.ts';
import type { SlackMessage } from './message.ts';

/** Where a message is, once Slack has it: an edit needs the channel's id, which its name does not do for. */
export interface Posted {
  channel: string;
  ts: string;
}

/** Slack's Web API as far as pages need it. */
export interface SlackClient {
  /**
   * Posts a message. Slack drops no repeat, so only what it certainly did not take is tried again; where the answer was lost the
   * error is not retryable, and says so.
   */
  post(message: SlackMessage, options: PostOptions): Promise<Posted>;
  /** Edits a message in place, which comes to the same when it is done twice. */
  edit(at: Posted, message: SlackMessage, signal: AbortSignal): Promise<void>;
  /** The address of a message for people; asked once, for it is told beside what matters. */
  permalink(at: Posted, signal: AbortSignal): Promise<string>;
}

export interface PostOptions {
  signal: AbortSignal;
  /** The channel, by id or name; a thread's message has the channel of its thread. */
  channel: string;
  thread?: Posted;
}

export interface ClientSettings {
  apiUrl: string | undefined;
  /** Read anew for each message. */
  token(): string;
  /** The setting that an error names. */
  where: string;
  log: Logger;
}

const linked = z.object({ permalink: z.url() });
const posted = z.object({ channel: z.string().min(1), ts: z.string().min(1) });

/** A page links to places that must not be shown as previews of their own. */
const QUIET = { unfurl_links: false, unfurl_media: false } as const;

export function createSlackClient(settings: ClientSettings): SlackClient {
  const { where } = settings;
  return {
    post: ({ text, blocks }, { signal, channel, thread }) =>
      repeatedly(signal, (trySignal) =>
        attempt(where, 'sent-twice', async () => {
          const client = await webClient(settings, trySignal);
          const place = {
            channel: thread?.channel ?? channel,
            ...(thread === undefined ? {} : { thread_ts: thread.ts }),
          };
          return posted.parse(await client.chat.postMessage({ ...place, text, blocks, ...QUIET }));
        }),
      ),
    edit: ({ channel, ts }, { text, blocks }, signal) =>
      repeatedly(signal, (trySignal) =>
        attempt(where, 'same-twice', async () => {
          await (await webClient(settings, trySignal)).chat.update({ channel, ts, text, blocks });
        }),
      ),
    permalink: async ({ channel, ts }, signal) => {
      const { chat } = await webClient(settings, signal);
      return linked.parse(await chat.getPermalink({ channel, message_ts: ts })).permalink;
    },
  };
}

async function attempt<T>(
  where: string,
  repeat: 'sent-twice' | 'same-twice',
  call: () => Promise<T>,
): Promise<Attempt<T>> {
  try {
    return { taken: await call() };
  } catch (thrown) {
    return slackFault(thrown, where, repeat);
  }
}

/**
 * A client for one call. Its own retries are off (they last half an hour), and it does not wait for a rate limit: how long a
 * message may take is decided here. What it would log goes with our log, at the level of its details.
 */
async function webClient({ apiUrl, token, log }: ClientSettings, signal: AbortSignal): Promise<WebClient> {
  // Loaded by whoever sends, and not by every process that reads the configuration.
  const { LogLevel, WebClient: Client } = await import('@slack/web-api');
  return new Client(token(), {
    ...(apiUrl === undefined ? {} : { slackApiUrl: apiUrl }),
    allowAbsoluteUrls: false,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    // Judged here: the client keeps no more than the text of some errors.
    fetch: (url, init) =>
      fetch(url, { ...init, signal }).catch((thrown: unknown) => Promise.reject(new Unanswered(thrown))),
    logger: quietLogger(log, LogLevel.ERROR),
  });
}

function quietLogger(log: Logger, level: ReturnType<SlackLogger['getLevel']>): SlackLogger {
  const debug = (...said: unknown[]) => log.trace({ slack: said.map(String).join(' ') }, 'the Slack client');
  return {
    debug: () => undefined,
    info: debug,
    warn: debug,
    error: debug,
    setLevel: () => undefined,
    getLevel: () => level,
    setName: () => undefined,
  };
}
