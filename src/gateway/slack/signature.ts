import { createHmac, timingSafeEqual } from 'node:crypto';
import { KintsugiError } from '../../errors.ts';

/** A request of Slack's as it came: the signature is over the very bytes of the body. */
export interface SlackRequest {
  signature: string | undefined;
  /** X-Slack-Request-Timestamp: seconds since 1970. */
  timestamp: string | undefined;
  body: string;
}

const VERSION = 'v0';
/** What is older may be a recording that somebody plays back. */
const MOST_AGE_SECONDS = 5 * 60;

/**
 * The app whose secret has signed the request.
 * @param secrets the signing secrets by notifier
 * @throws KintsugiError `forbidden` if none has, or the request is not of this moment
 */
export function signerOf(request: SlackRequest, secrets: ReadonlyMap<string, string>, now: Date): string {
  const { signature, timestamp, body } = request;
  if (signature === undefined || timestamp === undefined || !/^\d{1,12}$/.test(timestamp))
    throw denied('the request is not signed by Slack');
  if (Math.abs(now.getTime() / 1000 - Number(timestamp)) > MOST_AGE_SECONDS)
    throw denied(`the request's time stamp is more than ${MOST_AGE_SECONDS / 60} minutes off`);
  for (const [notifier, secret] of secrets) {
    if (isEqual(signature, signatureOf(timestamp, body, secret))) return notifier;
  }
  throw denied('the signature is not that of a Slack app of this gateway');
}

/** Slack's signature of a body: `v0=<HMAC-SHA256 of "v0:<time stamp>:<body>">`. */
export function signatureOf(timestamp: string, body: string, secret: string): string {
  return `${VERSION}=${createHmac('sha256', secret).update(`${VERSION}:${timestamp}:${body}`).digest('hex')}`;
}

/** In constant time for texts of one length; a signature's length is no secret. */
function isEqual(given: string, right: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(right)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function denied(message: string): KintsugiError {
  return new KintsugiError('forbidden', message, {
    where: 'X-Slack-Signature',
    fix: "set the notifier's signingSecretFile to the app's signing secret, and keep the clocks right",
  });
}
