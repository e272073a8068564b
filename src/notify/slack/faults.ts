import { z } from 'zod';
import { type ErrorCode, KintsugiError, messageOf } from '../../errors.ts';
import { type FetchFailure, fetchFailure } from '../../fetch-failure.ts';
import type { Attempt } from '../attempts.ts';

/** That \`fetch\` got no answer, and why. */
export class Unanswered extends Error {
  readonly failure: FetchFailure;

  constructor(thrown: unknown) {
    const failure = fetchFailure(thrown);
    super(failure.reason, { cause: thrown });
    this.failure = failure;
  }
}

/** What the client throws, by shape. */
const thrownShape = z.discriminatedUnion('code', [
  z.object({ code: z.literal('slack_webapi_platform_error'), data: z.object({ error: z.string() }) }),
  z.object({ code: z.literal('slack_webapi_rate_limited_error'), retryAfter: z.number() }),
  z.object({ code: z.literal('slack_webapi_http_error'), statusCode: z.number() }),
  z.object({ code: z.literal('slack_webapi_request_error'), original: z.instanceof(Unanswered) }),
]);

/** Slack's errors as ours; any other is `refused`. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  invalid_auth: 'forbidden',
  not_authed: 'forbidden',
  account_inactive: 'forbidden',
  token_revoked: 'forbidden',
  token_expired: 'forbidden',
  not_allowed_token_type: 'forbidden',
  missing_scope: 'forbidden',
  no_permission: 'forbidden',
  access_denied: 'forbidden',
  accesslimited: 'forbidden',
  ekm_access_denied: 'forbidden',
  org_login_required: 'forbidden',
  team_access_not_granted: 'forbidden',
  enterprise_is_restricted: 'forbidden',
  channel_not_found: 'not-found',
  not_in_channel: 'not-found',
  is_archived: 'not-found',
  message_not_found: 'not-found',
  thread_not_found: 'not-found',
  invalid_blocks: 'invalid',
  invalid_blocks_format: 'invalid',
  msg_blocks_too_long: 'invalid',
  msg_too_long: 'invalid',
  invalid_arguments: 'invalid',
  // Slack has not taken the message, and may later.
  ratelimited: 'unavailable',
  rate_limited: 'unavailable',
  service_unavailable: 'unavailable',
  request_timeout: 'unavailable',
  team_added_to_org: 'unavailable',
};
/** "It's possible some aspect of the operation succeeded before the error was raised." */
const MAY_HAVE_SUCCEEDED = ['fatal_error', 'internal_error'];

const FIXES: Partial<Record<string, string>> = {
  channel_not_found: 'Check `channel`: best is its id (C...), and a private channel must have the app as a member.',
  not_in_channel: 'Invite the app into the channel, or give it the scope chat:write.public.',
  is_archived: 'Name a channel that is in use.',
  missing_scope: 'Give the app the scope chat:write and install it again.',
};
const FIX: Readonly<Record<ErrorCode, string>> = {
  forbidden: 'Check the bot token: the app is installed, with the scope chat:write.',
  'not-found': 'Check that the channel exists and the app is in it.',
  invalid: 'This is a fault of the message: report it.',
  unavailable: 'See https://status.slack.com, and whether the worker reaches Slack.',
  timeout: 'See https://status.slack.com, and whether the worker reaches Slack.',
  refused: 'Look the error up in the documentation of chat.postMessage.',
  conflict: 'Try again.',
};

/** Whether what Slack may have taken already may be sent again: Slack drops no repeat (durability 11). */
export type Repeat = 'sent-twice' | 'same-twice';

/** Why a call of Slack's Web API was not, or may not have been, taken. Nothing of the token is in it. */
export function slackFault(thrown: unknown, where: string, repeat: Repeat): Attempt<never> {
  const fault = (code: ErrorCode, message: string, more: { fix?: string; retryable?: boolean } = {}) =>
    new KintsugiError(code, message, { where, fix: more.fix ?? FIX[code], cause: thrown, ...more });
  const unknown = (code: ErrorCode, message: string) => ({
    error: fault(code, repeat === 'same-twice' ? message : `${message}: the message may be there all the same`, {
      retryable: repeat === 'same-twice',
    }),
  });
  if (thrown instanceof KintsugiError) return { error: thrown };
  const parsed = thrownShape.safeParse(thrown);
  if (!parsed.success) return unknown('unavailable', `Slack's answer cannot be read: ${messageOf(thrown)}`);
  switch (parsed.data.code) {
    case 'slack_webapi_rate_limited_error': {
      const { retryAfter } = parsed.data;
      const error = fault('unavailable', `Slack asks to wait ${retryAfter} s (rate limit)`);
      return { error, retryAfterMs: retryAfter * 1000 };
    }
    case 'slack_webapi_http_error': {
      const { statusCode } = parsed.data;
      const said = `Slack answered ${statusCode}`;
      if (statusCode === 503) return { error: fault('unavailable', said) };
      return statusCode >= 500 ? unknown('unavailable', said) : { error: fault(codeOfStatus(statusCode), said) };
    }
    case 'slack_webapi_request_error': {
      const { timedOut, unsent, reason } = parsed.data.original.failure;
      const said = `Slack gave no answer: ${reason}`;
      return unsent ? { error: fault('unavailable', said) } : unknown(timedOut ? 'timeout' : 'unavailable', said);
    }
    case 'slack_webapi_platform_error': {
      const { error } = parsed.data.data;
      // The client gives a body that is no JSON as the error.
      if (!/^[a-z_]+$/.test(error)) return unknown('unavailable', "Slack's answer is not JSON");
      if (MAY_HAVE_SUCCEEDED.includes(error)) return unknown('unavailable', `Slack answered ${error}`);
      const fix = FIXES[error];
      return { error: fault(codeOf(error), `Slack answered ${error}`, fix === undefined ? {} : { fix }) };
    }
  }
}

/** Whether an edit failed because there is nothing to edit any more: somebody has deleted it, or its time is over. */
export function isGone(thrown: unknown): boolean {
  return (
    thrown instanceof KintsugiError &&
    ['message_not_found', 'cant_update_message', 'edit_window_closed'].some((name) => thrown.message.endsWith(name))
  );
}

function codeOf(error: string): ErrorCode {
  if (error.startsWith('restricted_action')) return 'forbidden';
  return (Object.hasOwn(CODES, error) ? CODES[error] : undefined) ?? 'refused';
}

function codeOfStatus(status: number): ErrorCode {
  if (status === 401 || status === 403) return 'forbidden';
  return status === 404 ? 'not-found' : 'refused';
}
