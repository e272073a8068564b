import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { escaped } from '../../notify/slack/text.ts';
import type { Pressed } from './payload.ts';

/** Slack's own hosts for answers, and that of its government cloud. */
const HOSTS = ['https://hooks.slack.com', 'https://hooks.slack-gov.com'];
const TIMEOUT_MS = 3000;
const PAUSE_MS = 1000;
const MOST = 3000;

/** How what became of a press comes back to Slack. */
export interface Answering {
  /** An address in place of Slack's, where the notifier names one. */
  apiUrl: string | undefined;
  log: Logger;
}

/** Tells the member alone what became of the order. An answer that is lost changes nothing: the recovery tells it too. */
export async function tellMember({ responseUrl }: Pressed, text: string, answering: Answering): Promise<void> {
  const body = { response_type: 'ephemeral', replace_original: false, text: escaped(text, MOST) };
  await respond(responseUrl, body, answering);
}

async function respond(url: string | undefined, body: object, { apiUrl, log }: Answering): Promise<void> {
  if (url === undefined || !isSlacks(url, apiUrl)) {
    log.warn(
      { hasUrl: url !== undefined },
      "the press of a button cannot be answered: it came without Slack's address",
    );
    return;
  }
  for (const last of [false, true]) {
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await response.body?.cancel();
      if (response.ok) return;
      if (last || response.status < 500) {
        log.warn({ status: response.status }, 'Slack did not take the answer to a button');
        return;
      }
    } catch (thrown) {
      if (last) log.warn({ error: messageOf(thrown) }, 'Slack did not take the answer to a button');
    }
    if (!last) await sleep(PAUSE_MS);
  }
}

/** A signed request is Slack's; that its answer stays with Slack costs one line more. */
function isSlacks(url: string, apiUrl: string | undefined): boolean {
  if (!URL.canParse(url)) return false;
  const { origin } = new URL(url);
  return HOSTS.includes(origin) || (apiUrl !== undefined && new URL(apiUrl).origin === origin);
}
