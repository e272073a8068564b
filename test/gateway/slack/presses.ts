import { signatureOf } from '../../../src/gateway/slack/signature.ts';
import type { ButtonValue } from '../../../src/notify/slack/buttons.ts';

export const SIGNING_SECRET = '8f742231b10e8888abcd99yyyzzz85a5';

/** A member of the workspace presses a button of a message. */
export interface Press {
  value: ButtonValue | string;
  user?: string;
  userTeam?: string;
  responseUrl?: string;
  messageTs?: string;
  actionTs?: string;
  actionId?: string;
  blocks?: object[];
}

/** The body as Slack posts it: the payload as a form. */
export function formOf({ value, user = 'U0ANA', userTeam = 'T0TEAM', ...more }: Press): string {
  const payload = {
    type: 'block_actions',
    api_app_id: 'A0APP',
    token: 'deprecated',
    trigger_id: '1.2.abc',
    team: { id: 'T0TEAM', domain: 'team' },
    user: { id: user, username: 'someone', name: 'someone', team_id: userTeam },
    container: {
      type: 'message',
      message_ts: more.messageTs ?? '1700000000.000100',
      channel_id: 'C0PAGES',
      is_ephemeral: false,
    },
    channel: { id: 'C0PAGES', name: 'pages' },
    message: { type: 'message', ts: '1700000000.000100', text: 'a page', blocks: more.blocks ?? [] },
    ...(more.responseUrl === undefined ? {} : { response_url: more.responseUrl }),
    actions: [
      {
        type: 'button',
        block_id: 'b',
        action_id: more.actionId ?? `kintsugi:${typeof value === 'string' ? 'approve' : value.order}`,
        action_ts: more.actionTs ?? '1700000100.5',
        text: { type: 'plain_text', text: 'Approve' },
        value: typeof value === 'string' ? value : JSON.stringify(value),
      },
    ],
  };
  return new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
}

/** The headers by which Slack signs a body. */
export function signedBy(secret: string, body: string, at: Date): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  return {
    'content-type': 'application/x-www-form-urlencoded',
    'x-slack-request-timestamp': timestamp,
    'x-slack-signature': signatureOf(timestamp, body, secret),
  };
}
